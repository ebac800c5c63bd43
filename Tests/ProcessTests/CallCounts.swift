import Foundation

/// The calls that a program has made into the allocator, Swift's runtime and the system, as Tests/interposition/counters.c counts
/// them.
struct CallCounts {
    /// The library that counts them in a program which starts with ``environment``.
    ///
    /// Owns: a folder with the library and the counts. Released by: `deinit`.
    final class Counter {
        private let folder: TemporaryFolder

        /// Builds the library.
        init() async throws {
            folder = try TemporaryFolder()
            let options = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", folder.path("counters.so")]
            let source = try Programs.part("interposition/counters.c").path
            let clang = URL(filePath: "/usr/bin/env")
            let ending = try await RunningProgram(clang, ["clang"] + options + [source]).ending()
            guard ending.status == 0 else {
                throw RunningProgram.Failure(description: "the counting library was not built\n\(ending.errors)")
            }
        }

        /// With which a program counts.
        var environment: [String: String] {
            ["LD_PRELOAD": folder.path("counters.so"), "QUICHARNESS_CALL_COUNTS": folder.path("counts")]
        }

        /// The calls until now.
        func read() throws -> CallCounts {
            let bytes = try Data(contentsOf: folder.url.appending(path: "counts"))
            let numbers = (0..<6).map { index in
                bytes.dropFirst(index * 8).prefix(8).reversed().reduce(0.0) { $0 * 256 + Double($1) }
            }
            return CallCounts(
                allocations: numbers[0],
                retains: numbers[1],
                accesses: numbers[2],
                receives: numbers[3],
                sends: numbers[4],
                waits: numbers[5]
            )
        }
    }

    var allocations: Double
    var retains: Double
    var accesses: Double
    var receives: Double
    var sends: Double
    var waits: Double

    static func - (later: CallCounts, earlier: CallCounts) -> CallCounts {
        CallCounts(
            allocations: later.allocations - earlier.allocations,
            retains: later.retains - earlier.retains,
            accesses: later.accesses - earlier.accesses,
            receives: later.receives - earlier.receives,
            sends: later.sends - earlier.sends,
            waits: later.waits - earlier.waits
        )
    }

    static func / (counts: CallCounts, number: Double) -> CallCounts {
        CallCounts(
            allocations: counts.allocations / number,
            retains: counts.retains / number,
            accesses: counts.accesses / number,
            receives: counts.receives / number,
            sends: counts.sends / number,
            waits: counts.waits / number
        )
    }
}
