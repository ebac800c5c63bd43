import QUICServer

/// A chat over all workers of a server: a line that a member writes reaches everybody else in its room.
///
/// A member opens one stream and writes lines that end in a line feed. The first is the name of its room,
/// which comes back to it when it is in there. A member that does not
/// read is closed once no further line fits into its stream's queue, so that it holds no more than that and delays nobody. A line
/// exists once for all members of a room at a worker, until the last of them has it.
///
/// Owns: a member for each stream, with the beginning of a line. Released by: the end of the stream. Bound: ``lineBytesLimit`` a member,
/// and what ``Stream/writableBytes`` lets wait for it.
public final class ChatRoom: StreamService {
    /// `chat`.
    public let applicationProtocol = "chat"
    /// The longest line, its end included.
    public static let lineBytesLimit = 1_024

    /// Why a member is closed, as an error code of the application.
    public enum CloseCode: UInt64 {
        /// Its line is too long.
        case lineTooLong = 1
        /// It does not read what others write.
        case doesNotRead = 2
    }

    /// One member, with the line it is about to write.
    private final class Member {
        var room: [UInt8]?
        var line: [UInt8] = []
    }

    private let context: ServiceContext
    private var rooms: [[UInt8]: [ObjectIdentifier: Stream]] = [:]

    /// The part of a chat that one worker has.
    public init(_ context: ServiceContext) {
        self.context = context
    }

    /// A member is about to say which room it is in.
    public func streamDidOpen(_ stream: Stream) {
        stream.context = Member()
    }

    /// A member wrote lines, or pieces of them.
    public func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        guard let member = stream.context as? Member else { return }
        for byte in [UInt8](copying: bytes) {
            member.line.append(byte)
            if byte == UInt8(ascii: "\n") {
                take(member.line, of: member, on: stream)
                member.line = []
            } else if member.line.count == Self.lineBytesLimit {
                return close(stream, .lineTooLong)
            }
        }
        // Lines are handled as they come: the member may send as many bytes again.
        stream.extendCredit(bytes.byteCount)
        if isFinal { stream.finish() }
    }

    /// A member has left.
    public func streamDidClose(_ stream: Stream) {
        guard let room = (stream.context as? Member)?.room else { return }
        rooms[room]?[ObjectIdentifier(stream)] = nil
        if rooms[room]?.isEmpty == true { rooms[room] = nil }
    }

    private func take(_ line: [UInt8], of member: Member, on stream: Stream) {
        guard let room = member.room else {
            member.room = line
            rooms[line, default: [:]][ObjectIdentifier(stream)] = stream
            return write(to: stream) { (stream) throws(StreamError) in try stream.write(line) }
        }
        deliver(line, to: room, except: stream)
        for worker in context.workers where worker.index != context.worker.index {
            // A worker with more to do than it can loses lines, and takes no memory for them.
            try? worker.perform(on: ChatRoom.self, keeping: line.count + room.count) { $0.deliver(line, to: room) }
        }
    }

    private func deliver(_ line: [UInt8], to room: [UInt8], except sender: Stream? = nil) {
        let members = rooms[room, default: [:]].values
        // Where there is no memory for a line, it is lost as where a worker has too much to do.
        guard let shared = try? members.first?.connection.share(line) else { return }
        for stream in members where stream !== sender {
            write(to: stream) { (stream) throws(StreamError) in try stream.write(shared) }
        }
    }

    private func write(to stream: Stream, _ line: (Stream) throws(StreamError) -> Void) {
        do throws(StreamError) {
            try line(stream)
        } catch {
            close(stream, .doesNotRead)
        }
    }

    private func close(_ stream: Stream, _ code: CloseCode) {
        stream.connection.close(code: code.rawValue, reasonPhrase: "\(code)")
    }
}
