/// Every number of a JSON document, by its path: `drops.empty`. True counts as 1, and false as 0.
public struct ServerCounters: Sendable, Equatable, Decodable {
    private var numbers: [String: Double] = [:]

    /// The numbers given.
    public init(_ numbers: [String: Double] = [:]) {
        self.numbers = numbers
    }

    /// Reads the numbers of an object and of the objects in it; arrays and texts are passed over.
    public init(from decoder: any Decoder) throws {
        try collect(decoder.container(keyedBy: Key.self), at: "")
    }

    /// The number at `path`; nil when there is none.
    public subscript(path: String) -> Double? { numbers[path] }

    /// By how much each number is higher than in `before`; only those that are.
    public func growth(since before: ServerCounters) -> [String: Int] {
        var growth: [String: Int] = [:]
        for (path, number) in numbers where number > before.numbers[path] ?? 0 {
            let difference = number - (before.numbers[path] ?? 0)
            if difference == difference.rounded() { growth[path] = Int(clampingRounded: difference) }
        }
        return growth
    }

    private mutating func collect(_ container: KeyedDecodingContainer<Key>, at path: String) throws {
        for key in container.allKeys {
            let path = path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
            if let nested = try? container.nestedContainer(keyedBy: Key.self, forKey: key) {
                try collect(nested, at: path)
            } else if let number = try? container.decode(Double.self, forKey: key) {
                numbers[path] = number
            } else if let flag = try? container.decode(Bool.self, forKey: key) {
                numbers[path] = flag ? 1 : 0
            }
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
