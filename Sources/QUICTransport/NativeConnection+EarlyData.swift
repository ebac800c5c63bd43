internal import CNgtcp2

extension NativeConnection {
    /// Begins a client's connection with the transport parameters that its server had when it gave a ticket, so that streams can be
    /// opened at once; false where they make no sense. RFC 9000 §7.4.1.
    func remember(parameters: [UInt8]) -> Bool {
        unsafe ngtcp2_conn_decode_and_set_0rtt_transport_params(pointer, parameters, parameters.count) == 0
    }

    /// The server has rejected a client's early data. ngtcp2 forgets all streams, and calls nobody for it.
    func forgetEarlyData() {
        unsafe _ = ngtcp2_conn_tls_early_data_rejected(pointer)
    }
}
