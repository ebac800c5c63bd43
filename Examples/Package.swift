// swift-tools-version: 6.2
import PackageDescription

/// An example is a program of one file. `swift run --package-path Examples echo` starts the first.
func example(_ name: String, in folder: String, uses products: [String] = ["QUICAsync"], and targets: [String] = [])
    -> Target
{
    .executableTarget(
        name: name,
        dependencies: products.map { .product(name: $0, package: "QUICHarness") } + targets.map { .target(name: $0) },
        path: folder,
        swiftSettings: [.swiftLanguageMode(.v6)]
    )
}

let package = Package(
    name: "Examples",
    // `traits: []` keeps the packages of the executables out: docs/dependencies.md.
    dependencies: [.package(name: "QUICHarness", path: "..", traits: [])],
    targets: [
        example("echo", in: "Echo"),
        example("key-value", in: "KeyValue"),
        example("file-server", in: "FileServer"),
        example("telemetry", in: "Telemetry"),
        example("pooled-client", in: "PooledClient"),
        example("chat-server", in: "ChatServer", uses: ["QUICServer"], and: ["ChatRoom"]),
        .target(
            name: "ChatRoom",
            dependencies: [.product(name: "QUICServer", package: "QUICHarness")],
            path: "ChatRoom",
            swiftSettings: [.swiftLanguageMode(.v6)]
        ),
        .testTarget(
            name: "ExamplesTests",
            dependencies: [.product(name: "QUICAsync", package: "QUICHarness")],
            path: "Tests/ExamplesTests",
            swiftSettings: [.swiftLanguageMode(.v6)]
        ),
    ]
)
