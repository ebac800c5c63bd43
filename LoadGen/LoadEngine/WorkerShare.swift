/// Which of the things all workers have in common are one worker's: every `count`-th, from `index` on.
struct WorkerShare: Equatable {
    let index: Int
    let count: Int

    /// How many of the first `total` are this worker's.
    func part(of total: Int) -> Int {
        total <= index ? 0 : (total - index - 1) / count + 1
    }

    /// The number among all that this worker's thing number `own` has.
    func number(of own: Int) -> Int { own * count + index }

    /// The seed of this worker's random values, unlike those of the others.
    ///
    /// The generators that are seeded with it add a constant to their seed again and again: seeds a multiple of that apart
    /// would give two workers the same connection IDs. A thorough mix keeps them apart.
    func seed(from seed: UInt64) -> UInt64 {
        guard index > 0 else { return seed }
        var mixed = seed &+ UInt64(index)
        mixed = (mixed ^ (mixed >> 33)) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ (mixed >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return mixed ^ (mixed >> 33)
    }
}
