"""Servers whose certificates are wrong: made by themselves, expired, of another host, and TLS that is none."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path


def certificate(folder: Path, name: str, host: str, *, days: int) -> tuple[Path, Path]:
    """(certificate, key) files, valid for so many days from now (negative: expired)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=400))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / f"{name}.pem", folder / f"{name}.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return cert, private


def _serve(listening: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            wire, _ = listening.accept()
        except OSError:
            return
        with contextlib.suppress(OSError):
            wire.settimeout(5)
            if context is None:
                wire.sendall(b"\x16\x03\x01" + b"\xff" * 4000)
            else:
                context.wrap_socket(wire, server_side=True).recv(1000)
        wire.close()


@contextlib.contextmanager
def tls_servers(folder: Path) -> Iterator[dict[str, str]]:
    """Name -> https address of each."""
    kinds = {"own certificate": ("localhost", 90), "expired": ("localhost", -5), "other host": ("bank.example", 90)}
    sockets, found = [], {}
    for number, name in enumerate([*kinds, "no TLS"]):
        context = None
        if name in kinds:
            host, days = kinds[name]
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate(folder, str(number), host, days=days))
        listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_serve, args=(listening, context), daemon=True).start()
        sockets.append(listening)
        found[name] = f"https://localhost:{listening.getsockname()[1]}/"
    try:
        yield found
    finally:
        for each in sockets:
            each.close()
