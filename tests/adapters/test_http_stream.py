"""Connections below the HTTP library: pieces, pauses, ends, failures, TLS."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore
import pytest

from penchant.adapters import http_stream
from penchant.adapters.http_stream import Stream, connect

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def to(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[Stream]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    stream = await connect("127.0.0.1", port, 5.0, None, None)
    try:
        yield stream
    finally:
        await stream.aclose()
        server.close()


async def everything(stream: Stream) -> bytes:
    whole = b""
    while piece := await stream.read(100, 5.0):
        whole += piece
    return whole


async def test_what_is_sent_comes_whole_and_in_order_and_ends() -> None:
    sent = bytes(range(256)) * 20_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5) + sent)
        writer.close()

    async with to(serve) as stream:
        await stream.write(b"hello", 5.0)
        assert await everything(stream) == b"hello" + sent
        assert await stream.read(100, 5.0) == b""


async def test_a_flood_that_nobody_reads_waits_outside() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with pytest.raises(OSError):
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()

    async with to(serve) as stream:
        await stream.read(1, 5.0)
        await asyncio.sleep(0.3)
        assert 0 < stream._wire.waiting < 2 * http_stream._AHEAD
        for _ in range(300):  # and it goes on once somebody reads
            assert await stream.read(65_536, 5.0)


async def test_a_silent_side_and_one_that_takes_nothing_are_given_up() -> None:
    async def serve(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        stream = await connect(*listening.getsockname(), 5.0, None, None)
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, 0.05)
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"x" * (64 << 20), 0.2)
        await stream.aclose()
        with pytest.raises(httpcore.ReadError):
            await stream.read(100, 5.0)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x", 5.0)


async def test_a_reset_is_an_error_and_what_came_before_it_is_not_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stream = await connect(*listening.getsockname(), 5.0, None, None)
        peer, _ = listening.accept()
        peer.sendall(b"first")
        await asyncio.sleep(0.05)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        assert await stream.read(100, 5.0) == b"first"
        with pytest.raises(httpcore.ReadError):
            await stream.read(100, 5.0)


async def test_a_refused_connection_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(httpcore.ConnectError, match="Connection refused"):
            await connect(*taken.getsockname(), 5.0, None, None)


async def test_a_kept_connection_is_found_readable_as_the_library_finds_it() -> None:
    """Which decides whether it is used again: one that the server closed must not be."""
    from httpcore._utils import is_socket_readable

    with socket.create_server(("127.0.0.1", 0)) as listening:
        for end in ("peer closes", "peer speaks", "closed here"):
            stream = await connect(*listening.getsockname(), 5.0, None, None)
            peer, _ = listening.accept()
            plain = stream.get_extra_info("socket")
            assert stream.get_extra_info("is_readable") is is_socket_readable(plain) is False
            if end == "peer speaks":
                peer.sendall(b"x")
            elif end == "peer closes":
                peer.close()
            else:
                await stream.aclose()
            await asyncio.sleep(0.05)
            assert stream.get_extra_info("is_readable") is True, end
            assert stream.get_extra_info("nothing") is None
            await stream.aclose()
            peer.close()


# -- TLS
def _certificate(folder: Path, host: str) -> ssl.SSLContext:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_secured_it_carries_the_same_and_a_cut_end_is_an_end(tmp_path: Path) -> None:
    """Many servers leave without the farewell of TLS; what they sent counts, as it does for browsers."""
    sent = bytes(range(256)) * 10_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = await reader.readexactly(4)
        writer.write(name + sent)
        await writer.drain()
        if name == b"rude":
            while writer.transport.get_write_buffer_size():
                await asyncio.sleep(0.01)
            writer.transport._ssl_protocol._transport.get_extra_info("socket")._sock.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.2)
        writer.close()

    context = _certificate(tmp_path, "here.example")
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    for name in (b"kind", b"rude"):
        async with to(serve, context) as plain:
            stream = await plain.start_tls(trust, "here.example", 5.0)
            await stream.write(name, 5.0)
            assert await everything(stream) == name + sent  # type: ignore[arg-type]
            assert stream.get_extra_info("ssl_object").version().startswith("TLS")


@pytest.mark.parametrize("host", ["elsewhere.example", "stranger"])
async def test_a_wrong_certificate_is_refused_with_its_reason(tmp_path: Path, host: str) -> None:
    async def serve(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        raise AssertionError("nobody should get here")

    context = _certificate(tmp_path, "here.example")
    trust = ssl.create_default_context(cafile=None if host == "stranger" else str(tmp_path / "cert.pem"))
    async with to(serve, context) as stream:
        with pytest.raises(httpcore.ConnectError) as caught:
            await stream.start_tls(trust, "here.example" if host == "stranger" else host, 5.0)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


async def test_a_side_that_never_secures_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with to(serve) as stream:
        with pytest.raises(httpcore.ConnectTimeout):
            await stream.start_tls(ssl.create_default_context(), "here.example", 0.1)
