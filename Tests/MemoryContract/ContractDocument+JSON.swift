package import FoundationEssentials

extension ContractDocument {
    /// Reads the document.
    ///
    /// - Throws: `DecodingError` for what is not a document of this form.
    package init(json: Data) throws {
        self = try JSONDecoder().decode(ContractDocument.self, from: json)
    }

    /// The document as it is committed, the same bytes for the same figures.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + [UInt8(ascii: "\n")]
    }
}
