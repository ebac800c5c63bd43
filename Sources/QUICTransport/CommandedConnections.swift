/// The connections of an endpoint that were given commands outside of their own events, each once, in the order of its first command.
///
/// The endpoint is in none of their calls then, so it looks here before it transmits. They are linked through each other: a broadcast to
/// thousands of connections needs no memory.
///
/// Owns: nothing. Bound: none is needed. Each is taken out by its endpoint, or by ``Connection/release()``.
@safe
struct CommandedConnections {
    /// The way from one to the next: the last leads to itself, and one that is not here to nowhere.
    @safe
    struct Link {
        fileprivate var next: Unmanaged<Connection>?

        /// Of a connection that is not here.
        init() {}

        /// Whether its connection is here.
        var isUsed: Bool { unsafe next != nil }
    }

    private var first: Unmanaged<Connection>?
    private var last: Unmanaged<Connection>?

    /// Nobody.
    init() {}

    /// Whether there is none.
    var isEmpty: Bool { unsafe first == nil }

    /// Puts `connection` at the end, unless it is here.
    mutating func append(_ connection: Connection) {
        guard !connection.commandLink.isUsed else { return }
        let added = unsafe Unmanaged.passUnretained(connection)
        unsafe connection.commandLink.next = added
        if let last = unsafe last {
            unsafe last._withUnsafeGuaranteedRef { unsafe $0.commandLink.next = added }
        } else {
            unsafe first = added
        }
        unsafe last = added
    }

    /// Takes the first out; nil when there is none.
    mutating func popFirst() -> ConnectionHandle? {
        guard let popped = unsafe first else { return nil }
        return unsafe popped._withUnsafeGuaranteedRef { connection in
            let next = unsafe connection.commandLink.next
            connection.commandLink = Link()
            if unsafe next?.toOpaque() == popped.toOpaque() {
                unsafe (first, last) = (nil, nil)
            } else {
                unsafe first = next
            }
            return connection.handle
        }
    }

    /// Takes `connection` out if it is here.
    ///
    /// - Complexity: O(n) where it is. ``ConnectionSet`` takes all out before it ends one.
    mutating func remove(_ connection: Connection) {
        guard connection.commandLink.isUsed else { return }
        let removed = unsafe Unmanaged.passUnretained(connection).toOpaque()
        var others = CommandedConnections()
        while let current = unsafe first {
            _ = popFirst()
            if unsafe current.toOpaque() != removed { unsafe current._withUnsafeGuaranteedRef { others.append($0) } }
        }
        self = others
    }
}
