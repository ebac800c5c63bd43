package import BoundedMemory
package import QUICPackets

/// The qlog of one connection: records that wait in a buffer, and then go to a file of a ``QlogDirectory``.
///
/// Only whole records are kept. The log ends with the first that finds no room, so that it has no gaps.
///
/// Owns: a buffer of 8 KiB, charged as ``MemoryClass/table``, and a place in the directory. Released by: ``close(_:)``. Bound:
/// ``QlogLimits/fileBytesLimit`` on disk.
@safe
package final class QlogFile {
    private let directory: QlogDirectory
    private let name: ConnectionID
    private let buffer: UnsafeMutableRawBufferPointer
    private var bufferedBytes = 0
    private var bufferedRecords = 0
    private var writtenBytes = 0
    private var hasEnded = false

    /// Two of ngtcp2's largest records: its own buffer has 4 KiB.
    package static let bufferBytes = 8 << 10

    /// A log without a file yet; nil, and counted, where the directory has no place for one more.
    package init?(in directory: QlogDirectory, named name: ConnectionID, account: MemoryAccount) {
        guard directory.takeFile() else { return nil }
        self.directory = directory
        self.name = name
        unsafe buffer = .allocate(byteCount: Self.bufferBytes, alignment: 1)
        account.charge(self, to: .table)
        unsafe account.charge(MemoryBlock.bytes(of: UnsafeRawPointer(buffer.baseAddress)), to: .table)
    }

    /// Takes one record.
    package func append(_ record: RawSpan) {
        guard !record.isEmpty else { return }
        if !hasEnded { makeRoom(for: record.byteCount) }
        guard !hasEnded else { return directory.noteDroppedRecords(1) }
        unsafe record.withUnsafeBytes { record in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[bufferedBytes...]).copyMemory(from: record)
        }
        bufferedBytes += record.byteCount
        bufferedRecords += 1
    }

    /// Writes the rest and gives everything back, at the end of the connection.
    package func close(_ account: MemoryAccount) {
        flush()
        if writtenBytes == 0 { directory.giveBackFile() }
        hasEnded = true
        unsafe account.release(MemoryBlock.bytes(of: UnsafeRawPointer(buffer.baseAddress)), from: .table)
        account.release(self, from: .table)
        unsafe buffer.deallocate()
    }

    /// Leaves room for `count` bytes in the buffer and in the file, or ends the log.
    private func makeRoom(for count: Int) {
        let isWithinFile = writtenBytes + bufferedBytes + count <= directory.limits.fileBytesLimit
        if !isWithinFile || count > Self.bufferBytes - bufferedBytes { flush() }
        guard !hasEnded, !isWithinFile || count > Self.bufferBytes else { return }
        hasEnded = true
        directory.noteCutLog()
    }

    private func flush() {
        guard bufferedBytes > 0 else { return }
        let isGranted = directory.takeBytes(bufferedBytes)
        let isWritten =
            unsafe isGranted
            && directory.append(
                UnsafeRawBufferPointer(rebasing: buffer[..<bufferedBytes]),
                to: name,
                at: writtenBytes
            )
        if isWritten {
            writtenBytes += bufferedBytes
        } else {
            hasEnded = true
            if isGranted { directory.giveBackBytes(bufferedBytes) }
            if isGranted { directory.noteFailedLog() } else { directory.noteCutLog() }
            directory.noteDroppedRecords(bufferedRecords)
        }
        (bufferedBytes, bufferedRecords) = (0, 0)
    }
}
