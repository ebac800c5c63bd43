import LoadModel
import PacketWriter

/// Attacks with datagrams that belong to no connection.
extension Attacker {
    func sendEmptyDatagrams() throws {
        let sockets = try openSockets(8)
        try flood { number in sockets[number % sockets.count].send([]) }
    }

    // RFC 8999 §5.1: the form of a long header that every version has.
    func floodUnknownVersions() throws {
        let sockets = try openSockets(16)
        try flood { number in
            let ids = [8] + random(8) + [8] + random(8)
            let padding = [UInt8](repeating: 0, count: 1_200 - 5 - ids.count)
            sockets[number % sockets.count].send([0xc0, 0x1a, 0x2a, 0x3a, 0x4a] + ids + padding)
        }
    }

    // RFC 9000 §21.5: a server must not be made to answer another server.
    func pretendToAnswer() throws {
        // SSDP, WS-Discovery, mDNS, memcached.
        let ports: [UInt16] = [1_900, 3_702, 5_353, 11_211]
        let sockets = try ports.enumerated().map { try openSocket($0.offset, port: $0.element) }
        try flood { number in
            let ids = [8] + random(8) + [8] + random(8)
            let datagram: [UInt8] =
                switch number % 4 {
                // Version Negotiation, RFC 9000 §17.2.1; Retry, §17.2.5; a stateless reset, §10.3; a service's own answer.
                case 0: [0x80, 0, 0, 0, 0] + ids + [0, 0, 0, 1]
                case 1: [0xf0, 0, 0, 0, 1] + ids + random(60)
                case 2: [0x40] + random(40)
                default: Array("HTTP/1.1 200 OK\r\n".utf8)
                }
            sockets[number / 4 % sockets.count].send(datagram)
        }
    }

    func probeResets() throws {
        let sockets = try openSockets(16)
        let lengths = [1, 20, 21, 22, 40, 41, 42, 43, 100, 1_200]
        try flood { number in
            sockets[number % sockets.count].send([0x40] + random(lengths[number % lengths.count] - 1))
        }
    }
}
