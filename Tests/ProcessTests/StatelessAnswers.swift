/// The part of `GET /stats` about first packets that were answered without a connection.
struct StatelessAnswers: Decodable {
    let retries: Int
    let versionNegotiations: Int

    private enum CodingKeys: String, CodingKey {
        case retries
        case versionNegotiations = "version_negotiations"
    }
}
