"""An OpenAI-compatible server on loopback that behaves as told."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

_spec = importlib.util.spec_from_file_location(
    "app_fixtures_of_llm", Path(__file__).resolve().parents[1] / "app" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

cli, until = _fixtures.cli, _fixtures.until


@dataclass
class Said:
    """`asked`: (path, body, headers) so far; the rest is how it answers. `closed`: streams whose reader went away.

    `endless`: whatever is asked, it sends spaces for ever with this status."""

    address: str = ""
    pieces: tuple[str, ...] = ("Hello", " there", ".")
    status: int = 200
    body: bytes | None = None
    location: str = ""
    echo: bool = False
    slow: float = 0.0
    comments: int = 0
    refused: str = ""
    endless: int | None = None
    closed: int = 0
    asked: list[tuple[str, Any, Any]] = field(default_factory=list)

    def of(self, path: str) -> list[tuple[str, Any, Any]]:
        return [each for each in self.asked if each[0] == path]


@pytest.fixture
def openai() -> Iterator[Said]:
    said, over = Said(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            said.asked.append((self.path, None, self.headers))
            if said.endless is not None:
                self._for_ever(said.endless)
                return
            self._whole({"data": [{"id": "tiny-chat"}, {"id": "other"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said.asked.append((self.path, body, self.headers))
            if said.endless is not None:
                self._for_ever(said.endless)
            elif self.path.endswith("/completions") and not self.path.endswith("/chat/completions"):
                self._echoed(body["prompt"])
            elif said.status != 200 or said.body is not None:
                self._raw(said.status, said.body or b"")
            else:
                self._stream()

        def _for_ever(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()
            try:
                while not over.is_set():
                    self.wfile.write(b" " * 64)
                    time.sleep(said.slow)
            except OSError:
                said.closed += 1

        def _echoed(self, prompt: str) -> None:
            if said.refused and prompt == said.refused:
                self._raw(500, b"{}")
                return
            if not said.echo:
                self._raw(404, b'{"error": {"message": "no such service"}}')
                return
            tokens = [prompt[at : at + 4] for at in range(0, len(prompt), 4)]
            values = [None, *[-1.0 - 0.5 * ("bank" in prompt)] * (len(tokens) - 1), -9.0]
            offsets = [4 * at for at in range(len(tokens))]
            told = {"token_logprobs": values, "text_offset": [*offsets, len(prompt)], "tokens": [*tokens, "x"]}
            self._whole({"choices": [{"text": prompt, "logprobs": told}], "usage": {"prompt_tokens": len(tokens)}})

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                for _ in range(said.comments):
                    self.wfile.write(b": still here\n\n")
                    time.sleep(said.slow)
                for piece in said.pieces:
                    data = {"choices": [{"delta": {"content": piece}, "finish_reason": None}]}
                    self.wfile.write(f"data: {json.dumps(data)}\r\n\r\n".encode())
                    self.wfile.flush()
                    time.sleep(said.slow)
                self.wfile.write(b": a comment\n\ndata: [DONE]\n\n")
            except OSError:
                said.closed += 1

        def _whole(self, value: Any) -> None:
            self._raw(200, json.dumps(value).encode())

        def _raw(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if said.location:
                self.send_header("Location", said.location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    said.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield said
    over.set()
    server.shutdown()
    server.server_close()
