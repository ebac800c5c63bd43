import Foundation
import FuzzTargets
import Testing

/// Inputs of Tests/FuzzCorpora: seeds of every kind of step, and each that once broke a promise.
@Suite struct FuzzCorporaTests {
    @Test(arguments: FuzzTarget.allCases)
    func noKnownInputBreaksAPromise(of target: FuzzTarget) throws {
        let inputs = try FileManager.default.contentsOfDirectory(
            at: folder(of: target),
            includingPropertiesForKeys: nil
        )
        #expect(inputs.count >= 3)
        for input in inputs {
            let bytes = [UInt8](try Data(contentsOf: input))
            #expect(throws: Never.self, "\(input.lastPathComponent)") { try target.run(bytes) }
        }
    }

    /// What libFuzzer tries first.
    @Test(arguments: FuzzTarget.allCases)
    func emptyAndTinyInputsAreNothingSpecial(of target: FuzzTarget) throws {
        for input in [[], [0], [0xff], [UInt8](repeating: 0xff, count: 40)] {
            #expect(throws: Never.self, "\(input)") { try target.run(input) }
        }
    }

    private func folder(of target: FuzzTarget) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "FuzzCorpora").appending(path: target.rawValue)
    }
}
