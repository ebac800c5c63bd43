import Synchronization

/// The objects of ended connections that negative controls keep, by the endpoint that had them.
///
/// It is here, and not in the endpoint, so that there is no place for it in an endpoint of any other build.
final class KeptObjects: Sendable {
    static let all = KeptObjects()

    // Sendable: an element is touched by the thread of its owner only.
    private struct Kept: @unchecked Sendable {
        var objects: [AnyObject] = []
        var tombstones: [Any] = []
    }

    private let kept = Mutex<[ObjectIdentifier: Kept]>([:])

    private init() {}

    func keep(_ object: AnyObject, for owner: ObjectIdentifier) {
        let added = Kept(objects: [object])
        kept.withLock { $0[owner, default: Kept()].objects += added.objects }
    }

    func keepTombstone(of id: Any, for owner: ObjectIdentifier) {
        let added = Kept(tombstones: [id])
        kept.withLock { $0[owner, default: Kept()].tombstones += added.tombstones }
    }

    func tombstoneBytes(of owner: ObjectIdentifier) -> Int {
        kept.withLock { ($0[owner]?.tombstones.capacity ?? 0) * MemoryLayout<Any>.stride }
    }

    /// The objects of `owner`, which has none any more, and no tombstones.
    func take(from owner: ObjectIdentifier) -> [AnyObject] {
        let taken = kept.withLock { $0.removeValue(forKey: owner) }
        return taken?.objects ?? []
    }
}
