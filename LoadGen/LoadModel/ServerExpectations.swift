/// What the server is expected to do once a run is over.
public struct ServerExpectations: Sendable, Equatable {
    /// Nothing but answering.
    public static let none = ServerExpectations()

    /// Whether everything its connections held is to come back.
    public var returns: Bool
    /// How long after the run that may take.
    public var returnTimeout: Duration
    /// By how many bytes its resident memory may exceed what it was before the run; nil for any number.
    public var residentGrowthBytesLimit: Int?

    /// Nothing is expected, unless told otherwise.
    public init(
        returns: Bool = false,
        returnTimeout: Duration = .seconds(20),
        residentGrowthBytesLimit: Int? = nil
    ) {
        self.returns = returns
        self.returnTimeout = returnTimeout
        self.residentGrowthBytesLimit = residentGrowthBytesLimit
    }

    /// Whether nothing is expected.
    public var isEmpty: Bool { !returns && residentGrowthBytesLimit == nil }

    /// Whether a server that was `before` and is `after` meets these expectations.
    public func areMet(by after: ServerSnapshot, since before: ServerSnapshot) -> Bool {
        let growthBytes = after.process.residentBytes - before.process.residentBytes
        return (!returns || after.hasReturned) && growthBytes <= residentGrowthBytesLimit ?? .max
    }
}
