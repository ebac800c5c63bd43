import TextValues

/// Every way of vanishing: points by manners.
public struct AbandonMatrix: Sendable, Equatable, Codable {
    /// What was measured, a cell for each point and manner that was tried.
    public let cells: [MatrixCell]

    /// The matrix of these cells.
    public init(_ cells: [MatrixCell]) {
        self.cells = cells
    }

    /// The cell of one way of vanishing; nil when it was not tried.
    public subscript(point: AbandonPoint, manner: AbandonManner) -> MatrixCell? {
        cells.first { $0.point == point && $0.manner == manner }
    }

    /// The cell whose connections cost the most, in bytes held times seconds held; nil when nothing was measured.
    public var worst: MatrixCell? {
        cells.filter { $0.held != nil && $0.gap == nil }.max {
            ($0.held?.byteSecondsPerConnection ?? 0) < ($1.held?.byteSecondsPerConnection ?? 0)
        }
    }

    /// The table for a reader, as aligned plain text that ends in a line break: for each way of vanishing, bytes held
    /// for a connection and the seconds they were held. `>` is memory that had not come back when it was last looked
    /// at.
    public var text: String {
        let manners = AbandonManner.allCases.filter { manner in cells.contains { $0.manner == manner } }
        var table = TextTable(header: ["abandoned"] + manners.map(\.rawValue))
        for point in AbandonPoint.allCases where cells.contains(where: { $0.point == point }) {
            table.append([point.rawValue] + manners.map { self[point, $0]?.text ?? "-" })
        }
        return "\(table.text)\n\(worstLine.map { "\n\($0)\n" } ?? "")"
    }

    private var worstLine: String? {
        guard let worst, let held = worst.held else { return nil }
        let cost = ByteCountText.readable(held.byteSecondsPerConnection)
        return "costliest: \(worst.point.rawValue), \(worst.manner.rawValue): \(cost) × s per connection"
    }
}

extension MatrixCell {
    /// What a table shows: `31 KiB × 10.0 s`.
    public var text: String {
        guard let held, gap == nil else { return (gap ?? .notRead).rawValue }
        let seconds = "\(held.hasReturned ? "" : ">")\(DecimalText.format(held.seconds, places: 1)) s"
        return "\(ByteCountText.readable(held.bytesPerConnection)) × \(seconds)"
    }
}
