/// Allocator hooks for a C library that takes four functions and a user data pointer, as ngtcp2's `ngtcp2_mem` does.
///
/// The user data is ``MemoryAccount/userData`` of the connection's account. Every block is charged to
/// ``MemoryClass/transport`` with what the system's allocator set aside for it, and refused with NULL beyond
/// ``MemoryAccount/bytesLimit``. A hook costs a few nanoseconds on top of the system's allocator.
///
/// The library has to check for NULL after every allocation. ngtcp2 does; GnuTLS does not, so its memory is charged with
/// ``MemoryAccount/charge(_:to:)`` and never refused.
public enum TransportAllocator {
    /// `malloc`. A size of 0 gives a block, as ngtcp2 would take NULL for a refusal.
    public static let allocate: @Sendable @convention(c) (Int, UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        { size, userData in
            unsafe withAccount(userData) { unsafe $0.allocate(size, for: .transport) }
        }

    /// `free`.
    public static let free: @Sendable @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void =
        { block, userData in
            unsafe withAccount(userData) { unsafe $0.free(block, from: .transport) }
        }

    /// `calloc`. NULL when the product of count and size overflows.
    public static let allocateZeroed:
        @Sendable @convention(c) (Int, Int, UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
            { count, size, userData in
                unsafe withAccount(userData) { unsafe $0.allocateZeroed(count, size, for: .transport) }
            }

    /// `realloc`. A size of 0 is taken for 1; when it is refused the old block stays as it was.
    public static let reallocate:
        @Sendable @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
            { block, size, userData in
                unsafe withAccount(userData) { unsafe $0.reallocate(block, size, for: .transport) }
            }

    /// Calls `body` with the account at `userData`, without retaining it: a retain and release cost more than the rest.
    @inline(__always)
    private static func withAccount<Result>(
        _ userData: UnsafeMutableRawPointer?,
        _ body: (MemoryAccount) -> Result
    ) -> Result {
        guard let userData = unsafe userData else { preconditionFailure("an allocator hook needs its account") }
        return unsafe Unmanaged<MemoryAccount>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
    }
}

extension MemoryAccount {
    /// This account as the user data of the hooks in ``TransportAllocator``. It does not keep the account alive.
    @unsafe
    public var userData: UnsafeMutableRawPointer {
        unsafe Unmanaged.passUnretained(self).toOpaque()
    }
}
