import Datagrams

// The questions of product code about faults, through the module FaultInjection: it answers the same questions where there are none.

/// A sentence about faults that were chosen and are not understood, with those that are accepted; nil where all are understood, and where there is none.
///
/// A program asks at start: a misspelt control would make a check seem to have failed to notice it.
package var refusal: String? { NegativeControl.refusal ?? FaultPlan.refusal }

// MARK: - Negative controls

/// Whether the ledger may say other than the connections, as any negative control may have it.
package var mayBreakAccounts: Bool { NegativeControl.isAnyChosen }

/// Whether connections that ended are kept, with their routes: ``keep(_:for:)``.
package var keepsClosedConnections: Bool { NegativeControl.keepClosedConnections.isChosen }

/// Whether nothing of ours defends a server.
package var isDefenceless: Bool { NegativeControl.defencesOff.isChosen }

/// Whether every change of a client's address is followed.
package var followsEveryAddress: Bool { NegativeControl.unguardedMigration.isChosen }

/// Whether the deadline of this connection outlives it.
///
/// - Parameter isOccasion: Whether that could be; only then does the occasion count.
package func forgetsTimer(if isOccasion: @autoclosure () -> Bool) -> Bool {
    NegativeControl.forgetTimer.strikes(if: isOccasion())
}

/// Whether the bytes of this stream are not given back.
///
/// - Parameter isOccasion: Whether that could be; only then does the occasion count.
package func leaksRing(if isOccasion: @autoclosure () -> Bool) -> Bool {
    NegativeControl.leakRing.strikes(if: isOccasion())
}

/// Whether this TLS session is not freed.
///
/// - Parameter isOccasion: Whether that could be; only then does the occasion count.
package func dropsSession(if isOccasion: @autoclosure () -> Bool) -> Bool {
    NegativeControl.dropTLSFree.strikes(if: isOccasion())
}

/// Whether the IDs of this connection are remembered: ``keepTombstone(of:for:)``.
///
/// - Parameter isOccasion: Whether that could be; only then does the occasion count.
package func keepsTombstone(if isOccasion: @autoclosure () -> Bool) -> Bool {
    NegativeControl.keepTombstone.strikes(if: isOccasion())
}

/// Races with every other thread that calls it, where that was chosen.
package func raceAtStart() { NegativeControl.raceAtStart() }

/// Lets nobody free `value` any more.
package func leak<Value: ~Copyable>(_ value: consuming Value) {
    unsafe UnsafeMutablePointer<Value>.allocate(capacity: 1).initialize(to: value)
}

/// Keeps an object until ``removeKept(for:_:)``.
package func keep(_ object: AnyObject, for owner: ObjectIdentifier) { KeptObjects.all.keep(object, for: owner) }

/// Remembers an ID until ``removeKept(for:_:)``.
package func keepTombstone<ID>(of id: ID, for owner: ObjectIdentifier) {
    KeptObjects.all.keepTombstone(of: id, for: owner)
}

/// The bytes that the IDs take that were remembered.
package func tombstoneBytes(of owner: ObjectIdentifier) -> Int {
    NegativeControl.keepTombstone.isChosen ? KeptObjects.all.tombstoneBytes(of: owner) : 0
}

/// Lets go of all that was kept for `owner`, of each object after `body` was called with it.
package func removeKept<Kept: AnyObject>(for owner: ObjectIdentifier, _ body: (Kept) -> Void) {
    guard NegativeControl.isAnyChosen else { return }
    for object in KeptObjects.all.take(from: owner) {
        if let kept = object as? Kept { body(kept) }
    }
}

// MARK: - Injected faults

/// Whether sending a batch of datagrams fails this time: a negative errno, or nil when it does not.
package func strikeSend() -> Int32? { FaultPlan.chosen.send?.strike() }

/// Whether receiving a batch of datagrams fails this time: a negative errno, or nil when it does not.
package func strikeReceive() -> Int32? { FaultPlan.chosen.receive?.strike() }

/// Whether waiting for events fails this time: a negative errno, or nil when it does not.
package func strikeWait() -> Int32? { FaultPlan.chosen.wait?.strike() }

/// Whether receiving takes one datagram at a time.
package var receivesSingly: Bool { FaultPlan.chosen.receivesSingly }

/// Whether no socket can be added to an event loop.
package var isLoopFull: Bool { FaultPlan.chosen.isLoopFull }

/// The reading of the monotonic clock when it should say `now`.
package func clockReading(at now: MonotonicInstant) -> MonotonicInstant {
    FaultPlan.chosen.clock?.reading(at: now) ?? now
}

/// The only allocation for connections that fails, counted from 1 by each worker; nil when none is chosen.
package var failingAllocation: Int? { FaultPlan.chosen.allocationNumber }

/// One in so many allocations for connections fails, counted by each worker; nil when none does.
package var failingAllocationInterval: Int? { FaultPlan.chosen.allocationInterval }
