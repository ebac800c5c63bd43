/// The least, the middle and the greatest of some numbers.
struct Spread {
    let minimum: Int
    let median: Int
    let maximum: Int

    /// - Precondition: There is at least one number.
    init(_ numbers: [Int]) {
        let sorted = numbers.sorted()
        precondition(!sorted.isEmpty, "a spread needs a number")
        minimum = sorted[0]
        median = sorted[sorted.count / 2]
        maximum = sorted[sorted.count - 1]
    }
}
