// The seam between the product and the faults that tests ask it for: docs/testing.md, "Negative controls" and "Injected faults".
//
// Product code asks here, with no condition of its own. Only a build with the package trait `NegativeControls` has the faults, which
// are in Tests/InjectedFaults and say what each question means. In any other build the answers are the constants below. Each is a part
// of its caller, where the optimiser removes it together with all that depends on it, and leaves neither a name nor a byte: so they are
// functions of the module, since those of a type that is `package` stay calls.

#if NegativeControls
@_exported public import InjectedFaults
#else
import Datagrams

@_alwaysEmitIntoClient package var refusal: String? { nil }

// MARK: - Negative controls

@_alwaysEmitIntoClient package var mayBreakAccounts: Bool { false }
@_alwaysEmitIntoClient package var keepsClosedConnections: Bool { false }
@_alwaysEmitIntoClient package var isDefenceless: Bool { false }
@_alwaysEmitIntoClient package var followsEveryAddress: Bool { false }
@_alwaysEmitIntoClient package func forgetsTimer(if isOccasion: @autoclosure () -> Bool) -> Bool { false }
@_alwaysEmitIntoClient package func leaksRing(if isOccasion: @autoclosure () -> Bool) -> Bool { false }
@_alwaysEmitIntoClient package func dropsSession(if isOccasion: @autoclosure () -> Bool) -> Bool { false }
@_alwaysEmitIntoClient package func keepsTombstone(if isOccasion: @autoclosure () -> Bool) -> Bool { false }
@_alwaysEmitIntoClient package func raceAtStart() {}

@_alwaysEmitIntoClient package func leak<Value: ~Copyable>(_ value: consuming Value) {}
@_alwaysEmitIntoClient package func keep(_ object: AnyObject, for owner: ObjectIdentifier) {}
@_alwaysEmitIntoClient package func keepTombstone<ID>(of id: ID, for owner: ObjectIdentifier) {}
@_alwaysEmitIntoClient package func tombstoneBytes(of owner: ObjectIdentifier) -> Int { 0 }
@_alwaysEmitIntoClient package func removeKept<Kept: AnyObject>(for owner: ObjectIdentifier, _ body: (Kept) -> Void) {}

// MARK: - Injected faults

@_alwaysEmitIntoClient package func strikeSend() -> Int32? { nil }
@_alwaysEmitIntoClient package func strikeReceive() -> Int32? { nil }
@_alwaysEmitIntoClient package func strikeWait() -> Int32? { nil }
@_alwaysEmitIntoClient package var receivesSingly: Bool { false }
@_alwaysEmitIntoClient package var isLoopFull: Bool { false }
@_alwaysEmitIntoClient package func clockReading(at now: MonotonicInstant) -> MonotonicInstant { now }
@_alwaysEmitIntoClient package var failingAllocation: Int? { nil }
@_alwaysEmitIntoClient package var failingAllocationInterval: Int? { nil }
#endif
