import Synchronization

/// Something of one thread, on its way to another.
///
/// Safe to share: whoever takes the value out is the only one who has it.
final class Handover<Value>: Sendable {
    private struct Contents: @unchecked Sendable {
        var value: Value?
    }

    private let contents: Mutex<Contents>

    init(_ value: Value) {
        contents = Mutex(Contents(value: value))
    }

    /// The value, for whom asks first; nil for everybody after that.
    func take() -> Value? {
        contents.withLock { $0.value.take() }
    }
}
