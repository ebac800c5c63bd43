internal import Datagrams
internal import QUICEndpoint
package import QUICServer
internal import QUICTransport
internal import TextValues

/// What `GET /events` says of each event, under the names that docs/operating.md promises.
package struct EventDocument: Hashable, Sendable, Encodable {
    /// How long ago it happened.
    package var ageSeconds: Double
    /// The worker, counted from 0.
    package var worker: Int
    /// What happened.
    package var event: String
    /// Why.
    package var cause: String?
    /// The connection it happened to, by its ``ConnectionDocument/id``.
    package var connection: String?
    /// The client's address.
    package var remote: String?
    /// Bytes the connection held at that moment.
    package var liveBytes: Int?
    /// The most bytes it had held at once.
    package var peakBytes: Int?
    /// How many events this one stands for.
    package var count: Int

    /// What `logged` says.
    package init(_ logged: ServerEvent) {
        let event = logged.event
        ageSeconds = logged.age.fractionalSeconds
        worker = logged.worker
        self.event = event.kind.label
        cause = event.kind.causeLabel
        connection = event.connection.map { ConnectionDocument.id(of: $0, worker: logged.worker) }
        remote = event.remote?.description
        liveBytes = event.connection == nil ? nil : event.liveBytes
        peakBytes = event.connection == nil ? nil : event.peakBytes
        count = event.count
    }

    /// The newest of `events` that `query` asks for, in their order.
    package static func all(_ events: [ServerEvent], _ query: EventQuery) -> [EventDocument] {
        events.suffix(query.limit).map { EventDocument($0) }
    }
}
