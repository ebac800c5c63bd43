package import DatagramIO
import Synchronization

/// Commands of an owner on their way to a worker, and the means to wake it for them.
///
/// Bound: none of its own. Only the application asks, and it waits for the answers.
package final class Mailbox<Command: Sendable>: Sendable {
    private let commands = Mutex<[Command]?>([])
    private let waker: Waker

    package init(waker: Waker) {
        self.waker = waker
    }

    /// Hands `command` over; false when the worker has ended.
    package func post(_ command: Command) -> Bool {
        let isOpen = commands.withLock { commands in
            commands?.append(command)
            return commands != nil
        }
        if isOpen { waker.wake() }
        return isOpen
    }

    /// Takes the commands that wait.
    package func takeAll() -> [Command] {
        commands.withLock { commands in
            guard let waiting = commands else { return [] }
            commands = []
            return waiting
        }
    }

    /// Lets no further command in, and returns those that came too late.
    package func close() -> [Command] {
        commands.withLock { commands in
            defer { commands = nil }
            return commands ?? []
        }
    }
}
