// Asks an echo server many things at once, over few connections: pooled-client ADDRESS [REQUESTS]
import Glibc
import QUICAsync
import QUICClient

guard let text = CommandLine.arguments.dropFirst().first, let address = SocketAddress(text) else {
    print("usage: pooled-client ADDRESS [REQUESTS]")
    exit(64)
}
let count = CommandLine.arguments.dropFirst(2).first.flatMap(Int.init) ?? 100

var configuration = ClientConfiguration(applicationProtocols: ["echo"])
// The example's server makes a certificate of its own. Others have one that the system trusts: leave this out.
configuration.verification = .none
let client = try AsyncClient(configuration: configuration)

var limits = PoolLimits()
limits.connectionsPerServer = 4
limits.longUseThreshold = .seconds(10)
let pool = ConnectionPool(of: client, limits: limits) { use in
    print("a connection is in use since \(use.duration): \(use.place)")
}

let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
    for number in 0..<count {
        group.addTask {
            try await pool.withConnection(to: address) { connection in
                let question = Array("request \(number)".utf8)
                let stream = try await connection.openStream()
                try await stream.write(question)
                stream.finish()
                return try await stream.reduce(into: []) { $0 += $1 } == question
            }
        }
    }
    var answered = 0
    for try await isRight in group where isRight { answered += 1 }
    return answered
}
pool.shutDown()
let last = try await client.shutDown()
print(
    "\(answered) of \(count) answered over \(last.connections.created) connections; \(last.memory.liveBytes) bytes are left"
)
exit(answered == count && last.hasReturned ? 0 : 1)
