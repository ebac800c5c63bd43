internal import CNgtcp2
public import Datagrams

/// Proves that a client receives at the address it sends from, by tokens it has to bring back. RFC 9000 §8.1.
public struct AddressValidation: Sendable {
    /// What a client's token proves.
    public enum Verdict: Sendable, Hashable {
        /// There was no token, or one for a later connection that is no longer good: the address is not proven.
        case unvalidated
        /// The client answered our Retry. It first wrote to `originalDestination`.
        case retried(originalDestination: ConnectionID)
        /// The token of an earlier connection from this address.
        case known
        /// The client answered our Retry with a token that counted before. It first wrote to `originalDestination`.
        case retriedAgain(originalDestination: ConnectionID)
        /// A Retry token that is forged, expired or of another address.
        case invalid

        /// Whether the client receives at the address it sends from.
        package var provesAddress: Bool {
            switch self {
            case .retried, .known: true
            case .unvalidated, .retriedAgain, .invalid: false
            }
        }

        /// What a token for a proven address proves when it is not the first time: nothing, but a client that answered
        /// a Retry still has to see that in the handshake. RFC 9000 §7.3.
        package var whenUsedBefore: Verdict {
            switch self {
            case .retried(let original): .retriedAgain(originalDestination: original)
            case .known: .unvalidated
            case .unvalidated, .retriedAgain, .invalid: self
            }
        }
    }

    /// How long the answer to a Retry may take. RFC 9000 §8.1.3: tokens sent in Retry packets SHOULD expire quickly.
    public static let retryTokenLifetime = Duration.seconds(10)
    /// How long the token of an earlier connection proves the address.
    public static let regularTokenLifetime = Duration.seconds(3_600)

    private let keys: TokenKeys

    /// Tokens under keys derived from `secret`: another secret's tokens prove nothing.
    public init(secret: EndpointSecret) {
        self.init(keys: TokenKeys(secret: secret))
    }

    /// Tokens under `keys`.
    public init(keys: TokenKeys) {
        self.keys = keys
    }

    /// What the token of `initial` proves about `remote`.
    public func verdict(on initial: InitialPacket, from remote: SocketAddress, at now: MonotonicInstant) -> Verdict {
        guard initial.hasRetryToken || initial.hasRegularToken else { return .unvalidated }
        let time = keys.time(at: now)
        let current = verdict(on: initial, from: remote, at: time, key: keys.current(at: time))
        if current.provesAddress { return current }
        return verdict(on: initial, from: remote, at: time, key: keys.previous(at: time))
    }

    private func verdict(
        on initial: InitialPacket,
        from remote: SocketAddress,
        at time: MonotonicInstant,
        key: EndpointSecret
    ) -> Verdict {
        if initial.hasRetryToken {
            let original = verifyRetry(initial, from: remote, at: time, key: key)
            return original.map { .retried(originalDestination: $0) } ?? .invalid
        }
        // RFC 9000 §8.1.3: a server can treat an invalid NEW_TOKEN token as if there were none.
        let key = self.key(key, of: QUICVersion(rawValue: initial.version))
        return verifyRegular(initial.token, from: remote, at: time, key: key) ? .known : .unvalidated
    }

    /// A token for NEW_TOKEN: it proves `remote` in a later connection that begins with `version`.
    ///
    /// RFC 9369 §5: "Servers MUST validate the originating version of any session ticket or token and MUST NOT accept one issued
    /// from a different version."
    public func regularToken(
        for remote: SocketAddress,
        version: QUICVersion = .v1,
        at now: MonotonicInstant
    ) -> [UInt8]? {
        let time = keys.time(at: now)
        let key = key(keys.current(at: time), of: version)
        let token = unsafe [UInt8](unsafeUninitializedCapacity: Int(qh_regular_token_bytes)) { space, count in
            let written = unsafe key.withBytes { secret in
                unsafe remote.withNative { address, length in
                    unsafe ngtcp2_crypto_generate_regular_token(
                        space.baseAddress,
                        secret.baseAddress,
                        secret.count,
                        address,
                        length,
                        time.nanoseconds
                    )
                }
            }
            count = max(0, written)
        }
        return token.isEmpty ? nil : token
    }

    /// The form of `key` for the tokens of `version`: version 1's are those of servers that spoke no other.
    private func key(_ key: EndpointSecret, of version: QUICVersion) -> EndpointSecret {
        version == .v1 ? key : key.derived(for: UInt64(version.rawValue))
    }

    /// A token for a Retry that answers `initial`, whose sender is to write to `retrySource` next.
    package func retryToken(
        for initial: InitialPacket,
        retrySource: ConnectionID,
        remote: SocketAddress,
        at now: MonotonicInstant
    ) -> [UInt8]? {
        let time = keys.time(at: now)
        let key = keys.current(at: time)
        let token = unsafe [UInt8](unsafeUninitializedCapacity: Int(qh_retry_token_bytes)) { space, count in
            let written = unsafe key.withBytes { secret in
                unsafe remote.withNative { address, length in
                    unsafe retrySource.withNative { retrySource in
                        unsafe initial.destination.withNative { original in
                            unsafe ngtcp2_crypto_generate_retry_token2(
                                space.baseAddress,
                                secret.baseAddress,
                                secret.count,
                                initial.version,
                                address,
                                length,
                                retrySource,
                                original,
                                time.nanoseconds
                            )
                        }
                    }
                }
            }
            count = max(0, written)
        }
        return token.isEmpty ? nil : token
    }

    private func verifyRetry(
        _ initial: InitialPacket,
        from remote: SocketAddress,
        at time: MonotonicInstant,
        key: EndpointSecret
    ) -> ConnectionID? {
        var original = ngtcp2_cid()
        let status = unsafe key.withBytes { secret in
            unsafe remote.withNative { address, length in
                unsafe initial.destination.withNative { destination in
                    unsafe ngtcp2_crypto_verify_retry_token2(
                        &original,
                        initial.token,
                        initial.token.count,
                        secret.baseAddress,
                        secret.count,
                        initial.version,
                        address,
                        length,
                        destination,
                        Self.retryTokenLifetime.nativeNanoseconds,
                        time.nanoseconds
                    )
                }
            }
        }
        return status == 0 ? ConnectionID(original) : nil
    }

    private func verifyRegular(
        _ token: [UInt8],
        from remote: SocketAddress,
        at time: MonotonicInstant,
        key: EndpointSecret
    ) -> Bool {
        unsafe key.withBytes { secret in
            unsafe remote.withNative { address, length in
                unsafe ngtcp2_crypto_verify_regular_token(
                    token,
                    token.count,
                    secret.baseAddress,
                    secret.count,
                    address,
                    length,
                    Self.regularTokenLifetime.nativeNanoseconds,
                    time.nanoseconds
                )
            }
        } == 0
    }
}
