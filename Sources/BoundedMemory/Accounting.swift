/// Whether memory that is taken is charged for.
///
/// Public, because the compiler calls what is inlinable and visible in the package alone, and each packet asks several times.
public enum Accounting {
    #if WITHOUT_ACCOUNTING
    /// False: this build is what Benchmarks measures accounting against. It takes as much memory, and counts none.
    @inlinable public static var isOn: Bool { false }
    #else
    /// True in every build but the one that Benchmarks measures accounting against. It costs nothing to ask.
    @inlinable public static var isOn: Bool { true }
    #endif
}
