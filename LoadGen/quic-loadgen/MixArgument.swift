import ArgumentParser
import LoadModel

/// Kinds of arrivals and how many there are of each, on the command line: `honest=8,half-open=1`.
struct MixArgument: CustomStringConvertible {
    static let honest = MixArgument(weights: [.honest: 1])

    let weights: [ArrivalKind: Double]

    private init(weights: [ArrivalKind: Double]) {
        self.weights = weights
    }

    /// The mix `text` says; the error names what is accepted, beside the parser's naming of the value.
    init(_ text: String) throws {
        var weights: [ArrivalKind: Double] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, let kind = ArrivalKind.allCases.first(where: { $0.title == sides[0] }),
                let weight = Double(sides[1]), weight >= 0, weight.isFinite, weights[kind] == nil
            else {
                let kinds = ArrivalKind.allCases.map(\.title).joined(separator: ", ")
                throw ValidationError("use KIND=NUMBER,KIND=NUMBER with the kinds \(kinds), each at most once")
            }
            weights[kind] = weight
        }
        self.weights = weights
    }

    var description: String {
        ArrivalKind.allCases.compactMap { kind in
            weights[kind].map { "\(kind.title)=\($0 == $0.rounded() ? "\(Int($0))" : "\($0)")" }
        }
        .joined(separator: ",")
    }
}
