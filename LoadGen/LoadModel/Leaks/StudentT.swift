/// Student's t distribution: how many standard errors wide a 95 % confidence interval is when only a few points say how
/// large the error is.
enum StudentT {
    private static let first: [Double] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ]

    /// The two-sided critical value for 95 %.
    ///
    /// - Precondition: There is at least one degree of freedom.
    static func criticalValue(degreesOfFreedom: Int) -> Double {
        precondition(degreesOfFreedom > 0)
        guard degreesOfFreedom > first.count else { return first[degreesOfFreedom - 1] }
        // The first terms of the expansion around the normal distribution (Cornish-Fisher), exact to 0.0001 here.
        let degrees = Double(degreesOfFreedom)
        return 1.959964 + 2.372271 / degrees + 2.822468 / (degrees * degrees)
    }
}
