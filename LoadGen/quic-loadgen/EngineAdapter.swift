import LoadModel

/// The one place that knows the engine.
struct EngineAdapter: LoadRunning {
    /// There is no engine yet.
    struct EngineMissing: Error, CustomStringConvertible {
        let description = "the load engine is not part of this build"
    }

    private let target: String

    /// An engine aimed at `target`, an address and port.
    init(target: String) throws(TextValueError) {
        guard let colon = target.lastIndex(of: ":"), UInt16(target[target.index(after: colon)...]) != nil else {
            throw TextValueError(text: target, kind: "a target", accepted: "ADDRESS:PORT, such as 127.0.0.1:4433")
        }
        self.target = target
    }

    func run(
        scenario: LoadScenario,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        throw EngineMissing()
    }
}
