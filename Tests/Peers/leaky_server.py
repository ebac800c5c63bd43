"""A server that forgets to forget: `leaky_server.py KEY_FILE CERTIFICATE_FILE [--leak KIND]`.

An independent echo server that looks after its connections as servers do: a table, timeouts, something held for each
connection, a note of those that are gone, contexts of requests. All of it is given back, but for one kind with
`--leak`, each of which took down a real program (docs/loadgen.md, "Five leaks that happened"). Prints the port it listens
on and its process number.
"""

import argparse
import asyncio
import gc
import os
import signal

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration

# What ended connections leave in the table; half-open ones that nobody gives up; what failed connections held; a note of
# every connection that is gone; the contexts of requests.
KINDS = ["table", "handshake", "failure", "tombstone", "request"]
COLLECTION_INTERVAL_SECONDS = 0.5
HELD_BYTES = 512 * 1024
# A server that nobody ends ends itself.
LIFETIME_SECONDS = 110


class Context:
    """What a request needs until it is answered: its body, and a buffer to work in."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.buffer = written_buffer()


def written_buffer() -> bytearray:
    """Memory whose pages are there, as those of a buffer are that was used."""
    return bytearray(b"\x55") * HELD_BYTES


class State:
    """What the server remembers beside aioquic's table."""

    def __init__(self, leak: str | None, tombstone_bytes: int) -> None:
        self.leak = leak
        self.tombstone_bytes = tombstone_bytes
        self.held: dict[int, bytearray] = {}
        self.gone: list[bytes] = []
        self.contexts: list[Context] = []


class LeakyEcho(QuicConnectionProtocol):
    """Sends back what it receives once all of it is there."""

    state: State

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.is_established = False
        self.requests: dict[int, Context] = {}
        self.state.held[id(self)] = written_buffer()

    def quic_event_received(self, event: events.QuicEvent) -> None:
        match event:
            case events.HandshakeCompleted():
                self.is_established = True
            case events.StreamDataReceived():
                if event.stream_id not in self.requests:
                    self.requests[event.stream_id] = Context()
                self.requests[event.stream_id].body += event.data
                if event.end_stream:
                    self.answer(event.stream_id)

    def answer(self, stream: int) -> None:
        context = self.requests.pop(stream)
        self._quic.send_stream_data(stream, bytes(context.body), end_stream=True)
        self.transmit()
        if self.state.leak == "request":
            self.state.contexts.append(context)

    def release(self) -> None:
        """What is to be done when the connection has ended, however it did."""
        if self.state.leak != "failure" or self.is_established:
            self.state.held.pop(id(self), None)
        if self.state.leak == "tombstone":
            self.state.gone.append(os.urandom(self.state.tombstone_bytes))

    def _handle_timer(self) -> None:
        # Without a deadline, and with nothing else to do for it, a half-open connection stays for ever.
        if self.state.leak != "handshake" or self.is_established or self._quic._close_event is not None:
            super()._handle_timer()


class LeakyServer(QuicServer):
    """aioquic's server, which takes ended connections out of its table, unless told not to."""

    def _connection_terminated(self, protocol: QuicConnectionProtocol) -> None:
        assert isinstance(protocol, LeakyEcho)
        if protocol.state.leak == "table":
            return
        protocol.release()
        for connection_id in [key for key, value in self._protocols.items() if value is protocol]:
            del self._protocols[connection_id]


async def serve(arguments: argparse.Namespace) -> None:
    configuration = QuicConfiguration(
        is_client=False, alpn_protocols=["echo"], idle_timeout=arguments.idle_timeout
    )
    configuration.load_cert_chain(arguments.certificate_file, arguments.key_file)
    LeakyEcho.state = State(arguments.leak, arguments.tombstone_bytes)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: LeakyServer(configuration=configuration, create_protocol=LeakyEcho),
        local_addr=("127.0.0.1", arguments.port),
    )
    print("listening on", transport.get_extra_info("sockname")[1], flush=True)
    print("process", os.getpid(), flush=True)
    while True:
        # An ended connection is a cycle of references, and the collector would come late in so small a server.
        gc.collect()
        await asyncio.sleep(COLLECTION_INTERVAL_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key_file")
    parser.add_argument("certificate_file")
    parser.add_argument("--leak", choices=KINDS)
    parser.add_argument("--tombstone-bytes", type=int, default=48)
    parser.add_argument("--idle-timeout", type=float, default=2.0)
    parser.add_argument("--lifetime", type=int, default=LIFETIME_SECONDS)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    signal.alarm(arguments.lifetime)
    asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
