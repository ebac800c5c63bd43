import Glibc
import Synchronization

/// A call to the system that fails every so many times, over all threads.
final class RareFailure: Sendable {
    private static let codes: KeyValuePairs = [
        "EAGAIN": EAGAIN, "EBADF": EBADF, "EINTR": EINTR, "EMSGSIZE": EMSGSIZE, "ENOBUFS": ENOBUFS, "ENOMEM": ENOMEM,
        "EPERM": EPERM,
    ]
    static let names = codes.map(\.key)

    private let name: String
    private let code: Int32
    private let interval: Int
    private let calls = Atomic(0)

    /// - Parameters:
    ///   - text: Such as `EAGAIN/20`.
    ///   - name: What it is announced by.
    init?(_ text: Substring, named name: Substring) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard
            parts.count == 2, let code = Self.codes.first(where: { $0.key == parts[0] })?.value,
            let interval = FaultPlan.count(parts[1], from: 2)
        else { return nil }
        self.name = String(name)
        self.code = code
        self.interval = interval
    }

    /// What this call returns in place of the system's answer: a negative errno, or nil when it does not fail.
    func strike() -> Int32? {
        let call = calls.add(1, ordering: .relaxed).newValue
        guard call.isMultiple(of: interval) else { return nil }
        if call == interval { FaultPlan.announce(name) }
        return -code
    }
}
