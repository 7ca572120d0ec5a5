"""A network of one machine: every name has an address, every address is this machine, and each packet is noted.

Runs inside a network namespace of its own (`enter`), as its root. Nothing of it reaches a real network.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

#: Exit code where the machine does not allow a namespace.
CANNOT = 3
_INSIDE = "PENCHANT_BENCH_INSIDE"
_ETH_ALL, _SYN, _ACK = 0x0003, 0x02, 0x10


def enter() -> None:
    """Start this script again in a namespace of its own; returns only inside. Ends with CANNOT where it may not."""
    if os.environ.get(_INSIDE):
        return
    for tool in ("unshare", "ip", "mount"):
        if shutil.which(tool) is None:
            print(f"cannot: there is no {tool} (util-linux, iproute2)", file=sys.stderr)
            raise SystemExit(CANNOT)
    how = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    if subprocess.run([*how, "true"], capture_output=True).returncode:
        print("cannot: this machine allows no network namespace (root, or user namespaces)", file=sys.stderr)
        raise SystemExit(CANNOT)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolver:
        resolver.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        resolver.flush()
        steps = (
            "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo;"
            f' mount --bind {resolver.name} "$(readlink -f /etc/resolv.conf)" && exec "$@"'
        )
        command = [*how, "sh", "-c", steps, "sh", sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(command, env={**os.environ, _INSIDE: "1"}).returncode)


def address_of(name: str) -> str:
    """The made-up public address of a name."""
    first, second = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return f"93.184.{first}.{second}"


class Sink:
    """Names asked for, requests that came, and every packet that began something: (protocol, address, port)."""

    def __init__(self, pages: dict[tuple[str, str], tuple[str, bytes]]) -> None:
        self.names: set[str] = set()
        self.requests: list[str] = []
        self.begun: set[tuple[str, str, int]] = set()
        self.pages = pages
        self._sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_ALL))
        self._sniffer.bind(("lo", 0))
        self._dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._dns.bind(("127.0.0.1", 53))
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host = self.headers.get("Host", "")
                sink.requests.append(f"{host}{self.path}")
                kind, body = sink.pages.get((host, self.path), ("", b""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._http = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Handler)
        for work in (self._sniff, self._resolve, self._http.serve_forever):
            threading.Thread(target=work, daemon=True).start()

    def _sniff(self) -> None:
        while True:
            frame = self._sniffer.recv(65_535)
            kind, packet = struct.unpack("!H", frame[12:14])[0], frame[14:]
            if kind == 0x0800 and len(packet) >= 20:
                self._note(packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[(packet[0] & 15) * 4 :])
            elif kind == 0x86DD and len(packet) >= 40:
                self._note(packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[40:])

    def _note(self, protocol: int, address: str, rest: bytes) -> None:
        if protocol == 6 and len(rest) > 13 and rest[13] & (_SYN | _ACK) == _SYN:
            self.begun.add(("tcp", address, struct.unpack("!H", rest[2:4])[0]))
        elif protocol == 17 and len(rest) > 4:
            source, port = struct.unpack("!HH", rest[:4])
            if source != 53:  # the resolver's own answers
                self.begun.add(("udp", address, port))

    def _resolve(self) -> None:
        while True:
            query, peer = self._dns.recvfrom(4_096)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
                at += query[at] + 1
            name, kind = ".".join(labels).lower(), struct.unpack("!H", query[at + 1 : at + 3])[0]
            self.names.add(name)
            question, count = query[12 : at + 5], int(kind == 1)
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address_of(name)) if count else b""
            self._dns.sendto(query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, count, 0, 0) + question + answer, peer)


def picture(folder: Path) -> bytes:
    """A small PNG."""
    from PIL import Image

    path = folder / "picture.png"
    Image.effect_noise((64, 48), 40).convert("RGB").save(path)
    return path.read_bytes()
