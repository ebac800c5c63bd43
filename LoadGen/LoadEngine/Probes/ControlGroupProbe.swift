public import LoadModel

/// Reads the memory of a control group (cgroup v2), of all its processes together. Linux, admin-guide/cgroup-v2.
public struct ControlGroupProbe: Sendable {
    private let path: String

    /// A probe of the group whose folder is `path`.
    ///
    /// - Throws: ``TargetFailure`` when it is no folder of a group with the memory controller, or cannot be read.
    public init(path: String) throws(TargetFailure) {
        self.path = path
        do throws(KernelFile.Refusal) {
            _ = try KernelFile.names(in: path)
        } catch {
            throw .unreadable(error.sentence)
        }
        var memory = MemoryReading()
        do throws(TargetFailure) {
            try read(into: &memory)
        } catch {
            guard case .ended = error else { throw error }
            let files = "memory.current and memory.stat"
            throw .unreadable("\(path) has no \(files): it is no group of cgroup v2 with the memory controller")
        }
    }

    /// Adds the group's memory to `memory`.
    ///
    /// - Throws: ``TargetFailure/ended(_:)`` when the group or its last process is gone, and others when it cannot be
    ///   read.
    public func read(into memory: inout MemoryReading) throws(TargetFailure) {
        let current = try text("memory.current")
        let stat = try text("memory.stat")
        try check()
        do throws(KernelTextError) {
            memory.add(try ControlGroupMemory(current: current, stat: stat))
        } catch {
            throw .unreadable("\(path): \(error)")
        }
    }

    /// Makes sure that there is a process in the group or in one below it.
    ///
    /// - Throws: ``TargetFailure/ended(_:)`` when there is none.
    public func check() throws(TargetFailure) {
        _ = try text("memory.current")
        // The root group does not have this file.
        guard let events = try? KernelFile.text("\(path)/cgroup.events") else { return }
        let isEmpty = events.split(separator: "\n").contains("populated 0")
        if isEmpty { throw .ended("no process is left in \(path)") }
    }

    private func text(_ file: String) throws(TargetFailure) -> String {
        do throws(KernelFile.Refusal) {
            return try KernelFile.text("\(path)/\(file)")
        } catch {
            throw error.isAbsence ? .ended("\(path) is gone") : .unreadable(error.sentence)
        }
    }
}
