import EchoService
import Foundation
import MemoryContract

/// The document and the files around it.
enum Contracts {
    /// A measurement of this code, made once for all tests.
    static let measured = Result { try ContractMeasurement(services: [EchoService()]).measure() }

    /// What is committed.
    static func committed() throws -> ContractDocument {
        try ContractDocument(json: committedJSON())
    }

    /// The bytes of docs/memory-contract.json.
    static func committedJSON() throws -> Data {
        try Data(contentsOf: root.appending(path: "docs/memory-contract.json"))
    }

    /// A file of this package.
    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The folder of Package.swift.
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
