import Glibc

/// Reads small files in which the kernel describes the system. proc(5).
enum SystemFile {
    /// The first `limit` bytes of the file at `path`; nil when it cannot be opened or read.
    ///
    /// Never waits: a path that leads to a FIFO gives nothing.
    static func bytes(at path: [UInt8], limit: Int) -> [UInt8]? {
        // A NUL within the path would name another file.
        guard !path.contains(0) else { return nil }
        let name = path.map { CChar(bitPattern: $0) } + [0]
        let descriptor = unsafe open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let chunk = min(limit - bytes.count, 16 << 10)
            var error: Int32 = 0
            let part = unsafe [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                let result = unsafe read(descriptor, buffer.baseAddress, buffer.count)
                if result < 0 { error = errno }
                count = max(0, result)
            }
            if error == EINTR { continue }
            guard error == 0 else { return nil }
            if part.isEmpty { break }
            bytes += part
        }
        return bytes
    }

    /// The first `limit` bytes of the file at `path`; nil when it cannot be opened or read.
    static func bytes(at path: String, limit: Int) -> [UInt8]? {
        bytes(at: Array(path.utf8), limit: limit)
    }

    /// The whole number that is all of `text` but white space at its end; nil when it is anything else.
    ///
    /// Numbers above `Int.max` are nil as well.
    static func number(in text: some BidirectionalCollection<UInt8>) -> Int? {
        var digits = text[...]
        while let last = digits.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: " ") { digits.removeLast() }
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !isTooLarge, !isStillTooLarge else { return nil }
            number = sum
        }
        return number
    }
}
