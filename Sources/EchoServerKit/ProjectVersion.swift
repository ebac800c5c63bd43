/// The version of this project.
package enum ProjectVersion {
    /// As semantic versioning has it.
    package static let text = "0.1.0"
}
