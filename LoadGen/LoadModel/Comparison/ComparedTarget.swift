/// One of the targets of a comparison.
public struct ComparedTarget: Sendable, Equatable, Codable {
    /// What it is called.
    public let name: String
    /// Where it is, as it was given.
    public let address: String
    /// The application protocol its connections offer.
    public let applicationProtocol: String
    /// What its rounds showed, in their order.
    public private(set) var rounds: [ComparedRound]
    /// The medians of its rounds; figures that no round has are left out.
    public private(set) var medians: [ComparisonFigure: MedianSpread]

    private enum CodingKeys: String, CodingKey {
        case name
        case address
        case applicationProtocol = "application_protocol"
        case rounds
        case medians
    }

    /// A target with the rounds that were run against it.
    public init(name: String, address: String, applicationProtocol: String, rounds: [ComparedRound] = []) {
        self.name = name
        self.address = address
        self.applicationProtocol = applicationProtocol
        self.rounds = []
        medians = [:]
        for round in rounds { append(round) }
    }

    /// Adds a round.
    mutating func append(_ round: ComparedRound) {
        rounds.append(round)
        for figure in ComparisonFigure.allCases {
            medians[figure] = MedianSpread(rounds.compactMap { $0.figures[figure] })
        }
    }
}
