import Datagrams
import QUICTesting
import Testing

@testable import QUICTransport

/// The rule of progress, against a model that remembers everything and looks for progress from the beginning each time.
@Suite struct ProgressModelTests {
    private enum Event {
        case opened
        case closed
        case complete
        case bytes(Int)
    }

    private struct Model {
        let minimum: Int
        private var history: [(event: Event, time: MonotonicInstant)] = []

        init(minimum: Int) {
            self.minimum = minimum
        }

        mutating func note(_ event: Event, at time: MonotonicInstant) {
            history.append((event, time))
        }

        var openCount: Int { openCount(before: history.count) }

        /// The time of the last progress; that of the beginning when there was none.
        func lastProgress(since beginning: MonotonicInstant) -> MonotonicInstant {
            var last: Int?
            while let next = history.indices.dropFirst(last.map { $0 + 1 } ?? 0).first(where: {
                isProgress($0, after: last)
            }) {
                last = next
            }
            return last.map { history[$0].time } ?? beginning
        }

        private func isProgress(_ index: Int, after last: Int?) -> Bool {
            switch history[index].event {
            case .closed: false
            case .complete: true
            case .opened: openCount(before: index) == 0
            case .bytes(let count): count > 0 && bytes(after: last, upTo: index) >= minimum
            }
        }

        private func bytes(after last: Int?, upTo index: Int) -> Int {
            history[((last ?? -1) + 1)...index].reduce(0) { sum, entry in
                if case .bytes(let count) = entry.event { sum + count } else { sum }
            }
        }

        private func openCount(before index: Int) -> Int {
            history[..<index].reduce(0) { count, entry in
                switch entry.event {
                case .opened: count + 1
                case .closed: count - 1
                case .complete, .bytes: count
                }
            }
        }
    }

    @Test(arguments: [1, 2, 256, 1_000], testSeeds)
    func theWatchAgreesWithTheModel(minimum: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var limits = TransportConfiguration()
        limits.minimumProgressBytes = minimum
        let beginning = MonotonicInstant(nanoseconds: 1_000)
        var now = beginning
        var watch = ProgressWatch(at: now)
        var model = Model(minimum: minimum)
        for step in 0..<300 {
            now = now.advanced(by: .milliseconds(Int.random(in: 0...20_000, using: &generator)))
            let event = Self.event(openCount: model.openCount, minimum: minimum, using: &generator)
            model.note(event, at: now)
            switch event {
            case .opened: watch.noteOpenedStream(at: now)
            case .closed: watch.noteClosedStream()
            case .complete: watch.noteCompleteStream(at: now)
            case .bytes(let count): watch.noteBytes(count, minimum: minimum, at: now)
            }
            let deadline = model.lastProgress(since: beginning).advanced(by: .seconds(60))
            #expect(watch.deadline(limits) == deadline, "seed \(seed), step \(step)")
        }
    }

    private static func event(openCount: Int, minimum: Int, using generator: inout SeededGenerator) -> Event {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: .opened
        case 1 where openCount > 0: .closed
        case 2 where Bool.random(using: &generator): .complete
        default: .bytes(Int.random(in: 0...(minimum / 2 + 1), using: &generator))
        }
    }
}
