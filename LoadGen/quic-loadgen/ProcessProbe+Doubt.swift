import Datagrams
import LoadEngine

extension ProcessProbe {
    /// A word of doubt about a process that does not have the target's port: it may be the server's parent, or another
    /// one altogether. It is said on standard error at once, before minutes are spent on the wrong process.
    ///
    /// - Returns: What was said, to be part of a report; nil when there is no doubt.
    @discardableResult func sayDoubt(about target: TargetAddress) -> String? {
        let port = target.address.port
        guard hasUDPPort(port) == false else { return nil }
        let name = name.map { " (\($0))" } ?? ""
        let doubt = "process \(processID)\(name) has no socket on UDP port \(port): is it the server?"
        StandardStream.error.write("quic-loadgen: \(doubt)\n")
        return doubt
    }
}
