internal import BoundedMemory
internal import Datagrams
package import QUICTransport

/// What `GET /connections` says of each live connection, under the names that docs/operating.md promises.
package struct ConnectionDocument: Hashable, Sendable, Codable {
    /// Worker, slot and tenant: unique over the life of the server.
    package var id: String
    /// In RFC 9000's words.
    package var state: String
    /// How long it has existed.
    package var ageSeconds: Double
    /// The server's address on its path.
    package var local: String?
    /// The client's address on its path.
    package var remote: String?
    /// The application protocol, once TLS agreed on one.
    package var applicationProtocol: String?
    /// Open streams.
    package var streams: Int
    /// Connection IDs that lead to it.
    package var connectionIDs: Int
    /// Bytes it holds now.
    package var liveBytes: Int
    /// The most bytes it held at once.
    package var peakBytes: Int
    /// Bytes kept for it, whether it holds them or not.
    package var floorBytes: Int
    /// Bytes it holds above those.
    package var borrowedBytes: Int
    /// The most bytes of transport and echo it may hold now.
    package var limitBytes: Int
    /// The receive window of all its streams together.
    package var windowBytes: Int
    /// Bytes promised to the client above the initial window.
    package var committedBytes: Int
    /// Bytes that its transport keeps from closed streams.
    package var retainedBytes: Int
    /// DATAGRAM frames that came.
    package var datagramFramesReceived: Int
    /// DATAGRAM frames that were put into packets.
    package var datagramFramesSent: Int
    /// DATAGRAM frames that were never sent.
    package var datagramFramesDropped: Int
    /// Bytes it holds now, by class.
    package var classes: [String: Int]
    /// The time until its next deadline.
    package var deadlineSeconds: Double?

    private enum CodingKeys: String, CodingKey {
        case id, state
        case ageSeconds = "age_seconds"
        case local, remote
        case applicationProtocol = "application_protocol"
        case streams
        case connectionIDs = "connection_ids"
        case liveBytes = "live_bytes"
        case peakBytes = "peak_bytes"
        case floorBytes = "floor_bytes"
        case borrowedBytes = "borrowed_bytes"
        case limitBytes = "limit_bytes"
        case windowBytes = "window_bytes"
        case committedBytes = "committed_bytes"
        case retainedBytes = "retained_bytes"
        case datagramFramesReceived = "datagram_frames_received"
        case datagramFramesSent = "datagram_frames_sent"
        case datagramFramesDropped = "datagram_frames_dropped"
        case classes
        case deadlineSeconds = "deadline_seconds"
    }

    /// What `report` says of a connection of the worker `worker`.
    package init(_ report: ConnectionReport, worker: Int) {
        id = Self.id(of: report.handle, worker: worker)
        state = report.state.rawValue
        ageSeconds = report.age / .seconds(1)
        local = report.path?.local.description
        remote = report.path?.remote.description
        applicationProtocol = report.applicationProtocol
        streams = report.streamCount
        connectionIDs = report.connectionIDCount
        liveBytes = report.totalBytes
        peakBytes = report.peakBytes
        floorBytes = report.floorBytes
        borrowedBytes = report.borrowedBytes
        limitBytes = report.bytesLimit
        windowBytes = report.windowBytes
        committedBytes = report.committedBytes
        retainedBytes = report.retainedBytes
        datagramFramesReceived = report.datagramFrames.received
        datagramFramesSent = report.datagramFrames.sent
        datagramFramesDropped = report.datagramFrames.dropped
        classes = Dictionary(uniqueKeysWithValues: report.liveBytes.map { ($0.key.rawValue, $0.value) })
        deadlineSeconds = report.nextDeadline.map { $0 / .seconds(1) }
    }

    /// The ID of a connection of the worker `worker`.
    static func id(of handle: ConnectionHandle, worker: Int) -> String {
        "\(worker)-\(handle.index)-\(handle.generation)"
    }

    /// Every live connection of a server, worker by worker.
    package static func all(_ reports: [[ConnectionReport]]) -> [ConnectionDocument] {
        reports.enumerated().flatMap { worker, reports in reports.map { ConnectionDocument($0, worker: worker) } }
    }
}
