/// What became of one measure of memory over the cycles of a leak check.
enum Growth: Sendable, Equatable {
    /// It comes back. Before the line became flat it may have grown by some bytes: a pool that was filled once.
    case none(filledBytes: Double)
    /// It grows with the connections.
    case steady
    /// It grows less and less, and has not stopped: by so many bytes per connection in the first half and in the last.
    case flattening(head: Double, tail: Double)
    /// One rise makes most of the growth, and too few cycles came after it to know what follows.
    case step(bytes: Double, cyclesAfter: Int)
    /// The interval is too wide to tell.
    case unclear

    /// Whether it was seen to come back.
    var isNone: Bool { if case .none = self { true } else { false } }
}
