"""A model hub on loopback that behaves as told, and small sound model files."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from penchant.app.embed.gguf_format import write

SHA = "c0ffee" * 6 + "c0ff"


def gguf(architecture: str = "llama", kilobytes: int = 1) -> bytes:
    """A sound GGUF file of about this size."""
    file = io.BytesIO()
    numbers = np.random.default_rng(kilobytes).integers(0, 1000, (kilobytes, 256)).astype(np.float32)
    write(file, {"general.architecture": architecture, "general.name": "tiny"}, [("token_embd.weight", numbers)])
    return file.getvalue()


def safetensors(numbers: int = 64) -> bytes:
    """A sound safetensors file."""
    head = json.dumps({"x": {"dtype": "F32", "shape": [numbers], "data_offsets": [0, 4 * numbers]}}).encode()
    return struct.pack("<Q", len(head)) + head + b"\1\2\3\4" * numbers


@dataclass
class Hub:
    """`files`: path of a repository's file -> content. The rest says how it misbehaves; `asked`: what it was asked."""

    address: str = ""
    cdn: str = ""  # where `resolve` redirects to; "": it answers itself
    files: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)  # replaces parts of what is said of a file
    cuts: list[int] = field(default_factory=list)  # the next answers break after so many bytes
    status: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # the next answers to `resolve`
    api: int = 200
    endless: bool = False
    ranges: bool = True
    slow: float = 0.0  # seconds a chunk of 16 KB
    etag: str = '"one"'
    asked: list[SimpleNamespace] = field(default_factory=list)

    def of(self, kind: str) -> list[SimpleNamespace]:
        return [each for each in self.asked if f"/{kind}/" in each.path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.send_error(405)

    def do_GET(self) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        port = self.server.server_address[1]
        hub.asked.append(SimpleNamespace(path=path, headers=dict(self.headers), port=port, line=self.path))
        if path.startswith("/api/models/"):
            self._describe(path)
        elif hub.status:
            status, headers = hub.status.pop(0)
            self._send(status, headers, b'{"error": "no"}')
        elif "/resolve/" in path and hub.cdn and f":{port}" not in hub.cdn:
            self._send(302, {"Location": hub.cdn + path.replace("/resolve/", "/raw/")}, b"")
        else:
            owner, repository, _, _, file = path.strip("/").split("/", 4)
            self._file(f"{owner}/{repository}/{file}")

    def _describe(self, path: str) -> None:
        repository = "/".join(path.split("/")[3:5])
        files = {
            name[len(repository) + 1 :]: data for name, data in self.hub.files.items() if name.startswith(repository)
        }
        if self.hub.api != 200 or not files:
            self._send(self.hub.api if self.hub.api != 200 else 404, {}, b'{"error": "Repository not found"}')
            return
        siblings = []
        for name, data in files.items():
            large = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
            siblings.append(entry | ({"lfs": large | self.hub.said} if not name.endswith(".json") else {}))
        said = {"id": repository, "sha": SHA, "tags": ["license:mit"], "siblings": siblings, "gated": False}
        self._send(200, {"Content-Type": "application/json"}, json.dumps(said).encode())

    def _file(self, name: str) -> None:
        hub = self.hub
        if name not in hub.files:
            self._send(404, {}, b"Entry not found")
            return
        data, start = hub.files[name], 0
        wanted = self.headers.get("Range", "")
        if wanted and hub.ranges and self.headers.get("If-Range", hub.etag) == hub.etag:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last or len(data) - 1)
            if start >= len(data):
                self._send(416, {"Content-Range": f"bytes */{len(data)}"}, b"")
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
            data = data[start : end + 1]
        else:
            self.send_response(200)
        self.send_header("ETag", hub.etag)
        if hub.endless:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self._pour(data)

    def _pour(self, data: bytes) -> None:
        cut = self.hub.cuts.pop(0) if self.hub.cuts else None
        self.close_connection = cut is not None or self.hub.endless
        data = data if cut is None else data[:cut]
        try:
            for at in range(0, len(data), 1 << 14):
                self.wfile.write(data[at : at + (1 << 14)])
                time.sleep(self.hub.slow)
            while self.hub.endless:
                self.wfile.write(b"x" * (1 << 14))
        except OSError:
            self.close_connection = True

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _serve(hub: Hub, handler: type[BaseHTTPRequestHandler] = _Handler) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), {"hub": hub}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    server = _serve(made)
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    made.files["tiny/judge-GGUF/model-Q8_0.gguf"] = gguf(kilobytes=300)
    made.files["tiny/clip/open_clip_model.safetensors"] = safetensors()
    made.files["tiny/clip/open_clip_config.json"] = b'{"model_cfg": {}}'
    made.files["tiny/clip/open_clip_pytorch_model.bin"] = b"\x80pickle"
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def second(hub: Hub) -> Iterator[str]:
    """Another port of the same hub."""
    server = _serve(hub)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def serve() -> Callable[..., ThreadingHTTPServer]:
    return _serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def made() -> SimpleNamespace:
    """Files in the kinds that models come in."""
    return SimpleNamespace(gguf=gguf, safetensors=safetensors, sha=SHA)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, token or other hub of whoever runs the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "hf_token", "hf_endpoint"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
