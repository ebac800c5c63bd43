import BoundedMemory

/// What queues that grow and shrink cost, and spare, against queues that have all their memory from the start.
struct QueuesBenchmark: Benchmark {
    let name = "queues"

    private typealias Ring = RingBuffer<QueuedItem>
    private typealias Fixed = FixedQueue<QueuedItem>

    func run(_ settings: Settings) throws -> [Table] {
        [
            try slotBytes(), try slotTimes(settings), try streamBytes(), try streamTimes(settings),
        ]
    }

    private func slotBytes() throws -> Table {
        var table = Table(
            "bytes held by a queue of 112-byte items",
            columns: ["items in the burst", "", Ring.name, Fixed.name]
        )
        for count in [1, 16, 200] {
            let (ring, fixed) = (try Ring.bytes(holding: count), try Fixed.bytes(holding: count))
            table.add(comparing: "\(count)", "at birth", ring.birth, fixed.birth)
            table.add(comparing: "\(count)", "while they wait", ring.full, fixed.full)
            table.add(comparing: "\(count)", "when they are gone", ring.drained, fixed.drained)
        }
        return table
    }

    private func slotTimes(_ settings: Settings) throws -> Table {
        var table = Table(
            "ns of CPU for a push and a pop, 112-byte items, median of \(settings.rounds)",
            columns: ["items that wait", Ring.name, Fixed.name, "difference"]
        )
        let operations = settings.scaled(400_000)
        for depth in [0, 1, 16, 200] {
            let times = try Samples.taking(
                turns: settings.rounds,
                [
                    { _ in Ring.nanoseconds(depth: depth, operations: operations) },
                    { _ in Fixed.nanoseconds(depth: depth, operations: operations) },
                ]
            )
            table.add(comparing: "\(depth)", times)
        }
        table.notes = ["With no item waiting every push takes memory and every pop gives it back."]
        return table
    }

    private func streamBytes() throws -> Table {
        var table = Table(
            "bytes held by the queue of a stream",
            columns: ["bytes written", "", StreamQueue.name, FixedByteRing.name]
        )
        for count in [64, 1_024, 16_384] {
            let (queue, ring) = (try StreamQueue.bytes(holding: count), try FixedByteRing.bytes(holding: count))
            table.add(comparing: "\(count)", "at birth", queue.birth, ring.birth)
            table.add(comparing: "\(count)", "until acknowledged", queue.full, ring.full)
            table.add(comparing: "\(count)", "when acknowledged", queue.drained, ring.drained)
        }
        return table
    }

    private func streamTimes(_ settings: Settings) throws -> Table {
        var table = Table(
            "ns of CPU to append 1 KiB and release 1 KiB, median of \(settings.rounds)",
            columns: ["bytes that wait", StreamQueue.name, FixedByteRing.name, "difference"]
        )
        let operations = settings.scaled(200_000)
        for depth in [0, 4_096, 12_288] {
            let times = try Samples.taking(
                turns: settings.rounds,
                [
                    { _ in try StreamQueue.nanoseconds(depth: depth, operations: operations) },
                    { _ in try FixedByteRing.nanoseconds(depth: depth, operations: operations) },
                ]
            )
            table.add(comparing: "\(depth)", times)
        }
        table.notes = [
            "The queue hands its bytes to ngtcp2 where they lie and never moves them; the ring could not for what wraps."
        ]
        return table
    }
}

extension Table {
    fileprivate mutating func add(comparing size: String, _ moment: String, _ ours: Int, _ other: Int) {
        add(.text(size), .text(moment), .number(Double(ours)), .number(Double(other)))
    }

    fileprivate mutating func add(comparing size: String, _ times: [Samples]) {
        let (ours, other) = (times[0].median, times[1].median)
        add(.text(size), .number(ours, places: 1), .number(other, places: 1), .number(ours - other, places: 1))
    }
}
