import QUICAsync
import QUICServer

/// Serves echoes with tasks, until the server is shut down.
package func serveEchoes(_ server: AsyncServer) async {
    await server.run { connection in
        await withDiscardingTaskGroup { group in
            for await stream in connection.streams {
                group.addTask { await echo(stream) }
            }
        }
    }
}

private func echo(_ stream: ByteStream) async {
    do {
        for try await chunk in stream { try await stream.write(chunk) }
        stream.finish()
    } catch {
        // The client reset the stream, or the connection has ended.
    }
}
