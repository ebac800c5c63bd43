/// Why a run could not be carried out.
public enum EngineError: Error, Equatable, CustomStringConvertible {
    /// The system has no further thread.
    case thread(Int32)
    /// A local address is none, or not of the target's family.
    case localAddress(String)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .thread(let code): "cannot start a thread of the run: error \(code)"
        case .localAddress(let text): "\(text) is not an address of the target's family, without a port"
        }
    }
}
