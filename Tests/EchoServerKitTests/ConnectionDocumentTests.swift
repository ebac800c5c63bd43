import Datagrams
import EchoServerKit
import Foundation
import QUICServer
import Testing

@Suite struct ConnectionDocumentTests {
    @Test func everyFieldIsDocumented() throws {
        let text = try operatingGuide()
        let section = try #require(text.range(of: "## Connections")).upperBound
        let fields = [
            "id", "state", "age_seconds", "local", "remote", "application_protocol", "streams", "connection_ids",
            "live_bytes", "peak_bytes", "classes", "deadline_seconds",
        ]
        for field in fields { #expect(text[section...].contains("`\(field)`"), "\(field)") }
    }

    @Test func aServerWithoutConnectionsListsNone() async throws {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        let server = try Server(configuration: configuration, services: ServiceList([.echo]).services)
        #expect(ConnectionDocument.all(await server.connections()).isEmpty)
        #expect(try await server.shutDown().hasReturned)
        #expect(await server.connections().allSatisfy(\.isEmpty))
    }
}
