import Datagrams
import LoadModel

/// One worker of a run, from the thread that made it to the thread it works on.
final class LoadWorker: Sendable {
    let control: RunControl
    let board = WorkerBoard()
    private let driver: Handover<LoadDriver>

    init(
        scenario: LoadScenario,
        target: SocketAddress,
        localAddresses: [SocketAddress],
        share: WorkerShare,
        control: RunControl
    ) throws {
        self.control = control
        let driver = try LoadDriver(
            scenario: scenario,
            target: target,
            localAddresses: localAddresses,
            share: share,
            control: control,
            board: board
        )
        self.driver = Handover(driver)
    }

    /// Carries the worker's share out on the calling thread. The driver and its sockets are gone when this returns.
    func run(from startTime: MonotonicInstant) throws -> WorkerResult {
        defer { control.workerDidEnd() }
        guard let driver = driver.take() else { preconditionFailure("a worker runs once") }
        return try driver.run(from: startTime)
    }
}
