extension Int {
    /// The nearest whole number to `value`, or the nearest there is; 0 when `value` is not a number.
    init(clampingRounded value: Double) {
        let rounded = value.isNaN ? 0 : value.rounded()
        self = Int(exactly: rounded) ?? (rounded < 0 ? .min : .max)
    }
}
