import Datagrams
import FlyingSocks

/// Why statistics cannot be shown.
struct AdminError: Error, CustomStringConvertible {
    let address: Datagrams.SocketAddress
    let failure: any Error

    /// A sentence such as `cannot serve statistics at 127.0.0.1:9443: Address already in use`.
    var description: String {
        let reason = if case .failed(_, _, let message)? = failure as? SocketError { message } else { "\(failure)" }
        return "cannot serve statistics at \(address): \(reason)"
    }
}
