import BoundedMemory

/// What ngtcp2's pools keep of streams that are closed.
extension Connection {
    /// The bytes beyond those that ngtcp2 once did with; 0 while a stream is open, and in the handshake.
    public var retainedBytes: Int {
        streams.count > 0 ? 0 : max(0, account.liveBytes(of: .transport) - Int(leanTransportBytes))
    }

    /// Takes note of what ngtcp2 holds while no stream is open, as before the first one is.
    ///
    /// That one may come in the datagram that completes the handshake.
    func noteLeanTransport() {
        guard streams.count == 0, !isHandshaking else { return }
        leanTransportBytes = min(leanTransportBytes, UInt32(clamping: account.liveBytes(of: .transport)))
    }

    /// The end of a connection whose pools keep more than they may, once no stream uses them.
    func endOfRetention() -> ConnectionEnd? {
        noteLeanTransport()
        guard let limit = configuration.retainedBytesLimit, retainedBytes > limit else { return nil }
        return .close(.retainedMemory)
    }
}
