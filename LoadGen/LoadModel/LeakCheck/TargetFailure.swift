/// Why a target cannot be read.
public enum TargetFailure: Error, Equatable, CustomStringConvertible {
    /// It was there and is not any more.
    case ended(String)
    /// It cannot be read: a name that leads nowhere, a missing permission, a text that is not as the kernel writes it.
    case unreadable(String)
    /// Its admin interface does not answer. It may do so later.
    case unanswered(String)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .ended(let reason): "the target ended: \(reason)"
        case .unreadable(let reason), .unanswered(let reason): reason
        }
    }
}
