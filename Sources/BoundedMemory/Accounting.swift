/// Whether memory that is taken is charged for.
package enum Accounting {
    #if WITHOUT_ACCOUNTING
    /// False: this build is what Benchmarks measures accounting against. It takes as much memory, and counts none.
    @inlinable package static var isOn: Bool { false }
    #else
    /// True in every build but the one that Benchmarks measures accounting against. It costs nothing to ask.
    @inlinable package static var isOn: Bool { true }
    #endif
}
