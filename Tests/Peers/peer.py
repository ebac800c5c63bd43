"""What the QUIC peers share: an aioquic client that records what happens to it, and one line of JSON as the result.

aioquic is an implementation of QUIC that shares no code with this package. Certificates are verified only where an
authority is given, since the server under test makes its own.
"""

import asyncio
import json
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.tls import SessionTicket

# A peer that hangs ends itself, should nobody be left to end it.
LIFETIME_SECONDS = 100
# How long the echo of a datagram may take before it counts as lost.
DATAGRAM_PATIENCE_SECONDS = 1.0

Result = dict[str, Any]


@dataclass
class StreamRecord:
    """What the server did on one stream."""

    data: bytearray = field(default_factory=bytearray)
    finished: bool = False
    reset_code: int | None = None

    @property
    def ended(self) -> bool:
        return self.finished or self.reset_code is not None


class Client(QuicConnectionProtocol):
    """A client's connection with a record of what the server did."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.streams: dict[int, StreamRecord] = {}
        self.datagrams: list[bytes] = []
        self.handshake: events.HandshakeCompleted | None = None
        self.termination: events.ConnectionTerminated | None = None
        self.tickets: list[SessionTicket] = []
        self._changed: list[asyncio.Future[None]] = []
        self._previous_transport: asyncio.DatagramTransport | None = None
        self._other_transport: asyncio.DatagramTransport | None = None

    def quic_event_received(self, event: events.QuicEvent) -> None:
        match event:
            case events.HandshakeCompleted():
                self.handshake = event
            case events.ConnectionTerminated():
                self.termination = event
            case events.DatagramFrameReceived():
                self.datagrams.append(event.data)
            case events.StreamDataReceived():
                record = self._record(event.stream_id)
                record.data += event.data
                record.finished = record.finished or event.end_stream
            case events.StreamReset():
                self._record(event.stream_id).reset_code = event.error_code
        self._wake()

    def session_ticket_received(self, ticket: SessionTicket) -> None:
        self.tickets.append(ticket)
        self._wake()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Waits for something the server does; fails when the connection ends first."""
        while not happened():
            if self.termination is not None:
                raise ConnectionError(f"the connection ended first: {self.termination}")
            change = self._loop.create_future()
            self._changed.append(change)
            await change

    # Streams

    def send(self, data: bytes, *, end: bool = True, unidirectional: bool = False) -> int:
        """Sends on a new stream; returns its number."""
        stream = self._quic.get_next_available_stream_id(is_unidirectional=unidirectional)
        self._record(stream)
        self._quic.send_stream_data(stream, data, end)
        self.transmit()
        return stream

    def send_more(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Sends on a stream that is open, and may end our half of it: FIN."""
        self._quic.send_stream_data(stream, data, end)
        self.transmit()

    async def request(self, data: bytes) -> StreamRecord:
        """What comes back on a new stream, whichever way it ends."""
        record = self.streams[self.send(data)]
        await self.until(lambda: record.ended)
        return record

    async def echo(self, data: bytes) -> bool:
        """Whether these bytes, and nothing else, come back on a new stream."""
        answer = await self.request(data)
        return answer.finished and answer.data == data

    async def echo_datagram(self, data: bytes) -> bool:
        """Whether this datagram comes back; it is sent until it does, since each one may be lost. RFC 9221."""
        while data not in self.datagrams:
            self._quic.send_datagram_frame(data)
            self.transmit()
            try:
                await asyncio.wait_for(self.until(lambda: data in self.datagrams), DATAGRAM_PATIENCE_SECONDS)
            except TimeoutError:
                pass
        return True

    def reset(self, stream: int, code: int) -> None:
        """Sends RESET_STREAM."""
        self._quic.reset_stream(stream, code)
        self.transmit()

    def stop(self, stream: int, code: int) -> None:
        """Sends STOP_SENDING."""
        self._quic.stop_stream(stream, code)
        self.transmit()

    @property
    def unidirectional_streams_allowed(self) -> int:
        return self._quic._remote_max_streams_uni

    def ignore_unidirectional_limit(self) -> None:
        """Breaks the protocol: opens unidirectional streams whatever the server allows."""
        self._quic._remote_max_streams_uni = 1

    # The connection

    @property
    def version(self) -> int | None:
        return self._quic._version

    @property
    def is_resumed(self) -> bool:
        return self.handshake is not None and self.handshake.session_resumed

    @property
    def port(self) -> int:
        """The UDP port it sends from."""
        return self._transport.get_extra_info("sockname")[1]

    async def move_to_another_port(self) -> None:
        """Goes on from another UDP port; the one before stays open."""
        another = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        another.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        another.bind(("::", 0))
        self._previous_transport = self._transport
        self._other_transport, _ = await self._loop.create_datagram_endpoint(lambda: self, sock=another)

    def move_back(self) -> None:
        """Goes on from the port before."""
        self.connection_made(self._previous_transport)

    def release_other_port(self) -> None:
        if self._other_transport is not None:
            self._other_transport.close()

    def _wake(self) -> None:
        waiting, self._changed = self._changed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _record(self, stream: int) -> StreamRecord:
        return self.streams.setdefault(stream, StreamRecord())


@dataclass(frozen=True)
class Server:
    """Where the server under test listens, who vouches for it, and what it is shown."""

    host: str
    port: int
    authority: str | None = None
    # The PEM files with the client's own certificate and its key.
    certificate: str | None = None
    private_key: str | None = None

    @asynccontextmanager
    async def connecting(self, alpn: str, **options: Any) -> AsyncIterator[Client]:
        """A connection that has sent its first flight; closed with CONNECTION_CLOSE at the end."""
        configuration = QuicConfiguration(is_client=True, alpn_protocols=[alpn], server_name="localhost", **options)
        configuration.verify_mode = ssl.CERT_REQUIRED if self.authority else ssl.CERT_NONE
        if self.authority:
            configuration.load_verify_locations(cafile=self.authority)
        if self.certificate:
            configuration.load_cert_chain(self.certificate, self.private_key)
        async with connect(
            self.host,
            self.port,
            configuration=configuration,
            create_protocol=Client,
            session_ticket_handler=lambda ticket: client.session_ticket_received(ticket),
            wait_connected=False,
        ) as client:
            assert isinstance(client, Client)
            client.transmit()
            yield client
        client.release_other_port()

    @asynccontextmanager
    async def connected(self, alpn: str, **options: Any) -> AsyncIterator[Client]:
        """A connection whose handshake is complete; closed with CONNECTION_CLOSE at the end."""
        async with self.connecting(alpn, **options) as client:
            await client.until(lambda: client.handshake is not None)
            yield client


def report(conversation: Coroutine[Any, Any, Result]) -> None:
    """Has the conversation and prints its result."""
    signal.alarm(LIFETIME_SECONDS)
    print(json.dumps(asyncio.run(conversation)))
