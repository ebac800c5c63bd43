import Foundation
import QUICServer
import QUICTransport
import Testing

@testable import EchoServerKit

@Suite struct SecretFileTests {
    /// A path in a folder of its own, which goes when the test is over.
    private final class Place {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secrets-\(UUID().uuidString)")
        var path: String { folder.appending(path: "secret").path }

        init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func write(_ text: String, mode: Int = 0o600) throws {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
    }

    private static let good = """
        quic-echo-server secrets 1
        reset \(String(repeating: "0a", count: 32))
        token \(String(repeating: "f9", count: 32))

        """

    private func refusal(_ path: String) -> String? {
        #expect(throws: SecretFile.Refusal.self) { try SecretFile.open(path) }?.description
    }

    @Test func aFileIsMadeForItsOwnerAloneAndReadAgain() throws {
        let place = try Place()
        let made = try SecretFile.open(place.path)
        #expect(made.resetSecret != made.tokenSecret)
        #expect(try SecretFile.open(place.path) == made)
        let attributes = try FileManager.default.attributesOfItem(atPath: place.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path) == ["secret"])
        let other = try Place()
        #expect(try SecretFile.open(other.path) != made)
    }

    @Test func whatIsInAFileIsWhatTheServerUses() throws {
        let place = try Place()
        try place.write(Self.good)
        let file = try SecretFile.open(place.path)
        #expect(file.resetSecret.bytes == [UInt8](repeating: 0x0a, count: 32))
        #expect(file.tokenSecret.bytes == [UInt8](repeating: 0xf9, count: 32))
        var configuration = ServerConfiguration()
        file.fill(&configuration)
        #expect(configuration.resetSecret == file.resetSecret)
        #expect(configuration.tokenKeys.secret == file.tokenSecret)
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o644, 0o777])
    func aFileThatOthersMayUseIsRefused(mode: Int) throws {
        let place = try Place()
        try place.write(Self.good, mode: mode)
        let reason = "others may read or write it; use chmod 600"
        #expect(refusal(place.path) == "--secret-file \(place.path) is not accepted: \(reason)")
    }

    // A folder that others may write to, such as /tmp: the file may be there before the server is.
    @Test func aFileOfAnotherUserIsRefusedUnlessThatIsRoot() {
        var status = stat()
        status.st_mode = S_IFREG | 0o600
        status.st_uid = 1_000
        #expect(SecretFile.objection(to: status, user: 1_000) == nil)
        #expect(SecretFile.objection(to: status, user: 1_001) == "it belongs to another user; use chown")
        #expect(SecretFile.objection(to: status, user: 0) == "it belongs to another user; use chown")
        status.st_uid = 0
        #expect(SecretFile.objection(to: status, user: 1_000) == nil)
    }

    @Test func whatIsLeftOfAProcessThatDiedIsInNobodysWay() throws {
        let place = try Place()
        try "half".write(toFile: "\(place.path).\(getpid())", atomically: false, encoding: .utf8)
        let made = try SecretFile.open(place.path)
        #expect(try SecretFile.open(place.path) == made)
    }

    @Test func noMessageThatShowsWhatHasASecretShowsTheSecret() throws {
        let place = try Place()
        try place.write(Self.good)
        var configuration = ServerConfiguration()
        let file = try SecretFile.open(place.path)
        file.fill(&configuration)
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(file, to: &dumped)
        let ofSecrets = [0x0a0a_0a0a_0a0a_0a0a, 0xf9f9_f9f9_f9f9_f9f9] as [UInt64]
        for text in [dumped, "\(configuration)", String(reflecting: configuration), "\(file)"] {
            #expect(text.contains("EndpointSecret"))
            for word in ofSecrets { #expect(!text.contains("\(word)")) }
        }
    }

    @Test(
        arguments: [
            "", "secret\n", good.uppercased(), String(good.dropLast()), good + "\n", good + "x",
            good.replacing("0a", with: "0", maxReplacements: 1), good.replacing("0a", with: "0g"),
            good.replacing("reset", with: "token"), good.replacing("secrets 1", with: "secrets 2"),
            String(repeating: good, count: 100),
        ]
    )
    func aFileThatSaysSomethingElseIsRefusedAndLeftAsItIs(text: String) throws {
        let place = try Place()
        try place.write(text)
        #expect(refusal(place.path)?.contains("not a file that this server made") == true)
        #expect(try String(contentsOfFile: place.path, encoding: .utf8) == text)
    }

    @Test func aPathThatLeadsNowhereIsRefused() throws {
        #expect(refusal("/nowhere/secret")?.contains("No such file or directory") == true)
        let place = try Place()
        #expect(refusal(place.folder.path)?.contains("is not a regular file") == true)
    }
}
