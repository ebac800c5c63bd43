import CShims

/// The processors that this process may use: those of its affinity mask, as far as a quota of its control groups pays for them.
struct AvailableProcessors: Sendable, Hashable {
    /// Their numbers, as the system counts them; 0 where the system does not tell.
    let numbers: [UInt32]
    /// Processors that may be busy all of the time; nil for all of them.
    let quota: Double?

    /// The processors at this moment; reads two files of `/proc` and one of each control group.
    static func current() -> AvailableProcessors {
        AvailableProcessors(numbers: allowedNumbers(), root: "")
    }

    /// - Parameters:
    ///   - numbers: The processors of the affinity mask.
    ///   - root: The folder with `proc` and `sys`, without a slash at the end.
    init(numbers: [UInt32], root: String) {
        self.numbers = numbers.isEmpty ? [0] : numbers
        quota = ControlGroups(root: root).processorQuotas.min()
    }

    /// Threads that are busy all of the time for which there is time: a part of a processor is one.
    var count: Int {
        guard let quota else { return numbers.count }
        return min(numbers.count, Int(min(quota, Double(numbers.count)).rounded(.up)))
    }

    /// Lets the calling thread use one of these processors alone, the same for each `index` and another one for the next.
    ///
    /// Nothing happens where the system refuses it, as when the processor was taken away since.
    func pinThread(_ index: Int) {
        _ = qh_processor_pin(numbers[index % numbers.count])
    }

    private static func allowedNumbers() -> [UInt32] {
        let capacity = Int(QH_PROCESSORS_MAX)
        return unsafe [UInt32](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = unsafe max(0, min(capacity, Int(qh_processors_allowed(buffer.baseAddress, Int32(capacity)))))
        }
    }
}
