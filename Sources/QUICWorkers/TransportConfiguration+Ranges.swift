package import QUICTransport
import TextValues

/// The range of each property that has one by itself, for servers and for clients. Relations between properties are the affair of those
/// who plan memory by them.
extension TransportConfiguration {
    /// Timeouts: long enough for a round trip, and never none.
    static let timeoutAccepted = Duration.milliseconds(10)...Duration.seconds(86_400)
    /// Bytes of progress: any at all, up to what nobody is asked for in a minute.
    static let minimumProgressBytesAccepted = 1...(1 << 20)
    /// Receive windows: a full packet at least.
    static let windowBytesAccepted = 2_048...(1 << 30)
    /// Packets a second that may bring nothing.
    static let uselessPacketsAccepted = 100...10_000_000
    /// Datagrams of one connection that may be handled in a turn.
    static let datagramsPerTurnAccepted = 1...65_536
    /// Datagrams of one connection that may wait, to be handled or to be sent.
    static let waitingDatagramsAccepted = 0...65_536

    /// - Throws: ``RefusedValue`` for the first property that is out of its range, seen from the configuration that has this one as
    ///   `transport`.
    package func checkRanges() throws(RefusedValue) {
        try checkTimeouts()
        let progress = Self.minimumProgressBytesAccepted
        try RefusedValue.check(bytes: minimumProgressBytes, in: progress, "transport.minimumProgressBytes")
        let packets = Self.uselessPacketsAccepted
        try RefusedValue.check(uselessPacketsPerSecond, in: packets, "transport.uselessPacketsPerSecond")
        let whenBusy = uselessPacketsPerSecondWhenBusy
        try RefusedValue.check(whenBusy, in: packets, "transport.uselessPacketsPerSecondWhenBusy")
        try RefusedValue.check(datagramsPerTurn, in: Self.datagramsPerTurnAccepted, "transport.datagramsPerTurn")
        let waiting = Self.waitingDatagramsAccepted
        try RefusedValue.check(waitingDatagrams, in: waiting, "transport.waitingDatagrams")
        try RefusedValue.check(queuedDatagrams, in: waiting, "transport.queuedDatagrams")
        try Self.check(streamWindow, "transport.streamWindow")
        try Self.check(connectionWindow, "transport.connectionWindow")
    }

    private func checkTimeouts() throws(RefusedValue) {
        let accepted = Self.timeoutAccepted
        try RefusedValue.check(idleTimeout, in: accepted, "transport.idleTimeout")
        try RefusedValue.check(handshakeTimeout, in: accepted, "transport.handshakeTimeout")
        try RefusedValue.check(acknowledgementTimeout, in: accepted, "transport.acknowledgementTimeout")
        try RefusedValue.check(noProgressTimeout, in: accepted, "transport.noProgressTimeout")
        try RefusedValue.check(lifetime, in: accepted, "transport.lifetime")
    }

    private static func check(_ window: WindowRange, _ property: String) throws(RefusedValue) {
        let accepted = windowBytesAccepted
        guard !accepted.contains(window.initialBytes) || !accepted.contains(window.maximumBytes) else { return }
        throw RefusedValue(property: property, value: "\(window)", accepted: RefusedValue.text(bytes: accepted))
    }
}
