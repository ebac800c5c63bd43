import EchoServerKit
import QUICServer
import QUICTransport
import Testing
import TextValues

@Suite struct ServiceListTests {
    @Test(arguments: ["echo", "hq-interop", "h3", "echo,hq-interop", "h3,echo,hq-interop"])
    func servicesAreReadInOrder(text: String) throws {
        let list = try ServiceList(text)
        #expect(list.services.map(\.applicationProtocol).joined(separator: ",") == text)
        #expect(list.description == text)
    }

    @Test(arguments: ["", ",", "echo,", "Echo", "h2", "echo, h3", "echo,echo"])
    func anythingElseIsRefused(text: String) throws {
        let error = #expect(throws: TextValueError.self) { try ServiceList(text) }
        let accepted = "one or more of echo, hq-interop, h3, separated by commas, each once"
        #expect(error?.description == "\"\(text)\" is not a list of application protocols: use \(accepted)")
    }
}
