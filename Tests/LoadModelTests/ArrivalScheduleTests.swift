import LoadModel
import Testing

@Suite struct ArrivalScheduleTests {
    @Test func startsAreEvenlySpaced() {
        let schedule = ArrivalSchedule(ratePerSecond: 1_000)
        #expect(schedule.start(of: 0) == .zero)
        #expect(schedule.start(of: 1) == .milliseconds(1))
        #expect(schedule.start(of: 4_999) == .milliseconds(4_999))
    }

    @Test func errorsOfRoundingDoNotAddUp() {
        #expect(ArrivalSchedule(ratePerSecond: 3).start(of: 1) == .nanoseconds(333_333_333))
        #expect(ArrivalSchedule(ratePerSecond: 3).start(of: 999_999) == .seconds(333_333))
    }

    @Test func aRateOfNearlyNothingDoesNotOverflow() {
        let schedule = ArrivalSchedule(ratePerSecond: .leastNonzeroMagnitude)
        #expect(schedule.start(of: 1) == .seconds(9_000_000_000))
        #expect(schedule.startedCount(after: .seconds(3_600), of: 10) == 1)
    }

    @Test(arguments: [0.7, 3, 1_000, 99_999.9, 100_000])
    func theStartedCountAgreesWithTheStarts(rate: Double) {
        let schedule = ArrivalSchedule(ratePerSecond: rate)
        for index in [0, 1, 2, 3, 7, 999, 123_456] {
            let start = schedule.start(of: index)
            #expect(schedule.startedCount(after: start, of: 1_000_000) == index + 1)
            #expect(schedule.startedCount(after: start - .nanoseconds(1), of: 1_000_000) == index)
        }
    }

    @Test func noMoreThanTheTotalEverStart() {
        let schedule = ArrivalSchedule(ratePerSecond: 10)
        #expect(schedule.startedCount(after: .seconds(3_600), of: 5) == 5)
        #expect(schedule.startedCount(after: .seconds(1), of: 0) == 0)
        #expect(schedule.startedCount(after: .seconds(-1), of: 5) == 0)
    }

    @Test func aRampStartsWithHalfTheRateAndLosesHalfOfIt() {
        let schedule = ArrivalSchedule(ratePerSecond: 1_000, ramp: .seconds(2))
        #expect(schedule.start(of: 0) == .zero)
        #expect(schedule.start(of: 250) == .seconds(1))
        #expect(schedule.start(of: 1_000) == .seconds(2))
        #expect(schedule.start(of: 2_000) == .seconds(3))
        #expect(schedule.startedCount(before: .seconds(3), of: .max) == 2_000)
    }

    @Test(arguments: [0.7, 3, 1_000, 99_999.9])
    func theStartedCountAgreesWithTheStartsOfARamp(rate: Double) {
        let schedule = ArrivalSchedule(ratePerSecond: rate, ramp: .milliseconds(1_700))
        for index in [0, 1, 2, 3, 7, 999, 123_456] {
            let start = schedule.start(of: index)
            #expect(schedule.startedCount(after: start, of: 1_000_000) == index + 1)
            #expect(schedule.startedCount(after: start - .nanoseconds(1), of: 1_000_000) == index)
        }
    }
}
