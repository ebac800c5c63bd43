/// A text of the kernel that lacks a field or says something unexpected in it.
public struct KernelTextError: Error, Equatable, CustomStringConvertible {
    /// The file, as it is called in its folder: `smaps_rollup`, `memory.stat`.
    public let file: String
    /// The field, as the file calls it: `Private_Dirty`. The file itself where it has only one value.
    public let field: String
    /// What is wrong with it: `is missing`, or what it says and what it should.
    public let problem: String

    /// `field` of `file` is not what it should be.
    public init(file: String, field: String, problem: String) {
        self.file = file
        self.field = field
        self.problem = problem
    }

    /// The file, the field, and what is wrong.
    public var description: String {
        field == file ? "\(file) \(problem)" : "\(file): \(field) \(problem)"
    }
}
