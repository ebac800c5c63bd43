/// A part of the server or the load generator that is fed any bytes at all.
///
/// Each input is a run of its own that depends on nothing but its bytes, keys of TLS excepted. What a run promises is
/// checked where it ends: a crash, a hang or a ``FuzzFinding`` is a fault of ours.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Datagrams into an endpoint, some of them under the keys that anyone can derive.
    case datagrams
    /// The parsers of headers, tokens and addresses.
    case headers
    /// Frames into an established connection, under its keys.
    case frames
    /// The parsers of what users write: sizes, durations, thresholds, addresses.
    case arguments

    /// Longer inputs are cut: nothing new is found in them, and they take long.
    package var inputBytesLimit: Int {
        switch self {
        case .datagrams, .frames: 4_096
        case .headers: 1_500
        case .arguments: 256
        }
    }

    /// Feeds `input` to the target.
    ///
    /// - Throws: ``FuzzFinding`` when a promise was broken, and what keeps a run from beginning.
    package func run(_ input: [UInt8]) throws {
        let input = Array(input.prefix(inputBytesLimit))
        switch self {
        case .datagrams: try DatagramRun(input).run()
        case .headers: try HeaderRun(input).run()
        case .frames: try FrameRun(input).run()
        case .arguments: try ArgumentRun(input).run()
        }
    }
}
