import DatagramIO
public import Datagrams
import QUICEndpoint
public import QUICTransport
public import QUICWorkers
import Synchronization

/// A QUIC client: connections to any number of servers on one thread, whose memory is bounded and comes back.
///
/// `QUICAsync` has the same for tasks. Here a ``QUICTransport/StreamService`` is told of the connections' events, on the client's thread.
///
/// Owns: a thread, its sockets and its connections. Released by: ``shutDown()``; a client that is let go without it goes on until the
/// process ends. Bound: ``ClientConfiguration/memoryBytesLimit``, 0.3 MB for the sockets, the authorities that it trusts, and a ticket
/// of up to 3 KB for each of 256 servers. Lookups of hosts: ``SystemResolver``.
public final class Client: Sendable {
    typealias Outcome = Result<ClientStatistics, ClientError>

    /// Its thread.
    public let worker: WorkerReference
    private let mailbox: Mailbox<ClientWorker.Command>
    private let end = ThreadEnd<Outcome>()
    private let reason: ClientEnd
    private let lastRequest = Atomic<UInt64>(0)

    /// Starts a client without connections.
    ///
    /// - Parameter makeService: Makes the object that is told of everything that happens on connections. Called once before this returns.
    /// - Throws: When a value of the configuration is out of its range (``QUICWorkers/WorkerError/value(_:)``), when the configuration
    ///   contradicts itself, or when the system has no thread or no event loop.
    public init(
        configuration: ClientConfiguration,
        makeService: (WorkerReference) -> sending any StreamService
    ) throws(ClientError) {
        guard configuration.connectionLimit > 0 else {
            throw .configuration("\(configuration.connectionLimit) connections were asked for; at least 1 is needed")
        }
        try Self.check(configuration.transport)
        let needed = configuration.transport.floorBytes + TransportConfiguration.handshakeFloorBytes
        guard configuration.memoryBytesLimit >= needed else {
            throw .configuration(
                "a memory limit of \(configuration.memoryBytesLimit) bytes has no room for a connection; at least \(needed) bytes "
                    + "are needed"
            )
        }
        let tls: TLSClientContext
        do throws(QUICError) {
            tls = try TLSClientContext(
                protocols: ApplicationProtocols(configuration.applicationProtocols),
                verification: configuration.verification,
                resumesSessions: configuration.resumesSessions,
                certificate: configuration.certificate,
                keyLog: configuration.keyLog
            )
        } catch {
            throw .transport(error)
        }
        worker = WorkerReference(index: 0)
        let driver: ClientWorker
        do throws(SocketError) {
            driver = try ClientWorker(
                configuration: configuration,
                tls: tls,
                reference: worker,
                service: makeService(worker)
            )
        } catch {
            throw .socket(error)
        }
        mailbox = driver.mailbox
        reason = driver.end
        do throws(ThreadError) {
            try end.start(driver) { $0.run() }
        } catch {
            throw .thread(error.code)
        }
    }

    private static func check(_ transport: TransportConfiguration) throws(ClientError) {
        do throws(RefusedValue) { try transport.checkRanges() } catch { throw .value(error) }
        if let flaw = transport.flaw(towards: "server") { throw .configuration(flaw) }
        let needed = TransportConfiguration.bytesLimit(ofWindow: transport.connectionWindow.initialBytes, borrowed: 0)
        guard transport.connectionBytesLimit >= needed else {
            throw .configuration(
                "a connection memory limit of \(transport.connectionBytesLimit) bytes is less than a connection may use with its "
                    + "first window of \(transport.connectionWindow.initialBytes) bytes; at least \(needed) bytes are needed"
            )
        }
    }
}

// MARK: - Commands

extension Client {
    /// Opens a connection. Everything is called on the client's thread.
    ///
    /// - Parameters:
    ///   - serverName: The name that the server's certificate has to be for, and that is sent to it unless it is an address.
    ///   - timeout: How long the handshake may take, an hour at most.
    ///   - offersEarlyData: Whether the connection opens at once, before its handshake is complete, where an earlier one to a server of this
    ///     name brought a ticket that allows it: what is sent on its streams may reach the server twice, and has to bear that.
    ///     ``QUICTLS/EarlyDataConfiguration``, RFC 9001 §4.6.
    ///   - didBegin: Called when the first packet is on its way.
    ///   - willOpen: Called when the handshake is complete, or early data is offered, before ``QUICTransport/StreamService/connectionDidOpen(_:)``: the place for a
    ///     ``QUICTransport/Connection/context``.
    ///   - fail: Called when there will be no connection. Not after `willOpen`: the service is told of the end then.
    public func connect(
        to remote: SocketAddress,
        serverName: String,
        timeout: Duration = .seconds(10),
        offersEarlyData: Bool = false,
        didBegin: @escaping @Sendable (ConnectionReference) -> Void = { _ in },
        willOpen: @escaping @Sendable (Connection) -> Void,
        fail: @escaping @Sendable (ConnectError) -> Void
    ) {
        let request = ConnectRequest(
            target: .address(remote),
            serverName: serverName,
            timeout: timeout,
            offersEarlyData: offersEarlyData,
            didBegin: didBegin,
            willOpen: willOpen,
            fail: fail
        )
        post(request)
    }

    /// Opens a connection to a host by its name. Everything is called on the client's thread.
    ///
    /// The name is looked up (``ClientConfiguration/resolver``), and its addresses are tried in turns as in RFC 8305: the next one when one
    /// has failed, or when there was no answer for 250 ms, while those before it go on. The first handshake that is complete counts,
    /// and the others are closed. Each costs what a handshake does, 8 at most.
    ///
    /// - Parameters:
    ///   - host: A name such as `example.org`, or an address such as `192.0.2.1`, `[2001:db8::1]` or `fe80::1%eth0`.
    ///   - serverName: The name that the server's certificate has to be for, and that is sent to it unless it is an address; nil, the
    ///     default, for `host`.
    ///   - timeout: How long lookup and handshakes may take together, an hour at most.
    ///   - offersEarlyData: As for an address. Where there is early data, the address that the server of this name had last is tried first, and
    ///     no other: the connection is open at once.
    ///   - willOpen: Called when the handshake is complete, or early data is offered, before ``QUICTransport/StreamService/connectionDidOpen(_:)``.
    ///   - fail: Called when there will be no connection. One of the two is called, once; for a host that cannot be one, before this returns.
    /// - Returns: For those who may want it no more.
    @discardableResult
    public func connect(
        to host: String,
        port: UInt16,
        serverName: String? = nil,
        timeout: Duration = .seconds(10),
        offersEarlyData: Bool = false,
        willOpen: @escaping @Sendable (Connection) -> Void,
        fail: @escaping @Sendable (ConnectError) -> Void
    ) -> ConnectAttempt {
        let number = lastRequest.add(1, ordering: .relaxed).newValue
        do throws(LookupError) {
            let remote = try RemoteHost(host)
            let request = ConnectRequest(
                target: .host(remote, port: port, number: number),
                serverName: serverName ?? remote.serverName,
                timeout: timeout,
                offersEarlyData: offersEarlyData,
                didBegin: { _ in },
                willOpen: willOpen,
                fail: fail
            )
            post(request)
        } catch {
            fail(.unresolved(host: host, error))
        }
        return ConnectAttempt(number: number, mailbox: mailbox)
    }

    private func post(_ request: ConnectRequest) {
        if !mailbox.post(.connect(request)) { request.fail(reason.reason ?? .shutDown) }
    }

    /// The client's statistics at this moment, or at its end.
    ///
    /// - Throws: When its socket failed.
    public func statistics() async throws(ClientError) -> ClientStatistics {
        let current: ClientStatistics? = await withCheckedContinuation { continuation in
            let isPosted = mailbox.post(.report { continuation.resume(returning: $0) })
            if !isPosted { continuation.resume(returning: nil) }
        }
        if let current { return current }
        return try await end.outcome().get()
    }

    /// Closes every connection, tells the servers so, and releases everything.
    ///
    /// - Returns: The last statistics; ``ClientStatistics/hasReturned`` says whether anything stayed.
    /// - Throws: When its socket failed.
    public func shutDown() async throws(ClientError) -> ClientStatistics {
        _ = mailbox.post(.shutDown)
        return try await end.outcome().get()
    }
}
