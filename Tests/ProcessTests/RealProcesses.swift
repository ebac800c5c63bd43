import Testing

/// The executables as their users run them, watched from outside: started on loopback, spoken to by implementations of
/// QUIC that share no code with this package, and ended by a signal.
///
/// One test at a time, with a core to itself at least. `scripts/test` builds what they start.
@Suite(.serialized, .timeLimit(.minutes(2)))
enum RealProcesses {}
