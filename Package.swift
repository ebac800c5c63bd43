// swift-tools-version: 6.2
import PackageDescription

#if canImport(Glibc)
import Glibc
#endif

// Warnings are errors where CI is set (`scripts/test` sets it), not on a user's newer compiler.
let strictness: [SwiftSetting] =
    Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        // The other side of the measurement of accounting, in Benchmarks. Never part of a shipped build.
        .define("WITHOUT_ACCOUNTING", .when(traits: ["WithoutAccounting"])),
    ] + strictness

// Tests in virtual time spend their time in these. `scripts/test` sets the variable for its build of the tests, which takes a
// minute longer and saves three; whoever debugs one builds without.
let optimisedModules: Set<String> =
    Context.environment["QUICHARNESS_OPTIMISED_TESTS"] == nil
    ? []
    : [
        "BoundedMemory", "Datagrams", "FaultInjection", "InjectedFaults", "QUICEndpoint", "QUICPackets", "QUICTLS",
        "QUICTesting", "QUICTransport", "Qlog",
    ]

/// A target of ours, with the settings all of them share.
func module(_ name: String, in folder: String = "Sources", uses dependencies: [Target.Dependency]) -> Target {
    let optimisation: [SwiftSetting] =
        optimisedModules.contains(name) ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []
    return .target(
        name: name,
        dependencies: dependencies,
        path: "\(folder)/\(name)",
        swiftSettings: settings + optimisation
    )
}

func executable(_ name: String, in folder: String, uses dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "\(folder)/\(name)", swiftSettings: settings)
}

func tests(of name: String, uses dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: dependencies,
        path: "Tests/\(name)Tests",
        swiftSettings: settings
    )
}

/// A product of another package, which a package that depends on this one resolves only with `trait`.
///
/// Each needs one: a package stays out of a resolution if no target uses it without a trait. One trait a product, because
/// SwiftPM 6.2 asks for all of several, and 6.3 for any.
func product(_ name: String, of package: String, with trait: String) -> Target.Dependency {
    .product(name: name, package: package, condition: .when(traits: [trait]))
}

let argumentParser = product("ArgumentParser", of: "swift-argument-parser", with: "Tools")
let flyingFox = product("FlyingFox", of: "FlyingFox", with: "Tools")
let flyingSocks = product("FlyingSocks", of: "FlyingFox", with: "Tools")
let histogram = product("Histogram", of: "hdrhistogram-swift", with: "Tools")
let logging = product("Logging", of: "swift-log", with: "Logging")
let inMemoryLogging = product("InMemoryLogging", of: "swift-log", with: "Logging")
let metrics = product("Metrics", of: "swift-metrics", with: "Metrics")
let metricsTestKit = product("MetricsTestKit", of: "swift-metrics", with: "Metrics")
let serviceLifecycle = product("ServiceLifecycle", of: "swift-service-lifecycle", with: "ServiceLifecycle")
let serviceLifecycleTestKit = product(
    "ServiceLifecycleTestKit",
    of: "swift-service-lifecycle",
    with: "ServiceLifecycle"
)
let unixSignals = product("UnixSignals", of: "swift-service-lifecycle", with: "ServiceLifecycle")

/// Whether pkg-config finds libcrypto in one of its usual folders.
let hasLibcrypto: Bool = {
    #if canImport(Glibc)
    let machines = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map { "/usr/lib/\($0)" }
    let folders = machines + ["/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib"]
    return folders.contains { access("\($0)/pkgconfig/libcrypto.pc", R_OK) == 0 }
    #else
    return false
    #endif
}()

// On in this repository, for all that is built here; a package that depends on it says which it wants, or `traits: []`.
let defaultTraits: Set<String> = hasLibcrypto ? ["Tools", "Metrics", "OpenSSL"] : ["Tools", "Metrics"]

let package = Package(
    name: "QUICHarness",
    products: [
        .library(name: "QUICServer", targets: ["QUICServer"]),
        .library(name: "QUICClient", targets: ["QUICClient"]),
        .library(name: "QUICAsync", targets: ["QUICAsync"]),
        .library(name: "QUICEndpoint", targets: ["BoundedMemory", "Datagrams", "QUICEndpoint", "QUICTransport"]),
        .library(name: "EchoService", targets: ["EchoService"]),
        .library(name: "QUICLogging", targets: ["QUICLogging"]),
        .library(name: "QUICMetrics", targets: ["QUICMetrics"]),
        .library(name: "QUICServiceLifecycle", targets: ["QUICServiceLifecycle"]),
        .executable(name: "quic-echo-server", targets: ["quic-echo-server"]),
        .executable(name: "quic-loadgen", targets: ["quic-loadgen"]),
    ],
    traits: [
        .default(enabledTraits: defaultTraits),
        .trait(
            name: "Tools",
            description: "The executables, the load generator and what tests them.",
            enabledTraits: ["Logging", "ServiceLifecycle"]
        ),
        .trait(name: "Logging", description: "QUICLogging: metadata of connections for swift-log."),
        .trait(name: "Metrics", description: "QUICMetrics: a server's statistics through swift-metrics."),
        .trait(name: "ServiceLifecycle", description: "QUICServiceLifecycle: servers in a ServiceGroup."),
        .trait(
            name: "OpenSSL",
            description: "Signs handshakes with OpenSSL's libcrypto where a key is of P-256: in half the time."
        ),
        .trait(
            name: "NegativeControls",
            description: "Lets an environment variable break the memory promise, so that tests see their checks fail.",
            enabledTraits: defaultTraits
        ),
        .trait(
            name: "WithoutAccounting",
            description: "Takes memory without charging for it, so that Benchmarks can say what charging costs."
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CNgtcp2",
            path: "Sources/CNgtcp2",
            pkgConfig: "libngtcp2_crypto_gnutls",
            providers: [.apt(["libngtcp2-dev", "libngtcp2-crypto-gnutls-dev", "libgnutls28-dev"])]
        ),
        .systemLibrary(
            name: "COpenSSL",
            path: "Sources/COpenSSL",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]
        ),
        .target(name: "CShims", path: "Sources/CShims"),

        module("BoundedMemory", uses: ["CShims"]),
        module("Datagrams", uses: []),
        // Breaks the promise on purpose, for the tests that must then fail. No shipped build links the faults: docs/testing.md,
        // "Negative controls".
        module(
            "FaultInjection",
            uses: ["Datagrams", .target(name: "InjectedFaults", condition: .when(traits: ["NegativeControls"]))]
        ),
        module("InjectedFaults", in: "Tests", uses: ["Datagrams"]),
        module("QUICPackets", uses: ["BoundedMemory", "Datagrams", "CNgtcp2"]),
        module("Qlog", uses: ["BoundedMemory", "QUICPackets", "CNgtcp2"]),
        module(
            "QUICTLS",
            uses: [
                "BoundedMemory", "Datagrams", "QUICPackets", "CNgtcp2", "CShims",
                .target(name: "COpenSSL", condition: .when(traits: ["OpenSSL"])),
            ]
        ),
        module(
            "QUICTransport",
            uses: [
                "BoundedMemory", "Datagrams", "FaultInjection", "QUICPackets", "QUICTLS", "Qlog", "CNgtcp2", "CShims",
            ]
        ),
        module("QUICEndpoint", uses: ["BoundedMemory", "Datagrams", "FaultInjection", "QUICTransport"]),
        module("DatagramIO", uses: ["Datagrams", "FaultInjection", "CShims"]),
        module(
            "QUICWorkers",
            uses: ["BoundedMemory", "DatagramIO", "Datagrams", "QUICEndpoint", "QUICTransport", "TextValues"]
        ),
        module(
            "QUICServer",
            uses: [
                "BoundedMemory", "CShims", "DatagramIO", "Datagrams", "FaultInjection", "QUICEndpoint",
                "QUICTransport", "QUICWorkers",
            ]
        ),
        module(
            "QUICClient",
            uses: ["BoundedMemory", "DatagramIO", "Datagrams", "QUICEndpoint", "QUICTransport", "QUICWorkers"]
        ),
        module("QUICAsync", uses: ["Datagrams", "QUICClient", "QUICServer", "QUICTransport", "QUICWorkers"]),
        module("EchoService", uses: ["QUICServer"]),
        module("QUICLogging", uses: ["QUICEndpoint", "QUICServer", "QUICTransport", logging]),
        module("QUICMetrics", uses: ["BoundedMemory", "QUICEndpoint", "QUICServer", "QUICTransport", metrics]),
        module("QUICServiceLifecycle", uses: ["QUICAsync", "QUICServer", serviceLifecycle]),
        module("TextValues", uses: []),
        module("CommandLineValues", uses: ["TextValues", argumentParser]),
        module(
            "EchoServerKit",
            uses: [
                "BoundedMemory", "CommandLineValues", "Datagrams", "EchoService", "QUICEndpoint", "QUICServer",
                "QUICTransport", "TextValues", argumentParser,
            ]
        ),
        executable(
            "quic-echo-server",
            in: "Sources",
            uses: [
                "CommandLineValues", "Datagrams", "EchoServerKit", "FaultInjection", "QUICEndpoint", "QUICServer",
                "QUICServiceLifecycle", "QUICTransport", "TextValues", argumentParser, flyingFox,
                flyingSocks, logging, serviceLifecycle, unixSignals,
            ]
        ),

        module("ChatRoom", in: "Examples", uses: ["QUICServer"]),
        tests(
            of: "ChatRoom",
            uses: [
                "BoundedMemory", "ChatRoom", "Datagrams", "QUICEndpoint", "QUICServer", "QUICTesting", "QUICTransport",
            ]
        ),
        // The code of the documentation: scripts/docs sees that it is the same.
        module(
            "Articles",
            in: "Examples",
            uses: [
                "BoundedMemory", "EchoService", "QUICAsync", "QUICClient", "QUICEndpoint", "QUICLogging", "QUICMetrics",
                "QUICServer",
                "QUICServiceLifecycle", logging, serviceLifecycle, unixSignals,
            ]
        ),
        tests(
            of: "Articles",
            uses: [
                "QUICAsync", "QUICClient", "QUICEndpoint", "QUICServer", "QUICTesting", "QUICTransport", "Articles",
                inMemoryLogging,
                logging, serviceLifecycle,
            ]
        ),

        module("LoadModel", in: "LoadGen", uses: ["TextValues", histogram]),
        module("PacketWriter", in: "LoadGen", uses: ["CNgtcp2", "QUICTransport"]),
        module(
            "LoadEngine",
            in: "LoadGen",
            uses: [
                "BoundedMemory", "CShims", "DatagramIO", "Datagrams", "LoadModel", "PacketWriter", "QUICEndpoint",
                "QUICTransport",
            ]
        ),
        executable(
            "quic-loadgen",
            in: "LoadGen",
            uses: ["CommandLineValues", "Datagrams", "LoadEngine", "LoadModel", "TextValues", argumentParser]
        ),

        module("SeededRandom", in: "Tests", uses: []),
        module("PathRelay", in: "Tests", uses: ["DatagramIO", "Datagrams", "SeededRandom", "TextValues"]),
        executable(
            "path-relay",
            in: "Tests",
            uses: ["CommandLineValues", "DatagramIO", "Datagrams", "PathRelay", "TextValues", argumentParser]
        ),
        tests(of: "PathRelay", uses: ["Datagrams", "PathRelay", "SeededRandom", "TextValues"]),
        module(
            "QUICTesting",
            in: "Tests",
            uses: [
                "BoundedMemory", "CNgtcp2", "DatagramIO", "Datagrams", "PacketWriter", "QUICEndpoint", "QUICTransport",
                "SeededRandom", "TextValues",
            ]
        ),
        executable(
            "life-simulation",
            in: "Tests",
            uses: [
                "BoundedMemory", "EchoService", "FaultInjection", "QUICEndpoint", "QUICServer", "QUICTesting",
                "QUICTransport", argumentParser,
            ]
        ),
        executable("kept-handles", in: "Tests", uses: ["QUICAsync", "QUICClient", "QUICServer"]),
        module(
            "MemoryContract",
            in: "Tests",
            uses: [
                "BoundedMemory", "CShims", "Datagrams", "LoadModel", "QUICEndpoint", "QUICServer", "QUICTesting",
                "QUICTransport",
                "TextValues",
            ]
        ),
        executable(
            "memory-contract",
            in: "Tests",
            uses: ["EchoService", "LoadModel", "MemoryContract", argumentParser]
        ),
        module(
            "FuzzTargets",
            in: "Tests",
            uses: [
                "BoundedMemory", "Datagrams", "EchoService", "LoadModel", "PacketWriter", "QUICEndpoint", "QUICTesting",
                "QUICTransport", "TextValues",
            ]
        ),
        tests(of: "FuzzTargets", uses: ["FuzzTargets"]),
        tests(of: "BoundedMemory", uses: ["BoundedMemory", "CShims", "QUICTesting"]),
        tests(of: "Datagrams", uses: ["Datagrams"]),
        tests(of: "QUICPackets", uses: ["BoundedMemory", "Datagrams", "QUICPackets", "SeededRandom"]),
        tests(of: "QUICTLS", uses: ["CNgtcp2", "QUICPackets", "QUICTLS"]),
        tests(of: "DatagramIO", uses: ["DatagramIO", "Datagrams"]),
        tests(
            of: "EchoServerKit",
            uses: [
                "BoundedMemory", "Datagrams", "EchoServerKit", "LoadModel", "QUICEndpoint", "QUICServer",
                "QUICTransport", "TextValues", argumentParser,
            ]
        ),
        tests(of: "LoadEngine", uses: ["Datagrams", "LoadEngine", "LoadModel", "PacketWriter", "SeededRandom"]),
        tests(of: "LoadModel", uses: ["LoadModel", "TextValues"]),
        tests(
            of: "MemoryContract",
            uses: ["BoundedMemory", "EchoService", "LoadModel", "MemoryContract", "QUICTransport"]
        ),
        tests(
            of: "QUICEndpoint",
            uses: [
                "BoundedMemory", "CNgtcp2", "Datagrams", "EchoService", "PacketWriter", "QUICEndpoint", "QUICServer",
                "QUICTesting", "QUICTransport", "SeededRandom",
            ]
        ),
        tests(
            of: "QUICServer",
            uses: [
                "DatagramIO", "Datagrams", "EchoService", "QUICEndpoint", "QUICServer", "QUICTesting", "QUICTransport",
                "QUICWorkers",
            ]
        ),
        tests(
            of: "QUICClient",
            uses: ["DatagramIO", "Datagrams", "QUICClient", "QUICTesting", "QUICTransport", "QUICWorkers"]
        ),
        tests(
            of: "QUICAsync",
            uses: [
                "BoundedMemory", "DatagramIO", "Datagrams", "QUICAsync", "QUICClient", "QUICEndpoint", "QUICServer",
                "QUICTesting",
                "QUICTransport", "SeededRandom",
            ]
        ),
        // Logging, metrics and lifecycle, as a server's process uses them.
        tests(
            of: "Integration",
            uses: [
                "BoundedMemory", "Datagrams", "EchoService", "QUICAsync", "QUICEndpoint", "QUICLogging", "QUICMetrics",
                "QUICServer", "QUICServiceLifecycle", "QUICTesting", "QUICTransport", inMemoryLogging, logging, metrics,
                metricsTestKit, serviceLifecycle, serviceLifecycleTestKit,
            ]
        ),
        tests(of: "QUICTransport", uses: ["BoundedMemory", "CNgtcp2", "Datagrams", "QUICTesting", "QUICTransport"]),
        // They start the executables, which scripts/test builds.
        tests(
            of: "Process",
            uses: [
                "DatagramIO", "Datagrams", "EchoService", "LoadModel", "QUICAsync", "QUICClient", "QUICEndpoint",
                "QUICServer", "QUICTesting",
                "QUICTransport",
            ]
        ),
        tests(of: "TextValues", uses: ["TextValues"]),
    ]
)

// libFuzzer brings its own `main`, so this is no executable for any other build: scripts/fuzz.
if Context.environment["QUICHARNESS_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: ["FuzzTargets"],
            path: "Tests/fuzz",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
