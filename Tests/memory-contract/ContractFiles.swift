import FoundationEssentials
import LoadModel
import MemoryContract

/// The files the contract is written in, in the current directory.
enum ContractFiles {
    static let documentPath = "docs/memory-contract.json"

    /// A guide with a table of the contract in it.
    struct Table {
        let path: String
        fileprivate let content: String

        /// Whether it says something else than the document.
        var isStale: Bool {
            get throws { try MarkedBlock.memoryContract.content(of: ContractFiles.text(of: path)) != content }
        }

        /// The whole guide, with the document's table.
        func renewed() throws -> Data {
            Data(try MarkedBlock.memoryContract.replacing(contentOf: ContractFiles.text(of: path), with: content).utf8)
        }
    }

    /// The committed document.
    static func document() throws -> ContractDocument {
        try ContractDocument(json: Data(contentsOf: URL(filePath: documentPath)))
    }

    /// What the guides have to say of `document`.
    static func tables(of document: ContractDocument) throws -> [Table] {
        [
            Table(path: "README.md", content: document.readmeBlock ?? ""),
            Table(path: "docs/memory.md", content: document.memoryBlock),
        ]
    }

    /// Puts the whole of `bytes` at `path`, or leaves what is there.
    static func write(_ bytes: Data, to path: String) throws {
        // A file beside it that then takes its place.
        try bytes.write(to: URL(filePath: path), options: .atomic)
    }

    private static func text(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
}
