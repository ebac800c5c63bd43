"""Datagrams no server can make sense of: `garbage.py HOST PORT SEED COUNT`.

One third random bytes, one third cut or bent first packets of real clients, one third long headers with random
contents; each kind in every length from 0 to 1500. The same seed sends the same datagrams, but for the first packets,
whose keys are fresh. Prints one line of JSON.
"""

import argparse
import json
import random
import socket
import time

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

LONGEST = 1500
REAL_CLIENTS = 30
# Datagrams in a row before the server gets a moment to read them: fewer than fit into a socket's default queue.
BURST = 64
PAUSE_SECONDS = 0.001


def first_packet() -> bytes:
    """The Initial of a client that really wants to connect."""
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, alpn_protocols=["echo"]))
    client.connect(("127.0.0.1", 1), now=0.0)
    return client.datagrams_to_send(now=0.0)[0][0]


class Garbage:
    """A sequence of datagrams that follows from its seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._packets = [first_packet() for _ in range(REAL_CLIENTS)]

    def datagram(self, number: int) -> bytes:
        length = number % (LONGEST + 1)
        # 1501 lengths and 3 kinds have no common divisor: each length meets each kind.
        match number % 3:
            case 0:
                return self._random.randbytes(length)
            case 1:
                return self._bent_packet(length)
            case _:
                return self._long_header(length)

    def _bent_packet(self, length: int) -> bytes:
        """A real first packet, cut or lengthened to `length`; in every other one a bit is wrong."""
        packet = bytearray(self._random.choice(self._packets)[:length].ljust(length, b"\0"))
        if packet and self._random.random() < 0.5:
            packet[self._random.randrange(length)] ^= 1 << self._random.randrange(8)
        return bytes(packet)

    def _long_header(self, length: int) -> bytes:
        """Every packet type of version 1, with connection IDs of every length, and then noise."""
        first = bytes([0xC0 | self._random.randrange(64)])
        ids = b"".join(bytes([size]) + self._random.randbytes(size) for size in self._random.choices(range(21), k=2))
        header = first + (1).to_bytes(4, "big") + ids
        return (header + self._random.randbytes(length))[:length]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    garbage = Garbage(arguments.seed)
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number in range(arguments.count):
            client.sendto(garbage.datagram(number), (arguments.host, arguments.port))
            sent += 1
            if number % BURST == 0:
                time.sleep(PAUSE_SECONDS)
    print(json.dumps({"seed": arguments.seed, "sent": sent}))


if __name__ == "__main__":
    main()
