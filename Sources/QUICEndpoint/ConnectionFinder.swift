package import QUICTransport

/// An endpoint whose connections are found by their handles.
package protocol ConnectionFinder: AnyObject {
    /// The live connection that answers to `handle`.
    func connection(_ handle: ConnectionHandle) -> Connection?
}

extension Endpoint: ConnectionFinder {}
extension ClientEndpoint: ConnectionFinder {}
