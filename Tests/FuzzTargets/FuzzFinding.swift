/// A promise that an input broke.
package struct FuzzFinding: Error, CustomStringConvertible {
    /// Which promise, and what was seen instead.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Stops the run of an input when a promise is broken.
func expect(_ isKept: Bool, _ promise: @autoclosure () -> String) throws {
    guard isKept else { throw FuzzFinding(promise()) }
}
