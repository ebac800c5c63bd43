import Foundation
import Testing

extension RealProcesses {
    /// The helper that the tests of processes wait with.
    @Suite struct RunningProgramTests {
        @Test func aLineThatDoesNotComeIsNamedWithThoseThatCame() async throws {
            let shell = URL(fileURLWithPath: "/bin/sh")
            let program = try RunningProgram(shell, ["-c", "echo listening on a port; sleep 60"])
            #expect(try await program.line(startingWith: "listening on ") == "a port")
            let failure = await #expect(throws: RunningProgram.Failure.self) {
                try await program.line(startingWith: "admin on ", within: 0.2)
            }
            #expect(failure?.description == "sh has not said 'admin on ' within 0.2 s\nlistening on a port\n")
        }
    }
}
