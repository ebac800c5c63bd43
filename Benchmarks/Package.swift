// swift-tools-version: 6.2
import PackageDescription

// As in the main package: warnings are errors where CI is set.
let strictness: [SwiftSetting] =
    Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

// A package of its own, so that nothing here is part of what users of the library build.
let package = Package(
    name: "Benchmarks",
    traits: [
        .trait(
            name: "WithoutAccounting",
            description: "Builds the other side of the accounting benchmark: the same code, charging for nothing."
        )
    ],
    dependencies: [
        .package(
            name: "QUICHarness",
            path: "..",
            traits: [.trait(name: "WithoutAccounting", condition: .when(traits: ["WithoutAccounting"]))]
        )
    ],
    targets: [
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                .product(name: "EchoService", package: "QUICHarness"),
                .product(name: "QUICEndpoint", package: "QUICHarness"),
                .product(name: "QUICServer", package: "QUICHarness"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .strictMemorySafety(),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ] + strictness
        )
    ]
)
