"""The worker listens to a Mastodon server: new, edited and deleted posts come through the ordinary visit, at once."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from penchant.adapters import secrets
from penchant.adapters.mastodon_api import token_key
from penchant.app.store import Store
from penchant.app.streaming_lane import LIVE

ACCOUNT = "ada@127.0.0.1"
Until = Callable[..., None]


class Town:
    """A server with a home timeline that can be changed, and streams into which events can be put."""

    def __init__(self) -> None:
        self.posts: dict[int, str] = {1: "the first"}
        self.streams: list[queue.SimpleQueue[bytes | None]] = []
        self.asked: list[str] = []
        self.status = 200
        self.began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        town = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                town.serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, wire: Any) -> None:
        path = urlsplit(wire.path).path
        self.asked.append(wire.path)
        if path.startswith("/api/v1/streaming/"):
            return self.stream(wire)
        if path == "/api/v2/instance":
            return self.answer(wire, {"configuration": {"urls": {"streaming": self.base.replace("http", "ws")}}})
        if path == "/api/v1/timelines/home":
            return self.answer(wire, [self.status_of(n) for n in sorted(self.posts, reverse=True)])
        number = int(path.rpartition("/")[2]) if path.startswith("/api/v1/statuses/") else 0
        return self.answer(wire, self.status_of(number)) if number in self.posts else self.answer(wire, {}, 404)

    def stream(self, wire: Any) -> None:
        if self.status != 200:
            return self.answer(wire, {"error": "no"}, self.status)
        waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        wire.send_response(200)
        wire.send_header("Content-Type", "text/event-stream")
        wire.end_headers()
        wire.wfile.write(b":)\n")
        self.streams.append(waiting)
        while (piece := waiting.get()) is not None:
            wire.wfile.write(piece)
        wire.close_connection = True

    def answer(self, wire: Any, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        wire.send_response(status)
        wire.send_header("Content-Type", "application/json")
        wire.send_header("Content-Length", str(len(body)))
        wire.end_headers()
        wire.wfile.write(body)

    def status_of(self, number: int) -> dict[str, Any]:
        name = f"{self.base}/users/bob/statuses/{number}"
        account = {"id": "9", "username": "bob", "acct": "bob", "display_name": "Bob", "url": f"{self.base}/@bob"}
        return {"id": str(number), "created_at": self.began, "uri": name, "url": name,
                "content": f"<p>{self.posts[number]}</p>", "account": account, "visibility": "public"}  # fmt: skip

    def tell(self, name: str) -> None:
        for stream in self.streams:
            stream.put(f"event: {name}\ndata: {{}}\n\n".encode())

    def home_visits(self) -> int:
        return sum(path.startswith("/api/v1/timelines/home") for path in self.asked)


@pytest.fixture
def town() -> Iterator[Town]:
    made = Town()
    yield made
    for stream in made.streams:
        stream.put(None)
    made.server.shutdown()


@pytest.fixture
def archive(home: Path, town: Town, monkeypatch: pytest.MonkeyPatch) -> Path:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('[models]\nsentence = ""\n')
    secrets.set(token_key(ACCOUNT), "secret")
    place = home / "data" / "archive.db"
    with Store.open(place, role="cli") as store:
        settings = {"address": town.base, "timeline": "home", "account": ACCOUNT}
        store.subscriptions.add("mastodon", "mastodon:home", settings=settings)
    return place


def source(archive: Path) -> Any:
    with Store.open(archive, role="cli") as store:
        return store.subscriptions.all()[0]


def texts(archive: Path) -> set[str]:
    with Store.open(archive, role="cli") as store:
        rows = store.db.rows("SELECT text FROM items WHERE deleted_at IS NULL")
        return {row[0] for row in rows}


#: Runs the worker with no pause between visits, so that the test need not wait for it.
QUICK = (
    "import sys; from penchant.app import streaming_lane as s; s.GAP = s.EACH = 0.0; s.SOON = 0.1; s.LOOK = 0.5;"
    " s.FIRST_RETRY = 0.2; from penchant.app.cli import main; sys.exit(main(['worker']))"
)


def start(cli: Any) -> Any:
    child = subprocess.Popen([sys.executable, "-P", "-c", QUICK], env=cli.environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    cli.children.append(child)
    return child


@pytest.fixture
def worker(archive: Path, cli: Any) -> Any:
    return start(cli)


def test_what_a_stream_tells_of_is_there_at_once(archive: Path, town: Town, worker: Any, until: Until) -> None:
    until(lambda: town.streams and source(archive).note == LIVE)
    until(lambda: texts(archive) == {"the first"})
    town.posts[2] = "the second"
    town.tell("update")
    until(lambda: texts(archive) == {"the first", "the second"})
    town.posts[1] = "the first, edited"
    town.tell("status.update")
    until(lambda: texts(archive) == {"the first, edited", "the second"})
    town.posts[3] = "the third"
    town.tell("update")
    until(lambda: len(texts(archive)) == 3)
    del town.posts[2]
    town.tell("delete")
    until(lambda: texts(archive) == {"the first, edited", "the third"})
    until(lambda: source(archive).interval == 4 * 600.0)
    visits = town.home_visits()
    town.tell("notification")
    town.tell("announcement")
    time.sleep(1.5)
    assert town.home_visits() == visits
    worker.terminate()
    until(lambda: worker.poll() is not None)
    assert source(archive).note == ""
    assert source(archive).next_due <= time.time()


def test_a_lost_stream_is_opened_again_and_what_came_meanwhile_is_there(
    archive: Path, town: Town, worker: Any, until: Until
) -> None:
    until(lambda: town.streams and texts(archive) == {"the first"})
    town.posts[2] = "while nobody listened"
    town.streams.pop().put(None)
    until(lambda: town.streams)
    until(lambda: len(texts(archive)) == 2)


def test_a_server_without_streams_is_polled_and_the_reader_is_told(
    archive: Path, town: Town, worker: Any, until: Until, cli: Any
) -> None:
    town.status = 404
    until(lambda: source(archive).note.startswith("No streaming"))
    until(lambda: source(archive).last_success)
    asked = sum("/streaming/" in path for path in town.asked)
    time.sleep(1.0)
    assert sum("/streaming/" in path for path in town.asked) == asked == 1
    assert source(archive).interval == 43_200.0  # one post: half a day, not four times as much
    assert "does not stream this (404)" in cli("sources")


def test_an_event_does_not_break_the_pause_of_a_failing_source(archive: Path) -> None:
    with Store.open(archive, role="cli") as store:
        now, (one,) = time.time(), store.subscriptions.all()
        store.subscriptions.failed(one.id, "429", "", now + 900)
        assert store.subscriptions.hasten([one.id], now, 20.0) == set()
        assert store.subscriptions.next_due() == pytest.approx(now + 900)


def test_visits_keep_their_distance(archive: Path) -> None:
    with Store.open(archive, role="cli") as store:
        now, (one,) = time.time(), store.subscriptions.all()
        store.subscriptions.mark_fetching(one.id, now=now)
        assert store.subscriptions.hasten([one.id], now, 20.0) == {one.id}
        store.subscriptions.succeeded(one.id, next_due=now + 900, interval=900)
        assert store.subscriptions.hasten([one.id], now + 19, 20.0) == {one.id}
        assert store.subscriptions.hasten([one.id], now + 21, 20.0) == set()
        assert store.subscriptions.next_due() == pytest.approx(now + 21)


def test_switched_off_nobody_listens(archive: Path, town: Town, home: Path, cli: Any, until: Until) -> None:
    (home / "config" / "config.toml").write_text('[models]\nsentence = ""\n[mastodon]\nstreaming = false\n')
    start(cli)
    until(lambda: texts(archive) == {"the first"})
    assert not town.streams
