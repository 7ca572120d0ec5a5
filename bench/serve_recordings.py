"""Serve the recordings over HTTP on loopback with their recorded status and headers.

    python bench/serve_recordings.py [FOLDER] [--port N]

Feeds answer at /rss/PATH, the Mastodon API at /api/v1/..., Hacker News' Firebase API at /v0/... Hosts in Link
headers are rewritten to this server. It prints its address on the first line and runs until it is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Answer = tuple[int, dict[str, str], bytes]
#: Headers that belong to the recorded connection, not to the message.
HOP_BY_HOP = {"transfer-encoding", "content-encoding", "content-length", "connection"}
#: The Mastodon cassettes served: one home timeline, and the sequences that page.
CASSETTES = ("mastodonpy-test_home_tl/", "mastodonpy-test_fetch_remaining/", "rtoot-")


def mastodon_answers(folder: Path) -> dict[str, Answer]:
    """Path with query -> answer; a bare path answers with its first recording."""
    answers: dict[str, Answer] = {}
    for entry in json.loads((folder / "index.json").read_text())["files"]:
        if not entry["file"].startswith(CASSETTES) or entry.get("method") != "GET":
            continue
        url = urlsplit(entry["url"])
        answer = (entry["status"], entry.get("headers", {}), (folder / entry["file"]).read_bytes())
        answers.setdefault(f"{url.path}?{url.query}", answer)
        answers.setdefault(url.path, answer)
    return answers


def localised(headers: dict[str, str], base: str) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    link = re.compile(r"<https?://[^/>]+")
    return {n: link.sub(f"<{base}", v) if n.lower() == "link" else v for n, v in kept.items()}


def make_server(recordings: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of the three kinds of recording; call `serve_forever` on it."""
    mastodon = mastodon_answers(recordings / "mastodon")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self) -> Answer:
            url = urlsplit(self.path)
            if url.path.startswith("/api/v1/accounts/verify_credentials"):
                return 200, {}, b'{"id":"1","username":"reader","acct":"reader"}'
            if url.path.startswith("/api/"):
                missing: Answer = (404, {}, b'{"error":"Record not found"}')
                return mastodon.get(self.path) or mastodon.get(url.path) or missing
            root = recordings / ("hackernews/firebase" if url.path.startswith("/v0/") else "")
            file = (root / url.path.lstrip("/")).resolve()
            if file.is_relative_to(recordings.resolve()) and file.is_file():
                kind = "application/json" if file.suffix == ".json" else "text/xml"
                return 200, {"content-type": kind}, file.read_bytes()
            return (200, {}, b"null") if url.path.startswith("/v0/") else (404, {}, b"not recorded")

        def do_POST(self) -> None:
            """Just enough OAuth to sign in: any code is right, the token opens every timeline."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            grants = {
                "/api/v1/apps": b'{"client_id":"app","client_secret":"secret"}',
                "/oauth/token": b'{"access_token":"recorded","token_type":"Bearer","scope":"read"}',
            }
            body = grants.get(urlsplit(self.path).path)
            self.send(*((200, {"content-type": "application/json"}, body) if body else (404, {}, b"{}")))

        def do_GET(self) -> None:
            self.send(*self.answer())

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in localised(headers, f"http://{self.headers['Host']}").items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    default = os.environ.get("PENCHANT_SHARED", Path(__file__).resolve().parents[2] / "shared")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(default) / "recordings")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = make_server(options.folder, options.port)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
