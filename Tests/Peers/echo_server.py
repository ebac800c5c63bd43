"""An independent echo server: `echo_server.py KEY_FILE CERTIFICATE_FILE [--keep]`.

Prints the port it listens on and its process number. With `--keep` it makes the mistake of many a server: every
connection stays in a list after its end.
"""

import argparse
import asyncio
import gc
import os
import signal
import time

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration

IDLE_TIMEOUT_SECONDS = 10.0
COLLECTION_INTERVAL_SECONDS = 0.5
# A collection takes 0.1 s and more where many connections are kept: clients would wait for it on a busy machine.
QUIET_SECONDS = 0.4
# A server that nobody ends ends itself.
LIFETIME_SECONDS = 110
kept: list[QuicConnectionProtocol] = []


class Echo(QuicConnectionProtocol):
    """Sends back what it receives."""

    def quic_event_received(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.StreamDataReceived):
            self._quic.send_stream_data(event.stream_id, event.data, event.end_stream)
            self.transmit()


class KeptEcho(Echo):
    """The same, in a list that nobody clears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        kept.append(self)


class Server(QuicServer):
    """Knows when the last datagram came."""

    last_arrival_seconds = 0.0

    def datagram_received(self, data: bytes | str, addr: tuple) -> None:
        self.last_arrival_seconds = time.monotonic()
        super().datagram_received(data, addr)


async def serve(arguments: argparse.Namespace) -> None:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["echo"], idle_timeout=IDLE_TIMEOUT_SECONDS)
    configuration.load_cert_chain(arguments.certificate_file, arguments.key_file)
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Server(configuration=configuration, create_protocol=KeptEcho if arguments.keep else Echo),
        local_addr=("127.0.0.1", 0),
    )
    print("listening on", transport.get_extra_info("sockname")[1], flush=True)
    print("process", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(COLLECTION_INTERVAL_SECONDS)
        # An ended connection is a cycle of references, and the collector would come late in so small a server.
        if time.monotonic() - server.last_arrival_seconds > QUIET_SECONDS:
            gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key_file")
    parser.add_argument("certificate_file")
    parser.add_argument("--keep", action="store_true")
    signal.alarm(LIFETIME_SECONDS)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
