import PacketWriter
import Testing

/// Transport parameters of a client, and what has to become of its connection.
struct ParameterCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable, Hashable {
        /// The connection works: an echo comes back.
        case echo
        /// The connection lives, and the server sends no byte of a stream, since the client allows none.
        case silence
        /// The server issues more connection IDs than this client has room for, which the client ends.
        case peerClose
        /// The server closes the connection with this error code. RFC 9000 §20.
        case error(UInt64)

        /// RFC 9000 §20.1.
        static let parameterError = Outcome.error(0x08)
        /// RFC 9368 §10.2.
        static let versionNegotiationError = Outcome.error(0x11)
        /// RFC 9001 §4.8: an alert is 0x0100 and its number; 109 is missing_extension.
        static let missingExtension = Outcome.error(0x016d)
    }

    let testDescription: String
    let outcome: Outcome
    /// Makes the parameters from usual ones; nil to leave the extension out.
    let change: @Sendable ([UInt8]) -> [UInt8]?

    init(_ outcome: Outcome, _ description: String, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]?) {
        testDescription = description
        self.outcome = outcome
        self.change = change
    }

    /// One parameter with this value instead of the usual one.
    init(_ outcome: Outcome, _ description: String, _ number: UInt64, _ value: [UInt8]) {
        self.init(outcome, description) { without(number, $0) + encoded(number, value) }
    }

    /// One integer parameter with this value instead of the usual one.
    init(_ outcome: Outcome, _ description: String, _ number: UInt64, _ value: UInt64) {
        self.init(outcome, description, number, varint(value))
    }
}

/// RFC 9000 §18: a transport parameter is its number, the length of its value, and its value.
private func encoded(_ number: UInt64, _ value: [UInt8]) -> [UInt8] {
    varint(number) + varint(UInt64(value.count)) + value
}

/// `parameters` without the one that has this number.
private func without(_ number: UInt64, _ parameters: [UInt8]) -> [UInt8] {
    var (rest, kept) = (parameters[...], [UInt8]())
    while let start = rest.first.map({ _ in rest.startIndex }), let found = takeVarint(&rest),
        let length = takeVarint(&rest)
    {
        rest = rest.dropFirst(Int(length))
        if found != number { kept += parameters[start..<rest.startIndex] }
    }
    return kept
}

private func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    guard let first = bytes.first else { return nil }
    let count = 1 << Int(first >> 6)
    guard bytes.count >= count else { return nil }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.dropFirst().prefix(count - 1).reduce(UInt64(first & 0x3f)) { $0 << 8 | UInt64($1) }
}

// MARK: - The cases

extension ParameterCase {
    static let all =
        times + sizes + credit + streams + acknowledgements + identities + serverOnly + forms + unknown + versions

    /// RFC 9000 §16: the greatest variable-length integer.
    private static let greatest: UInt64 = 1 << 62 - 1

    private static let times = [
        // RFC 9000 §18.2: "Idle timeout is disabled when both endpoints omit this transport parameter or specify a value of 0."
        ParameterCase(.echo, "max_idle_timeout 0", 0x01, 0),
        ParameterCase(.echo, "no max_idle_timeout") { without(0x01, $0) },
        // RFC 9000 §10.1: "To avoid excessively small idle timeout periods, endpoints MUST increase the idle timeout period to be
        // at least three times the current Probe Timeout (PTO)."
        ParameterCase(.echo, "max_idle_timeout of a millisecond", 0x01, 1),
        // RFC 9000 §10.1: "Each endpoint advertises a max_idle_timeout, but the effective value at an endpoint is computed as the
        // minimum of the two advertised values".
        ParameterCase(.echo, "max_idle_timeout of 2^64 ns and a little more", 0x01, 18_446_744_073_710),
        ParameterCase(.echo, "the greatest max_idle_timeout", 0x01, greatest),
    ]

    private static let sizes = [
        // RFC 9000 §18.2: "The default for this parameter is the maximum permitted UDP payload of 65527. Values below 1200 are
        // invalid."
        ParameterCase(.echo, "max_udp_payload_size 1200", 0x03, 1_200),
        ParameterCase(.echo, "max_udp_payload_size 65527", 0x03, 65_527),
        ParameterCase(.echo, "the greatest max_udp_payload_size", 0x03, greatest),
        ParameterCase(.parameterError, "max_udp_payload_size 1199", 0x03, 1_199),
        ParameterCase(.parameterError, "max_udp_payload_size 0", 0x03, 0),
        // RFC 9221 §3: "The default for this parameter is 0, which indicates that the endpoint does not support DATAGRAM frames."
        ParameterCase(.echo, "max_datagram_frame_size 0", 0x20, 0),
        ParameterCase(.echo, "max_datagram_frame_size 65535", 0x20, 65_535),
        ParameterCase(.echo, "the greatest max_datagram_frame_size", 0x20, greatest),
    ]

    private static let credit = [
        // RFC 9000 §4.1: "Senders MUST NOT send data in excess of either limit."
        ParameterCase(.silence, "initial_max_data 0", 0x04, 0),
        ParameterCase(.silence, "no initial_max_data") { without(0x04, $0) },
        ParameterCase(.echo, "the greatest initial_max_data", 0x04, greatest),
        // RFC 9000 §18.2: "In client transport parameters, this applies to streams with an identifier with the least significant
        // two bits set to 0x00".
        ParameterCase(.silence, "initial_max_stream_data_bidi_local 0", 0x05, 0),
        // RFC 9000 §18.2: "If the transport parameter is absent, streams of that type start with a flow control limit of 0."
        ParameterCase(.silence, "no initial_max_stream_data_bidi_local") { without(0x05, $0) },
        ParameterCase(.echo, "the greatest initial_max_stream_data_bidi_local", 0x05, greatest),
        ParameterCase(.echo, "initial_max_stream_data_bidi_remote 0", 0x06, 0),
        ParameterCase(.echo, "the greatest initial_max_stream_data_bidi_remote", 0x06, greatest),
        ParameterCase(.echo, "initial_max_stream_data_uni 0", 0x07, 0),
        ParameterCase(.echo, "the greatest initial_max_stream_data_uni", 0x07, greatest),
    ]

    private static let streams = [
        // RFC 9000 §4.6: "If a max_streams transport parameter or a MAX_STREAMS frame is received with a value greater than 2^60,
        // this would allow a maximum stream ID that cannot be expressed as a variable-length integer; see Section 16. If either is
        // received, the connection MUST be closed immediately with a connection error of type TRANSPORT_PARAMETER_ERROR if the
        // offending value was received in a transport parameter".
        ParameterCase(.echo, "initial_max_streams_bidi 0", 0x08, 0),
        ParameterCase(.echo, "initial_max_streams_bidi 2^60", 0x08, 1 << 60),
        ParameterCase(.parameterError, "initial_max_streams_bidi 2^60 + 1", 0x08, 1 << 60 + 1),
        ParameterCase(.parameterError, "the greatest initial_max_streams_bidi", 0x08, greatest),
        ParameterCase(.echo, "initial_max_streams_uni 0", 0x09, 0),
        ParameterCase(.echo, "initial_max_streams_uni 2^60", 0x09, 1 << 60),
        ParameterCase(.parameterError, "initial_max_streams_uni 2^60 + 1", 0x09, 1 << 60 + 1),
        ParameterCase(.parameterError, "the greatest initial_max_streams_uni", 0x09, greatest),
    ]

    private static let acknowledgements = [
        // RFC 9000 §18.2: "If this value is absent, a default value of 3 is assumed (indicating a multiplier of 8). Values above 20
        // are invalid."
        ParameterCase(.echo, "ack_delay_exponent 0", 0x0a, 0),
        ParameterCase(.echo, "ack_delay_exponent 20", 0x0a, 20),
        ParameterCase(.parameterError, "ack_delay_exponent 21", 0x0a, 21),
        ParameterCase(.parameterError, "the greatest ack_delay_exponent", 0x0a, greatest),
        // RFC 9000 §18.2: "Values of 2^14 or greater are invalid."
        ParameterCase(.echo, "max_ack_delay 0", 0x0b, 0),
        ParameterCase(.echo, "max_ack_delay 2^14 - 1", 0x0b, 1 << 14 - 1),
        ParameterCase(.parameterError, "max_ack_delay 2^14", 0x0b, 1 << 14),
        ParameterCase(.parameterError, "the greatest max_ack_delay", 0x0b, greatest),
    ]

    private static let identities = [
        // RFC 9000 §18.2: "An endpoint that receives a value less than 2 MUST close the connection with an error of type
        // TRANSPORT_PARAMETER_ERROR. If this transport parameter is absent, a default of 2 is assumed."
        ParameterCase(.echo, "active_connection_id_limit 2", 0x0e, 2),
        ParameterCase(.echo, "no active_connection_id_limit") { without(0x0e, $0) },
        ParameterCase(.peerClose, "the greatest active_connection_id_limit", 0x0e, greatest),
        ParameterCase(.parameterError, "active_connection_id_limit 1", 0x0e, 1),
        ParameterCase(.parameterError, "active_connection_id_limit 0", 0x0e, 0),
        // RFC 9000 §7.3: "An endpoint MUST treat the following as a connection error of type TRANSPORT_PARAMETER_ERROR or
        // PROTOCOL_VIOLATION: a mismatch between values received from a peer in these transport parameters and the value sent in
        // the corresponding Destination or Source Connection ID fields of Initial packets."
        ParameterCase(.parameterError, "another initial_source_connection_id", 0x0f, [UInt8](repeating: 7, count: 12)),
        ParameterCase(.parameterError, "an empty initial_source_connection_id", 0x0f, []),
        ParameterCase(
            .parameterError,
            "an initial_source_connection_id of 21 bytes",
            0x0f,
            [UInt8](repeating: 7, count: 21)
        ),
        // RFC 9000 §18.2: "This parameter is a zero-length value."
        ParameterCase(.echo, "disable_active_migration", 0x0c, []),
        ParameterCase(.parameterError, "disable_active_migration with a value", 0x0c, [1]),
        // RFC 9287 §3: "an endpoint that understands this transport parameter MUST treat receipt of a non-empty value of the
        // transport parameter as a connection error of type TRANSPORT_PARAMETER_ERROR."
        ParameterCase(.parameterError, "grease_quic_bit with a value", 0x2ab2, [1]),
    ]

    private static let serverOnly = [
        // RFC 9000 §18.2: "A client MUST NOT include any server-only transport parameter: original_destination_connection_id,
        // preferred_address, retry_source_connection_id, or stateless_reset_token. A server MUST treat receipt of any of these
        // transport parameters as a connection error of type TRANSPORT_PARAMETER_ERROR."
        ParameterCase(.parameterError, "original_destination_connection_id", 0x00, [UInt8](repeating: 7, count: 8)),
        ParameterCase(.parameterError, "stateless_reset_token", 0x02, [UInt8](repeating: 7, count: 16)),
        ParameterCase(.parameterError, "stateless_reset_token of 15 bytes", 0x02, [UInt8](repeating: 7, count: 15)),
        ParameterCase(
            .parameterError,
            "preferred_address",
            0x0d,
            [192, 0, 2, 9, 0x11, 0x51] + [UInt8](repeating: 0, count: 18) + [4, 1, 2, 3, 4]
                + [UInt8](repeating: 7, count: 16)
        ),
        ParameterCase(.parameterError, "retry_source_connection_id", 0x10, [UInt8](repeating: 7, count: 8)),
    ]

    private static let forms = [
        // RFC 9001 §8.2: "endpoints that receive ClientHello or EncryptedExtensions messages without the quic_transport_parameters
        // extension MUST close the connection with an error of type 0x016d (equivalent to a fatal TLS missing_extension alert".
        // RFC 9000 §7.3: "An endpoint MUST treat the absence of the initial_source_connection_id transport parameter from either
        // endpoint or the absence of the original_destination_connection_id transport parameter from the server as a connection
        // error of type TRANSPORT_PARAMETER_ERROR."
        ParameterCase(.missingExtension, "no extension") { _ in nil },
        ParameterCase(.parameterError, "no parameter") { _ in [] },
        ParameterCase(.parameterError, "no initial_source_connection_id") { without(0x0f, $0) },
        // RFC 9000 §7.4: "An endpoint MUST treat receipt of a transport parameter with an invalid value as a connection error of
        // type TRANSPORT_PARAMETER_ERROR."
        ParameterCase(.parameterError, "the last parameter without its last byte") {
            Array(($0 + encoded(0x01, [1, 2])).dropLast())
        },
        ParameterCase(.parameterError, "a number without a length") { $0 + varint(0x01) },
        ParameterCase(.parameterError, "half of a number") { $0 + [0x7f] },
        ParameterCase(.parameterError, "a length beyond the end") { $0 + varint(0x1fff) + varint(greatest) },
        ParameterCase(.parameterError, "an integer without a byte", 0x04, []),
        ParameterCase(.parameterError, "an integer longer than its value", 0x04, [0x80, 0, 1]),
        ParameterCase(.parameterError, "an integer shorter than its value", 0x04, [0x40, 1, 0]),
        // RFC 9000 §16: "Variable-length integers do not need to be encoded on the minimum number of bytes necessary, with the
        // sole exception of the Frame Type field".
        ParameterCase(.echo, "integers in eight bytes each") {
            without(0x0a, $0) + [0xc0, 0, 0, 0, 0, 0, 0, 0x0a] + [0xc0, 0, 0, 0, 0, 0, 0, 8] + [
                0xc0, 0, 0, 0, 0, 0, 0, 3,
            ]
        },
        // RFC 9000 §7.4: "An endpoint SHOULD treat receipt of duplicate transport parameters as a connection error of type
        // TRANSPORT_PARAMETER_ERROR."
        ParameterCase(.parameterError, "the same parameter twice") { $0 + encoded(0x0b, [20]) + encoded(0x0b, [20]) },
        ParameterCase(.parameterError, "all parameters twice") { $0 + $0 },
        ParameterCase(.parameterError, "grease_quic_bit twice") { $0 + encoded(0x2ab2, []) + encoded(0x2ab2, []) },
    ]

    private static let unknown = [
        // RFC 9000 §7.4.2: "An endpoint MUST ignore transport parameters that it does not support."
        ParameterCase(.echo, "an unknown parameter", 0x3f, [1, 2, 3]),
        ParameterCase(.echo, "an unknown parameter of 4,000 bytes", 0x1fff, [UInt8](repeating: 0xff, count: 4_000)),
        ParameterCase(.echo, "the greatest number", greatest, []),
        ParameterCase(.echo, "a thousand unknown parameters") {
            $0 + (0..<1_000).flatMap { encoded(0x2000 + $0, [1]) }
        },
        // RFC 9000 §18.1: "Transport parameters with an identifier of the form "31 * N + 27" for integer values of N are reserved
        // to exercise the requirement that unknown transport parameters be ignored. These transport parameters have no semantics
        // and can carry arbitrary values."
        ParameterCase(.echo, "reserved parameters") {
            $0 + encoded(27, []) + encoded(31 * 1_000 + 27, [0xff]) + encoded(31 * (1 << 57) + 27, [1, 2])
        },
    ]

    private static let (one, two, reserved): ([UInt8], [UInt8], [UInt8]) = (
        [0, 0, 0, 1], [0x6b, 0x33, 0x43, 0xcf], [0x1a, 0x2a, 0x3a, 0x4a]
    )

    private static let versions = [
        // RFC 9368 §4: "If the Version Information was missing, the endpoints MAY complete the handshake."
        ParameterCase(.echo, "no version_information") { without(0x11, $0) },
        ParameterCase(.echo, "version_information with version 1 alone", 0x11, one + one),
        ParameterCase(.echo, "version_information with a reserved version", 0x11, one + one + reserved),
        // RFC 9368 §4: "If that leads to a parsing failure (for example, if it is too short or if its length is not divisible by
        // four), then the endpoint MUST close the connection; if the connection was using QUIC version 1, that connection closure
        // MUST use a transport error of type TRANSPORT_PARAMETER_ERROR."
        ParameterCase(.parameterError, "an empty version_information", 0x11, []),
        ParameterCase(.parameterError, "version_information of 7 bytes", 0x11, one + [0, 0, 0]),
        // RFC 9368 §4: "If an endpoint receives a Chosen Version equal to zero, or any Available Version equal to zero, it MUST
        // treat it as a parsing failure."
        ParameterCase(.parameterError, "version_information that chose version 0", 0x11, [0, 0, 0, 0] + one),
        ParameterCase(.parameterError, "version_information with version 0 available", 0x11, one + one + [0, 0, 0, 0]),
        // RFC 9368 §4: "If a server receives Version Information where the Chosen Version is not included in Available Versions,
        // it MUST treat it as a parsing failure."
        ParameterCase(.parameterError, "version_information whose choice is not available", 0x11, one + two),
        ParameterCase(.parameterError, "version_information without available versions", 0x11, one),
        // RFC 9368 §4: "If the two differ, the server MUST close the connection with a version negotiation error."
        ParameterCase(
            .versionNegotiationError,
            "version_information of another version than the packet's",
            0x11,
            two + two + one
        ),
    ]
}
