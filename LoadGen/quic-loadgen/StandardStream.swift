#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Standard output and standard error, unbuffered.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// Whether a person looks at this stream.
    var isTerminal: Bool { isatty(rawValue) == 1 }

    /// The terminal's width in characters; 80 where it is not known.
    var width: Int {
        var size = winsize()
        let isKnown = unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }

    /// Writes `text`; what cannot be written is lost, as there is nobody left to tell.
    func write(_ text: String) {
        try? writeAll(Array(text.utf8), to: rawValue)
    }
}
