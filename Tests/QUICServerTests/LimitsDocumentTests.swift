import Foundation
import QUICEndpoint
import QUICTransport
import QUICWorkers
import Testing

@testable import QUICServer

/// docs/limits.md says what the code says.
@Suite struct LimitsDocumentTests {
    private static func rows() throws -> [String: String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/limits.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 4, cells[0].hasPrefix("`") else { return nil }
            return (cells[0].trimmingCharacters(in: ["`"]), cells[1])
        }
        return Dictionary(rows) { first, _ in first }
    }

    @Test func everyDefaultIsTheCodes() throws {
        let transport = TransportConfiguration()
        let admission = AdmissionLimits()
        let expected: [String: String] = [
            "handshakeBytesLimit": "\(transport.handshakeBytesLimit)",
            "connectionBytesLimit": "\(transport.connectionBytesLimit)",
            "handshakesBeforeRetry": "\(admission.handshakesBeforeRetry)",
            "handshakesInFlight": "\(admission.handshakesInFlight)",
            "handshakeStepsPerTurn": "\(admission.handshakeStepsPerTurn)",
            "waitingInitials": "\(admission.waitingInitials)",
            "connectionsPerSource": admission.connectionsPerSource.map { "\($0)" } ?? "none",
            "handshakesPerSource": admission.handshakesPerSource.map { "\($0)" } ?? "none",
            "sourcesLimit": "\(admission.sourcesLimit)",
            "statelessRepliesPerSecond": "\(admission.statelessRepliesPerSecond)",
            "streamWindow": "\(transport.streamWindow)",
            "connectionWindow": "\(transport.connectionWindow)",
            "peerBidirectionalStreams": "\(transport.peerBidirectionalStreams)",
            "peerUnidirectionalStreams": "\(transport.peerUnidirectionalStreams)",
            "minimumProgressBytes": "\(transport.minimumProgressBytes)",
            "receivedDatagramBytesLimit": "\(TransportConfiguration.receivedDatagramBytesLimit)",
            "datagramsPerTurn": "\(transport.datagramsPerTurn)",
            "waitingDatagrams": "\(transport.waitingDatagrams)",
            "waitingDatagramBytes": "\(transport.waitingDatagramBytes)",
            "datagramFrameBytesLimit": "\(transport.datagramFrameBytesLimit)",
            "queuedDatagrams": "\(transport.queuedDatagrams)",
            "queuedDatagramBytes": "\(transport.queuedDatagramBytes)",
            "uselessPacketsPerSecond": transport.uselessPacketsPerSecond.map { "\($0)" } ?? "none",
            "uselessPacketsPerSecondWhenBusy": transport.uselessPacketsPerSecondWhenBusy.map { "\($0)" } ?? "none",
            "retainedBytesLimit": transport.retainedBytesLimit.map { "\($0)" } ?? "none",
            "closingBytesLimit": "\(ConnectionSet.closingBytesLimitDefault)",
            "closingPeriodLimit": seconds(ConnectionSet.closingPeriodLimit),
            "closingLimit": "\(ConnectionSet.closingLimitDefault)",
            "inboxCapacity": "\(HandOverInbox.capacityDefault)",
            "workCapacity": "\(WorkInbox.capacityDefault)",
            "workBytesLimit": "\(WorkInbox.bytesLimitDefault)",
            "inboxBytesLimit": "\(HandOverInbox.bytesLimitDefault)",
            "eventLogCapacity": "\(ServerConfiguration().eventLogCapacity)",
            "fileBytesLimit": "\(QlogLimits().fileBytesLimit)",
            "fileLimit": "\(QlogLimits().fileLimit)",
            "directoryBytesLimit": "\(QlogLimits().directoryBytesLimit)",
            "handshakeTimeout": seconds(transport.handshakeTimeout),
            "idleTimeout": seconds(transport.idleTimeout),
            "acknowledgementTimeout": seconds(transport.acknowledgementTimeout),
            "noProgressTimeout": seconds(transport.noProgressTimeout),
            "lifetime": seconds(transport.lifetime),
        ]
        #expect(try Self.rows() == expected)
    }

    private func seconds(_ duration: Duration?) -> String {
        duration.map { "\($0.components.seconds) s" } ?? "none"
    }
}
