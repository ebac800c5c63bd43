import TextValues

/// One target of a comparison as it is written on a command line:
/// `NAME=HOST:PORT[,pid=PID][,admin=URL][,alpn=NAME][,server-name=NAME]`.
public struct TargetDescription: Sendable, Equatable {
    /// What it is called; its address when no name was given.
    public let name: String
    /// `HOST:PORT`, not looked at yet.
    public let address: String
    /// Its process on this machine.
    public private(set) var processID: Int?
    /// Its admin interface.
    public private(set) var admin: AdminAddress?
    /// The application protocol to offer it instead of the scenario's.
    public private(set) var applicationProtocol: String?
    /// The name to ask it for instead of the scenario's.
    public private(set) var serverName: String?

    /// - Throws: ``TextValueError`` naming the part that is not accepted.
    public init(_ text: String) throws(TextValueError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let (name, address) = Self.pair(parts[0])
        self.name = name
        self.address = address ?? name
        guard !name.isEmpty, !self.address.isEmpty else {
            throw TextValueError(text: parts[0], kind: "a target", accepted: "NAME=HOST:PORT or HOST:PORT")
        }
        for part in parts.dropFirst() { try add(part) }
    }

    private mutating func add(_ part: String) throws(TextValueError) {
        let (key, value) = Self.pair(part)
        guard let value, !value.isEmpty else { throw Self.refusal(of: part) }
        switch key {
        case "pid":
            guard let number = Int(value), number > 0 else {
                throw TextValueError(text: value, kind: "a pid", accepted: "the number of a process")
            }
            processID = number
        case "admin": admin = try AdminAddress(url: value)
        case "alpn": applicationProtocol = value
        case "server-name": serverName = value
        default: throw Self.refusal(of: part)
        }
    }

    private static func refusal(of part: String) -> TextValueError {
        TextValueError(text: part, kind: "a property of a target", accepted: "pid=, admin=, alpn= or server-name=")
    }

    private static func pair(_ text: String) -> (key: String, value: String?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : nil)
    }
}
