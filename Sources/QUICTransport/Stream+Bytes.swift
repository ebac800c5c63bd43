// For applications that have their bytes in arrays and strings.
extension Stream {
    /// Sends `bytes`, as ``write(_:)-(RawSpan)`` does.
    public func write(_ bytes: [UInt8]) throws(StreamError) {
        unsafe try write(bytes.span.bytes)
    }

    /// Sends `text` in UTF-8, as ``write(_:)-(RawSpan)`` does.
    public func write(_ text: String) throws(StreamError) {
        try write(Array(text.utf8))
    }
}
