/// What one client of a ``LifeSimulation`` will do.
package struct LifePlan: Sendable, Hashable {
    /// When it vanishes.
    package let point: AbandonPoint
    /// How it vanishes.
    package let manner: AbandonManner
    /// How much it sends on its stream, where it opens one.
    package let messageBytes: Int
    /// What its datagrams go through, in both directions.
    package let conditions: SimulatedNetwork.Conditions
    /// How long it waits after its handshake before it updates keys, moves, or is closed by the server.
    package let pause: Duration

    /// How many ways there are to vanish.
    package static let wayCount = AbandonPoint.allCases.count * AbandonManner.allCases.count

    /// The plan of the client with this number: points and manners take turns, everything else is drawn.
    package init(number: Int, using generator: inout some RandomNumberGenerator) {
        let manners = AbandonManner.allCases
        point = AbandonPoint.allCases[number / manners.count % AbandonPoint.allCases.count]
        manner = manners[number % manners.count]
        messageBytes =
            switch point {
            // More than two datagrams, so that some of it can be missing.
            case .halfSentStream: .random(in: 4_000...16_000, using: &generator)
            default: .random(in: 1...16_000, using: &generator)
            }
        pause = .milliseconds(.random(in: 500...1_000, using: &generator))
        conditions = Self.drawConditions(using: &generator)
    }

    /// One of five networks, near or far.
    private static func drawConditions(using generator: inout some RandomNumberGenerator) -> SimulatedNetwork.Conditions
    {
        let latency = Duration.milliseconds(.random(in: 1...40, using: &generator))
        let (jitter, loss, duplication): (Duration, Double, Double) =
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: (.milliseconds(10), 0, 0)
            case 1: (.zero, 0.03, 0)
            case 2: (.zero, 0, 0.2)
            case 3: (.milliseconds(8), 0.02, 0.1)
            default: (.zero, 0, 0)
            }
        return .init(latency: latency, jitter: jitter, loss: loss, duplication: duplication)
    }
}
