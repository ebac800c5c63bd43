"""An independent client of the echo service: `echo_client.py HOST PORT SUBJECT [SIZE…] [OPTION…]`.

Each subject is one conversation with the server; its result is one line of JSON. `echoed` says of each message of the
sizes asked for whether it came back.
"""

import argparse
import asyncio
import random

from aioquic.quic.packet import QuicProtocolVersion
from peer import Client, Result, Server, report

ERROR_CODE = 7
# How long a client that has moved waits where nothing is to come back, and where something is.
(IGNORED_SECONDS, FOLLOWED_SECONDS) = (1.0, 30.0)
# An idle timeout in milliseconds that is more than 2^64 nanoseconds, and for how long nothing is said.
(WRAPPING_IDLE_SECONDS, QUIET_SECONDS) = (18446744073.710, 4.0)
# More than a client may have open at once, so that they only work if each one's end makes room for another.
MANY_STREAMS = 40
# RFC 9000 §15: versions of the form 0x?a?a?a?a are reserved to exercise version negotiation.
RESERVED_VERSION = 0x1A2A3A4A


async def echoes(client: Client, sizes: list[int]) -> list[bool]:
    """Whether each message comes back, on a stream of its own, all at once."""
    messages = [random.Random(size).randbytes(size) for size in sizes]
    return list(await asyncio.gather(*map(client.echo, messages)))


async def echo(server: Server, sizes: list[int]) -> Result:
    """Nothing but messages."""
    async with server.connected("echo") as client:
        return {"echoed": await echoes(client, sizes)}


async def close(server: Server, sizes: list[int]) -> Result:
    """CONNECTION_CLOSE with an application error while a stream is open."""
    async with server.connected("echo") as client:
        echoed = await echoes(client, sizes)
        client.send(b"unfinished", end=False)
        client.close(ERROR_CODE, "enough")
        return {"echoed": echoed}


async def wrong_alpn(server: Server, sizes: list[int]) -> Result:
    """RFC 9001 §8.1: without a common application protocol, alert 120 ends the handshake."""
    async with server.connecting("no-such-protocol") as client:
        await client.wait_closed()
        return {"error_code": client.termination and client.termination.error_code}


async def trust(server: Server, sizes: list[int]) -> Result:
    """A client that verifies the server's certificate; the error with which it gives up when that fails."""
    async with server.connecting("echo") as client:
        try:
            await client.until(lambda: client.handshake is not None)
        except ConnectionError:
            return {"error_code": client.termination and client.termination.error_code}
        return {"echoed": await echoes(client, sizes)}


async def identify(server: Server, sizes: list[int]) -> Result:
    """A client whose certificate the server wants to see; the error with which the server gives up where it does not like it.

    RFC 8446 §4.4.2.4: the client has completed its handshake by then.
    """
    async with server.connecting("echo") as client:
        try:
            await client.until(lambda: client.handshake is not None)
            return {"echoed": await echoes(client, sizes)}
        except ConnectionError:
            return {"error_code": client.termination and client.termination.error_code}


async def version(server: Server, sizes: list[int]) -> Result:
    """A client that begins with a version no server knows. RFC 9000 §6.2."""
    versions = [RESERVED_VERSION, QuicProtocolVersion.VERSION_1]
    async with server.connected("echo", supported_versions=versions, original_version=RESERVED_VERSION) as client:
        return {"echoed": await echoes(client, sizes), "version": client.version}


async def compatible_version(server: Server, sizes: list[int]) -> Result:
    """A client that begins with version 1 and offers version 2. RFC 9368 §2.3."""
    versions = [QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2]
    async with server.connected("echo", supported_versions=versions) as client:
        return {"echoed": await echoes(client, sizes), "version": client.version}


async def resume(server: Server, sizes: list[int]) -> Result:
    """Two connections of each version, the second with the ticket of the first. RFC 8446 §4.6.1."""
    echoed, resumed = [], []
    for version in [QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2]:
        async with server.connected("echo", supported_versions=[version]) as first:
            await first.until(lambda: bool(first.tickets))
        ticket = first.tickets[0]
        async with server.connected("echo", supported_versions=[version], session_ticket=ticket) as second:
            echoed += await echoes(second, sizes)
        resumed += [first.is_resumed, second.is_resumed]
    return {"echoed": echoed, "resumed": resumed}


async def early_data(server: Server, sizes: list[int]) -> Result:
    """Messages before the handshake is complete, with the ticket of a connection before. RFC 9001 §4.6."""
    # A server that moves its clients to another version gives them tickets of that one. RFC 9369 §5.
    versions = [QuicProtocolVersion.VERSION_1]
    async with server.connected("echo", supported_versions=versions) as first:
        await first.until(lambda: bool(first.tickets))
    ticket = first.tickets[0]
    allowed = ticket.max_early_data_size or 0
    messages = [random.Random(size).randbytes(size) for size in sizes]
    async with server.connecting("echo", supported_versions=versions, session_ticket=ticket) as second:
        answers = [second.request(message) for message in messages]
        records = await asyncio.gather(*answers)
        echoed = [record.finished and record.data == message for record, message in zip(records, messages)]
        accepted = second.handshake is not None and second.handshake.early_data_accepted
    return {"echoed": echoed, "allowed": allowed, "resumed": [first.is_resumed, second.is_resumed], "followed": accepted}


async def datagrams(server: Server, sizes: list[int]) -> Result:
    """Datagrams, one after the other, and a stream beside them. RFC 9221."""
    async with server.connected("echo", max_datagram_frame_size=65536) as client:
        messages = [random.Random(size).randbytes(size) for size in sizes]
        echoed = [await client.echo_datagram(message) for message in messages]
        return {"echoed": echoed + await echoes(client, sizes)}


async def unwanted_datagram(server: Server, sizes: list[int]) -> Result:
    """A datagram to a server that takes none: PROTOCOL_VIOLATION. RFC 9221 §3."""
    async with server.connected("echo") as client:
        try:
            await client.echo_datagram(b"unwanted")
        except ConnectionError:
            pass
        return {"error_code": client.termination and client.termination.error_code}


async def key_update(server: Server, sizes: list[int]) -> Result:
    """Two key updates by the client, with messages before, between and after. RFC 9001 §6."""
    async with server.connected("echo") as client:
        echoed = await echoes(client, sizes)
        for _ in range(2):
            await client.ping()
            client.request_key_update()
            echoed += await echoes(client, sizes)
        return {"echoed": echoed}


async def half_echoed_stream(client: Client) -> int:
    """A stream that is open both ways."""
    stream = client.send(b"half", end=False)
    await client.until(lambda: client.streams[stream].data == b"half")
    return stream


async def answering_reset(client: Client, stream: int) -> int | None:
    """The code of the server's RESET_STREAM."""
    await client.until(lambda: client.streams[stream].reset_code is not None)
    return client.streams[stream].reset_code


async def reset(server: Server, sizes: list[int]) -> Result:
    """RESET_STREAM on many streams, one after the other, then messages. RFC 9000 §3.5."""
    async with server.connected("echo") as client:
        codes = []
        for _ in range(MANY_STREAMS):
            stream = await half_echoed_stream(client)
            client.reset(stream, ERROR_CODE)
            codes.append(await answering_reset(client, stream))
        return {"codes": codes, "echoed": await echoes(client, sizes)}


async def stop(server: Server, sizes: list[int]) -> Result:
    """STOP_SENDING on many streams, one after the other, then messages. RFC 9000 §3.5."""
    async with server.connected("echo") as client:
        codes = []
        for number in range(MANY_STREAMS):
            stream = await half_echoed_stream(client)
            client.stop(stream, ERROR_CODE)
            codes.append(await answering_reset(client, stream))
            # A client may end its half, or go on sending until the server tells it to stop as well.
            client.send_more(stream, b"rest", end=number % 2 == 0)
        return {"codes": codes, "echoed": await echoes(client, sizes)}


async def unidirectional(server: Server, sizes: list[int]) -> Result:
    """A unidirectional stream although none is allowed: STREAM_LIMIT_ERROR. RFC 9000 §4.6."""
    async with server.connected("echo") as client:
        allowed = client.unidirectional_streams_allowed
        client.ignore_unidirectional_limit()
        client.send(b"unwanted", unidirectional=True)
        await client.wait_closed()
        return {"allowed": allowed, "error_code": client.termination and client.termination.error_code}


async def away_and_back(server: Server, sizes: list[int], *, with_another_id: bool, patience: float) -> Result:
    """Messages from one port, from another, which the server may ignore, and from the first again."""
    async with server.connected("echo") as client:
        ports = [client.port]
        echoed = await echoes(client, sizes)
        await client.move_to_another_port()
        if with_another_id:
            client.change_connection_id()
        ports.append(client.port)
        try:
            followed = await asyncio.wait_for(client.echo(b"from elsewhere"), patience)
        except TimeoutError:
            followed = False
        client.move_back()
        return {"ports": ports, "followed": followed, "echoed": echoed + await echoes(client, sizes)}


async def endless_idle_timeout(server: Server, sizes: list[int]) -> Result:
    """An idle timeout of 2^64 ns and a little more, which wraps in an arithmetic of nanoseconds. RFC 9000 §18.2."""
    async with server.connected("echo", idle_timeout=WRAPPING_IDLE_SECONDS) as client:
        echoed = await echoes(client, sizes)
        await asyncio.sleep(QUIET_SECONDS)
        return {"echoed": echoed + await echoes(client, sizes)}


async def rebind(server: Server, sizes: list[int]) -> Result:
    """A NAT gives the client another port in the middle of the connection. RFC 9000 §9.3."""
    return await away_and_back(server, sizes, with_another_id=False, patience=FOLLOWED_SECONDS)


async def migrate(server: Server, sizes: list[int]) -> Result:
    """The client moves to another port on purpose, and uses another connection ID there. RFC 9000 §9.5."""
    return await away_and_back(server, sizes, with_another_id=True, patience=FOLLOWED_SECONDS)


async def rebind_in_vain(server: Server, sizes: list[int]) -> Result:
    """The same at a server that does not follow."""
    return await away_and_back(server, sizes, with_another_id=False, patience=IGNORED_SECONDS)


async def migrate_in_vain(server: Server, sizes: list[int]) -> Result:
    """The same at a server that does not follow."""
    return await away_and_back(server, sizes, with_another_id=True, patience=IGNORED_SECONDS)


SUBJECTS = [
    echo, close, wrong_alpn, trust, identify, version, compatible_version, resume, early_data, datagrams, unwanted_datagram, key_update, reset,
    stop, unidirectional, rebind, migrate, rebind_in_vain, migrate_in_vain, endless_idle_timeout,
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("subject", choices=[subject.__name__ for subject in SUBJECTS])
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--authority", help="a PEM file with the certificate to trust")
    parser.add_argument("--certificate", help="a PEM file with the client's certificate")
    parser.add_argument("--private-key", help="a PEM file with its key")
    arguments = parser.parse_args()
    subject = next(subject for subject in SUBJECTS if subject.__name__ == arguments.subject)
    server = Server(arguments.host, arguments.port, arguments.authority, arguments.certificate, arguments.private_key)
    report(subject(server, arguments.sizes))


if __name__ == "__main__":
    main()
