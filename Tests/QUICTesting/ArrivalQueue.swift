internal import Datagrams

/// Datagrams on their way, the next to arrive first; of those that arrive together, the one that was sent first.
///
/// A binary heap: thousands of connections have a datagram or two under way at any moment.
struct ArrivalQueue {
    private var heap: [SimulatedNetwork.Transit] = []

    var count: Int { heap.count }
    /// The next one to arrive.
    var first: SimulatedNetwork.Transit? { heap.first }

    /// - Complexity: O(log n).
    mutating func insert(_ transit: SimulatedNetwork.Transit) {
        var position = heap.count
        heap.append(transit)
        while position > 0 {
            let parent = (position - 1) / 2
            guard transit.comes(before: heap[parent]) else { break }
            heap.swapAt(position, parent)
            position = parent
        }
    }

    /// Takes out ``first``.
    ///
    /// - Complexity: O(log n).
    mutating func removeFirst() -> SimulatedNetwork.Transit {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        siftDown()
        return first
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
}
