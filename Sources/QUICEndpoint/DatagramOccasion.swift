/// When a datagram is taken to where it belongs.
enum DatagramOccasion {
    /// It has just arrived.
    case arrival
    /// It is a client's first, and has waited for a turn that has time for its handshake, which is this one.
    case opening
    /// It has waited behind such a one: a second half of the ClientHello is no further step.
    case behindOpening
}
