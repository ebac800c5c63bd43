import LoadEngine
import LoadModel

/// Reads a target by every way that was named: its process, its control group, its admin interface.
struct TargetProbe: TargetProbing {
    let process: ProcessProbe?
    let group: ControlGroupProbe?
    let admin: AdminClient?

    func read() async throws(TargetFailure) -> TargetState {
        var state = TargetState()
        try process?.read(into: &state.memory)
        try group?.read(into: &state.memory)
        if let admin {
            let snapshot = try await Self.snapshot(from: admin)
            state.memory.add(snapshot)
            state.unreturned = snapshot.unreturned
            state.connectionsCreated = snapshot.connections.created
        }
        return state
    }

    func check() throws(TargetFailure) {
        try process?.check()
        try group?.check()
    }

    private static func snapshot(from admin: AdminClient) async throws(TargetFailure) -> ServerSnapshot {
        do {
            return try await admin.snapshot()
        } catch {
            throw .unanswered("\(error)")
        }
    }
}
