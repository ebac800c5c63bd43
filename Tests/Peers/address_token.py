"""A client that keeps the token of NEW_TOKEN for its next connection: `address_token.py HOST PORT FILE VERSION`. RFC 9000 §8.1.3.

It speaks one version of QUIC, 1 or 2, since a token counts in its own alone (RFC 9369 §5). It brings the token in FILE, if there is one, and writes the token it gets there. Its result is one line of JSON: whether it
brought one.
"""

import argparse
import asyncio
import json
import ssl
from pathlib import Path

from aioquic.asyncio.client import connect
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion

PATIENCE_SECONDS = 20
VERSIONS = {1: QuicProtocolVersion.VERSION_1, 2: QuicProtocolVersion.VERSION_2}


async def visit(host: str, port: int, file: Path, version: int) -> bool:
    brought = file.read_bytes() if file.exists() else b""
    got = asyncio.Event()

    def keep(token: bytes) -> None:
        file.write_bytes(token)
        got.set()

    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=["echo"],
        verify_mode=ssl.CERT_NONE,
        token=brought,
        supported_versions=[VERSIONS[version]],
    )
    async with connect(host, port, configuration=configuration, token_handler=keep) as client:
        await client.wait_connected()
        await asyncio.wait_for(got.wait(), PATIENCE_SECONDS)
    return bool(brought)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("version", type=int, choices=VERSIONS)
    arguments = parser.parse_args()
    visited = visit(arguments.host, arguments.port, arguments.file, arguments.version)
    brought = asyncio.run(asyncio.wait_for(visited, PATIENCE_SECONDS))
    print(json.dumps({"brought": brought}))


if __name__ == "__main__":
    main()
