import TextValues

extension LifeTable {
    /// One line for each point and manner, under a header.
    package var text: String {
        let header = [
            "point", "manner", "lives", "vanished", "bytes", "most", "seconds", "longest", "  ended by",
        ]
        let rows = AbandonPoint.allCases.flatMap { point in
            AbandonManner.allCases.map { cells(of: self[point, $0], point, $0) }
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { Self.line($0, widths) }.joined(separator: "\n")
    }

    private func cells(of row: Row, _ point: AbandonPoint, _ manner: AbandonManner) -> [String] {
        let causes = row.causes.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return [
            point.rawValue, manner.rawValue, "\(row.lives)", "\(row.vanished)", "\(row.meanBytesHeld)",
            "\(row.bytesHeld.most)", Self.seconds(row.meanHeldFor), Self.seconds(row.heldFor.longest),
            "  " + causes.map { "\($0.key) \($0.value)" }.joined(separator: ", "),
        ]
    }

    private static func seconds(_ duration: Duration) -> String {
        DecimalText.format(duration.fractionalSeconds, places: 2)
    }

    /// Words aligned left, numbers right.
    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        let lastColumn = cells.count - 1
        return cells.enumerated().map { column, cell in
            let padding = String(repeating: " ", count: widths[column] - cell.count)
            return (2..<lastColumn).contains(column) ? padding + cell : column == lastColumn ? cell : cell + padding
        }.joined(separator: "  ")
    }
}
