"""A small IMAP server on loopback with TLS, and a place to write letters."""

from __future__ import annotations

import datetime
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HEAD = "From: Ada <ada@news.example>\nDate: Sun, 01 Mar 2026 10:00:00 +0000\n"


def letter(number: int = 1, body: str = "Hello", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return f"{HEAD}Message-ID: <{number}@news.example>\nSubject: Letter {number}\n{more}\n{body}".encode()


class Imap:
    """Speaks as much IMAP4rev1 as a reader needs. `orders` is what clients sent; `lies` changes its manners."""

    def __init__(self, context: ssl.SSLContext, ca: Path) -> None:
        self.ca = ca
        self.folder = {"INBOX": {}, "Entw&APw-rfe": {}}
        self.validity, self.next = 7, 1
        self.orders: list[str] = []
        self.lies: set[str] = set()
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def put(self, *letters: bytes, folder: str = "INBOX") -> None:
        for each in letters:
            self.folder[folder][self.next] = each.replace(b"\n", b"\r\n")
            self.next += 1

    def address(self, folder: str = "INBOX") -> str:
        return f"imaps://me@127.0.0.1:{self.port}/{folder}"

    def stop(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                file = connection.makefile("rwb")
                self._box: dict[int, bytes] = {}

                def say(line: bytes | str) -> None:
                    file.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
                    file.flush()

                say("* OK ready")
                while line := file.readline():
                    order = line.decode().strip()
                    self.orders.append(order)
                    tag, verb, rest = [*order.split(" ", 2), ""][:3]
                    if not self._answer(tag, verb.upper(), rest, say, file):
                        return
        except (OSError, ValueError):
            return

    def _answer(self, tag: str, verb: str, rest: str, say: Any, file: Any) -> bool:
        if verb == "CAPABILITY":
            say("* CAPABILITY IMAP4rev1" + ("" if "no plain" in self.lies else " AUTH=PLAIN"))
        elif verb == "AUTHENTICATE":
            say("+ ")
            import base64

            said = base64.b64decode(file.readline()).split(b"\0")
            if said != [b"", b"me", b"s3cret"]:
                say(f"{tag} NO [AUTHENTICATIONFAILED] wrong \x1b[31mpassword")
                return True
        elif verb == "LOGIN" and rest != '"me" "s3cret"':
            say(f"{tag} NO wrong")
            return True
        elif verb == "LIST":
            for name in self.folder:
                say(f'* LIST (\\HasNoChildren) "/" "{name}"')
        elif verb in ("EXAMINE", "SELECT"):
            if rest.strip('"') not in self.folder:
                say(f"{tag} NO no such mailbox")
                return True
            self._box = self.folder[rest.strip('"')]
            say(f"* {len(self._box)} EXISTS")
            say(f"* OK [UIDVALIDITY {self.validity}] ok")
            if "no uidnext" not in self.lies:
                say(f"* OK [UIDNEXT {self.next}] ok")
        elif verb == "FETCH" or (verb == "UID" and rest.startswith("FETCH")):
            if "hang" in self.lies:
                threading.Event().wait(30)
            if "cut" in self.lies:
                return False
            self._fetch(verb == "UID", rest.removeprefix("FETCH "), say)
        elif verb == "UID":
            low, high = map(int, re.search(r"(\d+):(\d+)", rest).groups())  # type: ignore[union-attr]
            say("* SEARCH " + " ".join(str(uid) for uid in self._box if low <= uid <= high))
        say(f"{tag} OK done")
        return verb != "LOGOUT"

    def _fetch(self, by_uid: bool, rest: str, say: Any) -> None:
        numbers = rest.split(" ")[0]
        if not by_uid:
            low, high = map(int, numbers.split(":"))
            for place, uid in enumerate(self._box, 1):
                if low <= place <= high:
                    say(f"* {place} FETCH (UID {uid})")
            return
        size = int(re.search(r"<0\.(\d+)>", rest)[1])  # type: ignore[index]
        for uid in map(int, numbers.split(",")):
            body = self._box.get(uid, b"")[:size]
            length = 10**12 if "bomb" in self.lies else len(body)
            if body:
                say(f"* 1 FETCH (FLAGS () BODY[]<0> {{{length}}}\r\n".encode() + body + f" UID {uid})".encode())
        if "flood" in self.lies:
            for _ in range(400_000):
                say(b"* OK " + b"x" * 900)


def certified(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that signs itself, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2)).add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def start(folder: Path) -> Imap:
    certificate = certified(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return Imap(context, certificate)


@pytest.fixture
def imap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imap]:
    running = start(tmp_path_factory.mktemp("tls"))
    yield running
    running.stop()


@pytest.fixture
def write() -> Any:
    """The function `letter`: a message of a number, with a body and headers."""
    return letter
