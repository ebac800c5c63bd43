internal import QUICEndpoint
package import QUICServer
internal import QUICTransport

extension StatisticsDocument {
    /// What a server lets its connections hold, and for how long: docs/limits.md has them all.
    package struct Limits: Hashable, Sendable, Encodable {
        /// How long a handshake may take.
        package var handshakeTimeoutSeconds: Double
        /// How long a silent connection lives.
        package var idleTimeoutSeconds: Double
        /// How long nothing may be acknowledged; nil for ever.
        package var acknowledgementTimeoutSeconds: Double?
        /// How long there may be no progress; nil for ever.
        package var noProgressTimeoutSeconds: Double?
        /// How long a connection may last; nil for ever.
        package var lifetimeSeconds: Double?
        /// How long the record of an ended connection may stay.
        package var closingPeriodSeconds: Double
        /// How many bytes are progress.
        package var minimumProgressBytes: Int
        /// Bytes of transport until the handshake is complete.
        package var handshakeBytes: Int
        /// Bytes of transport and echo afterwards.
        package var connectionBytes: Int
        /// The same before anything is borrowed.
        package var restingBytes: Int
        /// The most one connection may hold in all.
        package var connectionCostBytes: Int
        /// Bytes kept for each established connection.
        package var floorBytes: Int
        /// Bytes a client may send ahead on one stream, at first.
        package var streamWindowBytes: Int
        /// Bytes a client may send ahead on one stream, at most.
        package var streamWindowBytesMaximum: Int
        /// Bytes a client may send ahead on all streams together, at first.
        package var connectionWindowBytes: Int
        /// Bytes a client may send ahead on all streams together, at most.
        package var connectionWindowBytesMaximum: Int
        /// The most all connections may hold.
        package var memoryBytes: Int
        /// The origin of that limit: `--memory-limit`, or the limit on the process of which it is a quarter.
        package var memoryLimitSource: String
        /// Connections alive at once.
        package var connections: Int
        /// Handshakes in flight, per worker, before clients must prove their addresses.
        package var handshakesBeforeRetry: Int
        /// Handshakes in flight, per worker, before clients are refused.
        package var handshakesInFlight: Int
        /// When clients must prove their addresses: the name of a ``RetryPolicy``.
        package var retry: String
        /// Connections of one source, per worker, before further ones are refused; nil for any number.
        package var connectionsPerSource: Int?
        /// Handshakes of one source in flight, per worker, before its clients must prove their addresses; nil for any number.
        package var handshakesPerSource: Int?
        /// Sources a worker counts; 0 without a limit for each.
        package var sources: Int
        /// Whether first packets from ports of reflectors are dropped.
        package var blocksPorts: Bool
        /// Replies of each kind without a connection, a second and per worker.
        package var statelessRepliesPerSecond: Int
        /// Packets of one connection a second that may bring nothing; nil for any number.
        package var uselessPacketsPerSecond: Int?
        /// The same while a worker has no time left; nil for no other number.
        package var uselessPacketsPerSecondWhenBusy: Int?
        /// How long the answer to a Retry may take.
        package var retryTokenLifetimeSeconds: Double
        /// How long the token of a connection is good, once.
        package var tokenLifetimeSeconds: Double
        /// How long a key of both is in use.
        package var tokenKeyLifetimeSeconds: Double
        /// Bidirectional streams a client may have open.
        package var streams: Int
        /// Whether clients may change their address.
        package var allowsMigration: Bool
        /// Threads.
        package var workers: Int
        /// Whether each of them stays on a processor of its own.
        package var pinsWorkers: Bool

        /// The limits of a server with `configuration`, for which `plan` was made.
        package init(_ configuration: ServerConfiguration, _ plan: MemoryPlan) {
            let transport = configuration.transport
            handshakeTimeoutSeconds = transport.handshakeTimeout / .seconds(1)
            idleTimeoutSeconds = transport.idleTimeout / .seconds(1)
            acknowledgementTimeoutSeconds = transport.acknowledgementTimeout.map { $0 / .seconds(1) }
            noProgressTimeoutSeconds = transport.noProgressTimeout.map { $0 / .seconds(1) }
            lifetimeSeconds = transport.lifetime.map { $0 / .seconds(1) }
            closingPeriodSeconds = ConnectionSet.closingPeriodLimit / .seconds(1)
            minimumProgressBytes = transport.minimumProgressBytes
            handshakeBytes = transport.handshakeBytesLimitWithChain
            connectionBytes = transport.connectionBytesLimit
            restingBytes = TransportConfiguration.bytesLimit(
                ofWindow: transport.connectionWindow.initialBytes,
                borrowed: 0
            )
            connectionCostBytes = plan.connectionCostBytes
            floorBytes = plan.connectionFloorBytes
            streamWindowBytes = transport.streamWindow.initialBytes
            streamWindowBytesMaximum = transport.streamWindow.maximumBytes
            connectionWindowBytes = transport.connectionWindow.initialBytes
            connectionWindowBytesMaximum = transport.connectionWindow.maximumBytes
            memoryBytes = plan.memoryBytesLimit
            memoryLimitSource = plan.memoryLimitSource.optionText
            connections = plan.connectionLimit
            handshakesBeforeRetry = configuration.admission.handshakesBeforeRetry
            handshakesInFlight = configuration.admission.handshakesInFlight
            retry = configuration.admission.retryPolicy.rawValue
            connectionsPerSource = configuration.admission.connectionsPerSource
            handshakesPerSource = configuration.admission.handshakesPerSource
            sources = configuration.admission.limitsSources ? configuration.admission.sourcesLimit : 0
            blocksPorts = configuration.admission.blocksPorts
            statelessRepliesPerSecond = configuration.admission.statelessRepliesPerSecond
            uselessPacketsPerSecond = transport.uselessPacketsPerSecond
            uselessPacketsPerSecondWhenBusy = transport.uselessPacketsPerSecondWhenBusy
            retryTokenLifetimeSeconds = AddressValidation.retryTokenLifetime / .seconds(1)
            tokenLifetimeSeconds = AddressValidation.regularTokenLifetime / .seconds(1)
            tokenKeyLifetimeSeconds = configuration.tokenKeys.lifetime / .seconds(1)
            streams = transport.peerBidirectionalStreams
            allowsMigration = transport.allowsMigration
            workers = configuration.workerCount
            pinsWorkers = configuration.pinsWorkers
        }
    }
}
