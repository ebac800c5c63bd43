import TextValues

extension ByteCountText {
    /// `bytes` for a reader, to the nearest whole one.
    static func readable(_ bytes: Double) -> String {
        readable(Int(clampingRounded: bytes))
    }
}
