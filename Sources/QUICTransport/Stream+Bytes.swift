// For applications that have their bytes in arrays and strings.
extension Stream {
    /// Sends `bytes`, as ``write(_:)-(RawSpan)`` does.
    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withRawSpan { bytes throws(StreamError) in try write(bytes) }
    }

    /// Sends `text` in UTF-8, as ``write(_:)-(RawSpan)`` does.
    public func write(_ text: String) throws(StreamError) {
        try write(Array(text.utf8))
    }
}
