"""A datagram of a version no server knows: `version_negotiation.py HOST PORT`.

Sends one, reads the answer with a parser written from RFC 9000 §17.2.1, and prints one line of JSON.
"""

import argparse
import json
import os
import socket
from dataclasses import asdict, dataclass

# RFC 9000 §15: versions of the form 0x?a?a?a?a are reserved to exercise version negotiation.
RESERVED_VERSION = 0x1A2A3A4A
# RFC 9000 §14.1: a client's first datagrams are at least this long.
SMALLEST_FIRST_DATAGRAM = 1200
PATIENCE_SECONDS = 5.0


@dataclass
class VersionNegotiation:
    """RFC 9000 §17.2.1, Figure 14."""

    is_long_header: bool
    version: int
    destination_connection_id: str
    source_connection_id: str
    supported_versions: list[int]
    length: int

    @classmethod
    def parse(cls, datagram: bytes) -> "VersionNegotiation":
        version = int.from_bytes(datagram[1:5], "big")
        destination, rest = split_connection_id(datagram[5:])
        source, versions = split_connection_id(rest)
        if len(versions) % 4 != 0:
            raise ValueError(f"{len(versions)} bytes are not a list of versions")
        supported = [int.from_bytes(versions[start : start + 4], "big") for start in range(0, len(versions), 4)]
        return cls(datagram[0] & 0x80 != 0, version, destination.hex(), source.hex(), supported, len(datagram))


def split_connection_id(data: bytes) -> tuple[bytes, bytes]:
    """A connection ID, whose length the first byte says, and what follows."""
    end = 1 + data[0]
    if len(data) < end:
        raise ValueError("the connection ID is cut off")
    return data[1:end], data[end:]


def first_datagram(version: int, destination: bytes, source: bytes) -> bytes:
    """A long header as every version of QUIC has it, and anything after it. RFC 8999 §5.1."""
    header = bytes([0xC0]) + version.to_bytes(4, "big")
    header += bytes([len(destination)]) + destination + bytes([len(source)]) + source
    return header + os.urandom(SMALLEST_FIRST_DATAGRAM - len(header))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    # RFC 8999 allows connection IDs longer than the 20 bytes of version 1.
    destination, source = os.urandom(30), os.urandom(25)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_SECONDS)
        client.connect((arguments.host, arguments.port))
        client.send(first_datagram(RESERVED_VERSION, destination, source))
        answer = VersionNegotiation.parse(client.recv(65535))
    echoes_ids = (answer.destination_connection_id, answer.source_connection_id) == (source.hex(), destination.hex())
    print(json.dumps(asdict(answer) | {"echoes_connection_ids": echoes_ids}))


if __name__ == "__main__":
    main()
