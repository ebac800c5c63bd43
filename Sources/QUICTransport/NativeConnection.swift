import BoundedMemory
internal import CNgtcp2

/// The one owner of an `ngtcp2_conn`.
///
/// Owns: the `ngtcp2_conn` and all it allocated. Released by: `deinit`.
@safe
struct NativeConnection: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe ngtcp2_conn_del(pointer)
    }
}

/// What ngtcp2 and GnuTLS keep pointers to as long as a connection lives: its allocator, and the way back to it.
///
/// Owns: one block of 56 bytes, charged as ``MemoryClass/table``. Released by: ``free(_:)``, after the
/// `NativeConnection`.
@safe
struct NativeContext: ~Copyable {
    @unsafe
    struct Contents {
        var memory: ngtcp2_mem
        var reference: ngtcp2_crypto_conn_ref
    }

    private let pointer: UnsafeMutablePointer<Contents>

    init(memory: ngtcp2_mem, reference: ngtcp2_crypto_conn_ref, account: MemoryAccount) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: Contents(memory: memory, reference: reference))
        unsafe account.charge(MemoryBlock.bytes(of: pointer), to: .table)
    }

    /// Gives the block back, once nothing points to it any more.
    consuming func free(_ account: MemoryAccount) {
        unsafe account.release(MemoryBlock.bytes(of: pointer), from: .table)
        unsafe pointer.deallocate()
    }

    var memory: UnsafeMutablePointer<ngtcp2_mem> {
        unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: ngtcp2_mem.self)
    }

    var reference: UnsafeMutablePointer<ngtcp2_crypto_conn_ref> {
        let offset = unsafe MemoryLayout<Contents>.offset(of: \.reference) ?? 0
        return unsafe (UnsafeMutableRawPointer(pointer) + offset).assumingMemoryBound(to: ngtcp2_crypto_conn_ref.self)
    }
}
