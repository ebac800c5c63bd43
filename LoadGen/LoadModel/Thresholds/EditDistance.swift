/// How unlike two names are.
enum EditDistance {
    /// How many characters have to be inserted, removed or replaced to make `second` of `first` (Levenshtein).
    static func between(_ first: String, _ second: String) -> Int {
        let target = Array(second)
        var distances = Array(0...target.count)
        for (row, character) in first.enumerated() {
            var diagonal = distances[0]
            distances[0] = row + 1
            for (column, other) in target.enumerated() {
                let replaced = diagonal + (character == other ? 0 : 1)
                diagonal = distances[column + 1]
                distances[column + 1] = min(replaced, diagonal + 1, distances[column] + 1)
            }
        }
        return distances[target.count]
    }
}
