internal import Datagrams

/// Datagrams on their way, the next to arrive first; of those that arrive together, the one that was sent first.
///
/// Most are sent in the order in which they arrive, in each direction: those stand in one of two lanes, first in, first out.
/// The others are in a binary heap.
struct ArrivalQueue {
    private var lanes = [Lane(), Lane()]
    private var heap: [SimulatedNetwork.Transit] = []

    var count: Int { heap.count + lanes[0].count + lanes[1].count }

    /// The next one to arrive.
    var first: SimulatedNetwork.Transit? { nextPlace.flatMap { $0 < 0 ? heap.first : lanes[$0].first } }

    /// - Complexity: O(1) where it arrives after all others of a lane, O(log n) elsewhere.
    mutating func insert(_ transit: SimulatedNetwork.Transit) {
        for index in lanes.indices where lanes[index].last?.comes(before: transit) ?? true {
            lanes[index].append(transit)
            return
        }
        var position = heap.count
        heap.append(transit)
        while position > 0 {
            let parent = (position - 1) / 2
            guard transit.comes(before: heap[parent]) else { break }
            heap.swapAt(position, parent)
            position = parent
        }
    }

    /// Takes out ``first``; nil when there is none.
    ///
    /// - Complexity: O(1) from a lane, O(log n) from the heap.
    mutating func popFirst() -> SimulatedNetwork.Transit? {
        guard let place = nextPlace else { return nil }
        if place >= 0 { return lanes[place].popFirst() }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        siftDown()
        return first
    }

    /// The index of the lane with the next one, -1 for the heap; nil when there is none.
    private var nextPlace: Int? {
        var place = heap.isEmpty ? nil : -1
        var next = heap.first
        for index in lanes.indices {
            guard let first = lanes[index].first, next.map({ first.comes(before: $0) }) ?? true else { continue }
            place = index
            next = first
        }
        return place
    }

    private mutating func siftDown() {
        var position = 0
        while true {
            var child = 2 * position + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].comes(before: heap[child]) { child += 1 }
            guard heap[child].comes(before: heap[position]) else { return }
            heap.swapAt(position, child)
            position = child
        }
    }

    /// Datagrams in the order of their arrival.
    private struct Lane {
        private var transits: [SimulatedNetwork.Transit] = []
        /// How many at the front were taken out and are not yet removed.
        private var taken = 0

        var count: Int { transits.count - taken }
        var first: SimulatedNetwork.Transit? { taken < transits.count ? transits[taken] : nil }
        var last: SimulatedNetwork.Transit? { taken < transits.count ? transits[transits.count - 1] : nil }

        mutating func append(_ transit: SimulatedNetwork.Transit) {
            transits.append(transit)
        }

        mutating func popFirst() -> SimulatedNetwork.Transit {
            defer {
                taken += 1
                // Half at a time, so that each is moved once on average.
                if taken >= 64, 2 * taken >= transits.count {
                    transits.removeFirst(taken)
                    taken = 0
                }
            }
            return transits[taken]
        }
    }
}
