/// A simulation that could not begin as it should.
package struct SimulationFailure: Error, CustomStringConvertible {
    /// What is missing.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
