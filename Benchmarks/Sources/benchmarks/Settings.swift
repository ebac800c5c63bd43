/// How much to measure, and how to print it.
struct Settings {
    /// Times each side is measured; the sides take turns.
    var rounds = 9
    /// What amounts of work are divided by, so that a smoke test is done in seconds.
    var divisor = 1
    /// Whether to count instructions under callgrind as well.
    var countsInstructions = false
    /// Whether to print JSON.
    var printsJSON = false
    /// This program, linked once or several times with its functions in another order each time.
    var accountedPrograms: [String] = []
    /// The same, built with the trait `WithoutAccounting`, in the same orders.
    var unaccountedPrograms: [String] = []

    /// `amount` of work, or what a smoke test does of it.
    func scaled(_ amount: Int) -> Int { max(amount / divisor, 1) }
}
