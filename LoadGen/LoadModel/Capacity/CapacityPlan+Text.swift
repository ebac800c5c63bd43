import TextValues

extension CapacityPlan {
    /// The plan for a reader, as aligned plain text that ends in a line break.
    public var text: String {
        var table = TextTable(header: ["arrivals", "share", "per second", "held for", "live", "memory"])
        for share in shares {
            table.append([
                share.kind.title,
                "\(DecimalText.format(share.share * 100, places: 1)) %",
                DecimalText.format(share.ratePerSecond, places: 1),
                "\(DecimalText.format(share.heldSeconds, places: 1)) s",
                DecimalText.format(share.live.values.reduce(0, +), places: 0),
                ByteCountText.readable(share.bytes),
            ])
        }
        table.append(["the process itself", "", "", "", "", ByteCountText.readable(baseBytes)])
        let live = ConnectionState.allCases.map(live).reduce(0, +)
        let rate = DecimalText.format(ratePerSecond, places: 1)
        table.append(["all", "", rate, "", DecimalText.format(live, places: 0), ByteCountText.readable(memoryBytes)])
        return table.text + "\n\n" + states + "\n"
    }

    private var states: String {
        let counts = ConnectionState.allCases.map { "\(DecimalText.format(live($0), places: 0)) \($0.rawValue)" }
        return "at any moment: " + counts.joined(separator: ", ")
    }
}
