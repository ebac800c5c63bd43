import QUICTransport

/// The certificate of all runs: making one takes longer than most of them.
enum ServerTLS {
    private static let context = Result {
        try TLSServerContext(certificate: .selfSigned, protocols: try ApplicationProtocols(["echo"]))
    }

    static func shared() throws -> TLSServerContext { try context.get() }
}
