package import QUICServer
internal import TextValues

extension MemoryPlan {
    /// The limit on all connections and its origin, for the log.
    package var sentence: String {
        let bytes = ByteCountText.readable(memoryBytesLimit)
        let part = memoryLimitSource == .configuration ? "as of" : "a quarter of"
        return "connections may hold \(bytes) in all, \(part) \(memoryLimitSource.optionText)"
    }
}

extension MemoryLimitSource {
    /// The origin in words, with the option in place of the configuration.
    var optionText: String { self == .configuration ? "--memory-limit" : description }
}
