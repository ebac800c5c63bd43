import DatagramIO
import Datagrams
import Foundation
import Synchronization

/// What a target of this process does with the datagrams of its clients, on one thread.
class DatagramAnswering {
    /// Appends at most one datagram to `replies`. Each client is a socket of the generator with many connections.
    func receive(_ datagram: RawSpan, path: NetworkPath, at now: MonotonicInstant, into replies: TransmitBatch) {}

    /// Appends what is to be sent by the clock; called after each batch, fifty times a second, and until there is nothing.
    func turn(at now: MonotonicInstant, into replies: TransmitBatch) {}
}

/// A UDP socket of this process that answers as it is told, until it is released.
///
/// Owns: a thread, and the socket on it. Released by: `deinit`, which waits for the thread.
final class UDPResponder: Sendable {
    /// Where it listens.
    let address: String
    private let stop: Stop

    /// How the thread is told to end, and tells that it has.
    private final class Stop: Sendable {
        let isWanted = Atomic(false)
        let hasEnded = DispatchSemaphore(value: 0)
    }

    /// What the thread owns.
    private struct Contents: ~Copyable {
        var socket: UDPSocket
        var loop: EventLoop
        let answering: DatagramAnswering
        let received = ReceiveBatch()
        let replies = TransmitBatch()
    }

    /// The contents on their way to the thread. Safe to send: nobody else has them.
    private final class Handover: @unchecked Sendable {
        var contents: Contents?

        init(_ contents: consuming Contents) {
            self.contents = consume contents
        }
    }

    /// Answers as `answering` does.
    init(_ answering: DatagramAnswering) throws {
        let socket = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        let loop = try EventLoop()
        try loop.add(socket, tag: 0)
        address = "\(socket.boundAddress)"
        let stop = Stop()
        self.stop = stop
        let handover = Handover(Contents(socket: socket, loop: loop, answering: answering))
        Thread.detachNewThread {
            if var contents = handover.contents.take() {
                while !stop.isWanted.load(ordering: .relaxed), (try? Self.turn(&contents)) != nil {}
            }
            stop.hasEnded.signal()
        }
    }

    deinit {
        stop.isWanted.store(true, ordering: .relaxed)
        stop.hasEnded.wait()
    }

    private static func turn(_ contents: inout Contents) throws {
        let now = MonotonicInstant.now()
        _ = try contents.loop.wait(until: now.advanced(by: .milliseconds(20)), now: now)
        while try contents.socket.receive(into: contents.received) > 0 {
            let (answering, replies) = (contents.answering, contents.replies)
            contents.received.forEach { datagram, path, _ in
                answering.receive(datagram, path: path, at: .now(), into: replies)
            }
            try send(&contents)
        }
        try send(&contents)
    }

    private static func send(_ contents: inout Contents) throws {
        repeat {
            contents.answering.turn(at: .now(), into: contents.replies)
            if contents.replies.isEmpty { return }
            _ = try contents.socket.send(contents.replies)
            // What the socket does not take is lost, as on a network.
            contents.replies.removeAll()
        } while true
    }
}
