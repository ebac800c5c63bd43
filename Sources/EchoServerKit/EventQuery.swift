/// What the query of `GET /events?limit=N` asks for.
package struct EventQuery: Hashable, Sendable {
    /// A query that does not make sense.
    package struct Failure: Error, Hashable, CustomStringConvertible {
        /// What is wrong, and what is accepted.
        package let description: String
    }

    /// How many events at most, the newest ones.
    package let limit: Int

    /// The query of these names and values.
    ///
    /// - Throws: ``Failure`` for a name or a value that is not accepted.
    package init(_ items: [(name: String, value: String)]) throws(Failure) {
        var limit = Int.max
        for (name, value) in items {
            guard name == "limit" else {
                throw Failure(description: "\(name) is not accepted: GET /events takes limit=N")
            }
            // Int takes a sign as well.
            guard value.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(value) else {
                throw Failure(description: "limit=\(value) is not accepted: use a whole number")
            }
            limit = number
        }
        self.limit = limit
    }
}
