import ArgumentParser
import LoadModel

extension AdminClient {
    /// The admin interface that an option names, seen to answer; nil when it names none.
    ///
    /// - Throws: `ValidationError` naming the option and the reason.
    static func ofOption(_ option: String, _ address: AdminAddress?) async throws -> AdminClient? {
        guard let address else { return nil }
        let client = AdminClient(address)
        do {
            _ = try await client.snapshot()
        } catch {
            throw ValidationError("\(option): \(error)")
        }
        return client
    }
}
