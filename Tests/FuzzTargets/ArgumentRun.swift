import Datagrams
import LoadModel
import TextValues

/// The parsers of what users write. What they accept is written again and read again, and must stay what it was.
struct ArgumentRun {
    private let text: String

    init(_ input: [UInt8]) {
        text = String(decoding: input, as: UTF8.self)
    }

    func run() throws {
        if let bytes = try? ByteCountText.parse(text) {
            try expect(bytes >= 0, "\(bytes) bytes from \(text)")
            let again = try? ByteCountText.parse(ByteCountText.format(bytes))
            try expect(again == bytes, "\(bytes) bytes become \(again.map(String.init) ?? "nothing")")
        }
        if let duration = try? DurationText.parse(text) {
            try expect(duration >= .zero, "\(duration) from \(text)")
            let again = try? DurationText.parse(DurationText.format(duration))
            // Beyond nine digits of its unit a duration is written in seconds with a fraction, which is not read.
            try expect(again == nil || again == duration, "\(duration) becomes \(String(describing: again))")
        }
        if let address = SocketAddress(text) {
            try expect(SocketAddress("\(address)") == address, "\(text) is \(address), which is another address")
        }
        if let admin = try? AdminAddress(url: text) {
            let again = try? AdminAddress(url: "http://\(admin.authority)")
            try expect(again == admin, "\(text) is \(admin.authority), which is another address")
        }
        if let threshold = try? Threshold(parsing: text) {
            let again = try? Threshold(parsing: threshold.text)
            try expect(
                again?.text == threshold.text && again?.value == threshold.value,
                "\(text) is \(threshold.text), which is another threshold"
            )
        }
        _ = AbandonPoint(optionName: text)
        _ = AbandonManner(optionName: text)
        for isComplete in [false, true] { _ = try? HTTPResponse(parsing: Array(text.utf8), isComplete: isComplete) }
    }
}
