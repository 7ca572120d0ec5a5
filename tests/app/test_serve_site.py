"""A running server: paging, validators, token, names, slow clients, a locked archive, the end."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest

from penchant.adapters import opml
from penchant.adapters.base import Author, Item, Page
from penchant.app.serve.doorman import Doorman
from penchant.app.serve.library import Library
from penchant.app.serve.server import Server
from penchant.app.serve.site import Site
from penchant.app.store import Store
from penchant.app.store.saved_searches import keep
from penchant.app.types import Event, View

TOKEN = "abcdefghijklmnop-_1"
Get = Callable[..., tuple[http.client.HTTPResponse, bytes]]


@pytest.fixture
def archive(home: Path) -> Path:
    """Seven items of one source; number 2 is saved, number 3 liked."""
    place = home / "data" / "archive.db"
    with Store.open(place, role="cli") as store:
        source = store.subscriptions.add("rss", "https://x.example/feed", "The <source>", folder=("A",))
        items = tuple(
            Item(f"n{n}", f"https://x.example/{n}", f"Title {n}", f"text {n} {word} " * 40, Author("k", "Ada"), 1e9 + n)
            for n, word in enumerate(("garden", "engine", "harbour", "bread", "owl", "violin", "glacier"))
        )
        store.items.put_page(source, Page(items, {}), 1.1e9)
        for kind, name in (("save", "n2"), ("like", "n3")):
            store.events.append([Event(kind, store.items.by_native("rss", name))])  # type: ignore[arg-type]
    return place


@contextmanager
def serving(
    archive: Path, doorman: Doorman | None = None, *, size: int = 3, public: str = "", lifetime: float = 60.0
) -> Iterator[Get]:
    library = Library(archive, size, reasons=False)
    server = Server(Site(library, doorman or Doorman.at("127.0.0.1"), public), "127.0.0.1", 0, lifetime=lifetime)
    thread = threading.Thread(target=server.run)
    thread.start()

    def get(path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    get.port = server.port  # type: ignore[attr-defined]
    try:
        yield get
    finally:
        server.stop()
        thread.join(20)
        library.close()
        assert not thread.is_alive()


def titles(body: bytes) -> list[str]:
    return [entry.title for entry in feedparser.parse(body).entries]


def test_every_view_source_and_search(archive: Path) -> None:
    with serving(archive, size=50) as get:
        assert titles(get("/for-you.atom")[1]) == [f"Title {n}" for n in (6, 5, 4, 1, 0)], "seen items do not return"
        assert titles(get("/saved.atom")[1]) == titles(get("/saved")[1]) == ["Title 2"]
        assert titles(get("/liked")[1]) == ["Title 3"] and titles(get("/later")[1]) == []
        assert len(titles(get("/newest.atom")[1])) == len(titles(get("/source/1.atom")[1])) == 7
        assert titles(get("/search.atom?q=title%3A4+4")[1])[:1] == ["Title 4"]
        assert [i["title"] for i in json.loads(get("/saved.json")[1])["items"]] == ["Title 2"]
        read = opml.read(get("/opml")[1])
        assert [feed.title for feed in read.feeds] == ["For you", "Saved", "Liked", "Later", "Digest", "The <source>"]
        assert read.feeds[5].folder == ("Sources", "A")
        for feed in read.feeds:
            answer, body = get(feed.url.split(str(get.port))[1])  # type: ignore[attr-defined]
            assert answer.status == 200 and not feedparser.parse(body).bozo
        answer, page = get("/")
        assert b"The &lt;source&gt;" in page and b"/for-you.json" in page
        assert answer.headers["Content-Type"].startswith("text/html")


def test_a_saved_search_keeps_its_address_when_its_query_changes(archive: Path) -> None:
    with Store.open(archive, role="cli") as store, serving(archive) as get:
        assert get("/search.atom?saved=Fours")[0].status == 404
        store.events.append([keep("Fours", "title:4")])
        first = feedparser.parse(get("/search.atom?saved=fours")[1])
        assert [entry.title for entry in first.entries] == ["Title 4"] and first.feed.title == "Fours - penchant"
        store.events.append([keep("Fours", "title:5")])
        again = feedparser.parse(get("/search.atom?saved=fours")[1])
        assert [entry.title for entry in again.entries] == ["Title 5"] and again.feed.id == first.feed.id


@pytest.mark.parametrize("ending", [".atom", ".json"])
def test_pages_follow_one_another_and_hold_everything_once(archive: Path, ending: str) -> None:
    with serving(archive) as get:
        found: list[str] = []
        address = f"/newest{ending}"
        for page in range(3):
            _, body = get(address)
            if ending == ".json":
                whole = json.loads(body)
                found += [item["title"] for item in whole["items"]]
                following = whole.get("next_url", "")
            else:
                links = {link.rel: link.href for link in feedparser.parse(body).feed.links}
                found += titles(body)
                following = links.get("next", "")
                assert ("previous" in links) is (page > 0) and links["first"].endswith("/newest.atom")
            assert bool(following) is (page < 2)
            address = following.partition(str(get.port))[2]  # type: ignore[attr-defined]
        assert found == [f"Title {n}" for n in range(6, -1, -1)]


def test_dates_can_follow_the_ranking(archive: Path) -> None:
    with serving(archive) as get:
        pages = [feedparser.parse(get(f"/newest.atom?dates=rank&page={n}")[1]).entries for n in (1, 2, 3)]
        dates = [entry.published for page in pages for entry in page]
        assert dates == sorted(dates, reverse=True) and len(set(dates)) == 7


def test_a_floor_for_the_number(archive: Path) -> None:
    with Store.open(archive, role="cli") as store:
        ids = store.items.ids(View.NEWEST)
        for place, item in enumerate(ids):
            store.db.run(
                "INSERT INTO scores(item_id, probability, logit, head_version) VALUES (?, ?, 0, 0)", (item, place / 10)
            )
    with serving(archive, size=50) as get:
        assert titles(get("/newest.atom?min=50")[1]) == ["Title 1", "Title 0"]


def test_what_has_not_changed_is_not_sent_again(archive: Path) -> None:
    with serving(archive) as get:
        first, body = get("/newest.atom")
        assert first.status == 200 and body
        again, nothing = get("/newest.atom", If_None_Match=first.headers["ETag"])
        assert again.status == 304 and nothing == b"" and again.headers["ETag"] == first.headers["ETag"]
        assert get("/newest.atom", If_Modified_Since=first.headers["Last-Modified"])[0].status == 304
        packed, content = get("/newest.atom", Accept_Encoding="gzip")
        assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(content) == body
        assert get("/newest.atom", Accept_Encoding="gzip", If_None_Match=packed.headers["ETag"])[0].status == 304
        with Store.open(archive, role="cli") as store:
            page = Page((Item("n9", "https://x.example/9", "Title 9", published=1.05e9),), {})
            store.items.put_page(store.subscriptions.all()[0].id, page, 1.1e9)
        changed, newer = get("/newest.atom", If_None_Match=first.headers["ETag"])
        assert changed.status == 200 and titles(newer)[0] == "Title 9"
        assert get("/newest.atom", If_Modified_Since=first.headers["Last-Modified"])[0].status == 200
        head, none = get("/newest.atom", "HEAD")
        assert head.status == 200 and none == b"" and int(head.headers["Content-Length"]) == len(newer)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404), ("/source/99", 404), ("/source/1.xml", 404), ("/../etc/passwd", 404), ("/%00", 404),
        ("/search.atom", 400), ("/newest?page=0", 400), ("/newest?page=x", 400), ("/newest?page=%D9%A3", 400),
        ("/newest?page=201", 400), ("/newest?min=101", 400), ("/newest?dates=no", 400), ("/newest?page=200", 200),
        ("/search?q=" + "%22(" * 60, 200), ("/search?q=%00%ff%1b[2J", 200), ("/newest?" + "a=1&" * 50, 400),
        ("/newest?x=" + "a" * 20_000, 431),
    ],
)  # fmt: skip
def test_any_address_gets_an_answer(archive: Path, path: str, status: int) -> None:
    with serving(archive) as get:
        answer, body = get(path)
        assert answer.status == status, body
        assert answer.headers.get("Access-Control-Allow-Origin") is None
        if status == 200:
            ElementTree.fromstring(body)


def test_every_address_of_the_manual_works(archive: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`/.*?) \|", page, re.M)
    paths = [path.replace("ID", "1") for row in rows for path in re.findall(r"`(.+?)`", row)]
    added = re.findall(r"^\| `(\?.+?)`", page, re.M)
    assert len(paths) > 6 and len(added) == 3
    with Store.open(archive, role="cli") as store:
        store.events.append([keep("NAME", "title")])
    with serving(archive) as get:
        for path in paths + [f"/newest.atom{each}" for each in added] + [f"/newest.json{each}" for each in added]:
            assert get(path)[0].status == 200, path


@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed")
def test_newsboat_shows_every_feed_whole(archive: Path, tmp_path: Path) -> None:
    with serving(archive, size=50) as get:
        (tmp_path / "feeds.opml").write_bytes(get("/opml")[1])
        newsboat = ["newsboat", "-u", str(tmp_path / "urls"), "-c", str(tmp_path / "cache.db"), "-C", os.devnull]
        environment = {**os.environ, "HOME": str(tmp_path)}
        for arguments in (["-i", str(tmp_path / "feeds.opml")], ["-x", "reload"], ["-x", "reload"]):
            subprocess.run([*newsboat, *arguments], check=True, capture_output=True, timeout=60, env=environment)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
        found = dict(cache.execute("SELECT feedurl, count(*) FROM rss_item GROUP BY 1").fetchall())
    assert sorted(found.values()) == [1, 1, 5, 7], "saved, liked, for you, the source"


def test_many_readers_at_once(archive: Path) -> None:
    found: list[list[str]] = []
    with serving(archive, size=50) as get:
        readers = [threading.Thread(target=lambda: found.append(titles(get("/newest.atom")[1]))) for _ in range(24)]
        for each in readers:
            each.start()
        for each in readers:
            each.join()
    assert len(found) == 24 and all(len(each) == 7 for each in found)


def test_other_names_and_methods_are_refused(archive: Path) -> None:
    with serving(archive) as get:
        assert get("/", Host="rebound.example")[0].status == 421
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert get("/newest.atom", method, b"x")[0].status == 405
        assert get("/newest.atom", "POST", b"x" * 5_000)[0].status == 413


def test_with_a_token_nothing_is_said_without_it(archive: Path) -> None:
    with serving(archive, Doorman.at("127.0.0.1", TOKEN)) as get:
        for path in ("/", "/newest.atom", "/opml", f"/{TOKEN}x/newest.atom", "/newest.atom?token=x", "/nothing"):
            answer, body = get(path)
            assert answer.status == 403 and TOKEN.encode() not in body and b"Title" not in body
        assert len(titles(get(f"/{TOKEN}/newest.atom")[1])) == 3
        _, asked = get(f"/newest.atom?token={TOKEN}")
        links = {link.rel: link.href for link in feedparser.parse(asked).feed.links}
        assert links["next"].endswith(f"/newest.atom?page=2&token={TOKEN}")
        _, listed = get(f"/{TOKEN}/opml")
        assert all(f"/{TOKEN}/" in feed.url for feed in opml.read(listed).feeds)
        _, page = get(f"/?token={TOKEN}")
        assert f"/newest.atom?token={TOKEN}".encode() not in page and f"/saved.json?token={TOKEN}".encode() in page


def test_behind_a_proxy_links_lead_to_the_proxy(archive: Path) -> None:
    doorman = Doorman.at("127.0.0.1", "", ["feeds.example.org"])
    with serving(archive, doorman, public="https://feeds.example.org/mine/") as get:
        _, body = get("/newest.atom", Host="feeds.example.org")
        links = {link.rel: link.href for link in feedparser.parse(body).feed.links}
        assert links["self"] == "https://feeds.example.org/mine/newest.atom"


def test_slow_clients_keep_nobody_waiting_and_are_sent_away(archive: Path) -> None:
    with serving(archive, lifetime=1.0) as get:
        slow = [socket.create_connection(("127.0.0.1", get.port), timeout=20) for _ in range(30)]  # type: ignore[attr-defined]
        for each in slow:
            each.sendall(b"GET /newest.atom HTTP/1.1\r\nHost: 127.0")
        assert len(titles(get("/newest.atom")[1])) == 3
        drip = threading.Event()

        def dripping() -> None:
            while not drip.wait(0.2):
                try:
                    slow[0].sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=dripping)
        thread.start()
        try:
            for each in slow:  # never idle or idle: all of them are sent away
                with suppress(ConnectionResetError):
                    assert each.recv(100) == b""
        finally:
            drip.set()
            thread.join()
            for each in slow:
                each.close()
        assert get("/newest.atom")[0].status == 200


def test_the_archive_can_be_written_meanwhile_and_never_by_the_server(archive: Path) -> None:
    library = Library(archive, 3, reasons=False)
    with library._store() as store, Store.open(archive, role="worker") as worker, store.db.snapshot():
        assert store.items.ids(View.NEWEST)
        worker.control.request("refresh", {"ids": None})
        with pytest.raises(Exception, match="cannot be written"):
            store.db.run("DELETE FROM items")
    library.close()


def test_an_archive_that_goes_away_is_told(archive: Path) -> None:
    with serving(archive) as get:
        archive.unlink()
        answer, body = get("/newest.atom")
        assert answer.status == 503 and b"no archive" in body and answer.headers["Retry-After"]


# -- the command
def listening(child: Any) -> str:
    line = child.stdout.readline()
    assert line.startswith("Serving http://"), line + child.stderr.read()
    return str(line.split()[1])


def fetch(address: str) -> tuple[int, bytes]:
    place, _, path = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(place, timeout=30)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_with_reasons_and_ends_on_a_signal(cli: Any, number: int) -> None:
    cli("add", "sample")
    cli("sync")
    cli("like", *map(str, range(1, 13)))
    cli("skip", *map(str, range(20, 29)))
    child = cli.start("serve", "--port", "0")
    base = listening(child)
    status, body = fetch(f"{base}for-you.json")
    items = json.loads(body)["items"]
    assert status == 200 and len(items) == 50
    assert any(item["_penchant"].get("why") for item in items) and all("_penchant" in item for item in items)
    child.send_signal(number)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 0 and "Traceback" not in errors


def test_outside_loopback_a_token_is_made_once_and_kept_private(cli: Any, home: Path) -> None:
    cli("add", "sample")
    child = cli.start("serve", "--host", "0.0.0.0", "--port", "0")
    base = listening(child)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)
    kept = home / "data" / "serve-token"
    token = kept.read_text().strip()
    assert base.endswith(f"/{token}/") and len(token) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.chmod(0o644)
    again = cli.start("serve", "--host", "0.0.0.0", "--port", "0")
    address = listening(again)
    assert token not in address, "printed once"
    port = address.rstrip("/").rpartition(":")[2]
    assert fetch(f"http://127.0.0.1:{port}/for-you.atom")[0] == 403
    assert fetch(f"http://127.0.0.1:{port}/{token}/for-you.atom")[0] == 200
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=30)
    assert token in cli("serve", "--host", "0.0.0.0", "--addresses")
    assert token not in cli("serve", "--new-token", "--addresses") and kept.read_text().strip() != token


def test_a_server_that_is_killed_leaves_a_sound_archive(cli: Any) -> None:
    cli("add", "sample")
    cli("sync")
    child = cli.start("serve", "--port", "0")
    base = listening(child)
    asking = [threading.Thread(target=lambda: _tried(f"{base}newest.atom")) for _ in range(8)]
    for each in asking:
        each.start()
    time.sleep(0.05)
    child.kill()
    for each in asking:
        each.join()
    cli("doctor")
    cli("serve", "--addresses")


def _tried(address: str) -> None:
    with suppress(OSError, http.client.HTTPException):
        fetch(address)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--token", "short"], 2, "16"),
        (["--token", "x" * 20, "--new-token"], 2, "exclude"),
        (["--port", "70000"], 2, "--port"),
        (["--host", "no.such.host.invalid"], 1, "cannot listen"),
        (["--host", "192.0.2.1"], 1, "cannot listen"),
    ],
)
def test_failures_say_what_to_do(cli: Any, arguments: list[str], code: int, words: str) -> None:
    cli("serve", *arguments, code=code)
    assert words in cli.errors


def test_a_public_address_that_is_none_is_named_with_its_line(cli: Any, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('[serve]\npublic = "feeds.example"\n')
    cli("serve", "--addresses", code=3)
    assert "config.toml:2" in cli.errors and "https://" in cli.errors
    (home / "config" / "config.toml").write_text('[serve]\npublic = "https://feeds.example/x/"\n')
    token = home / "data" / "serve-token"
    lines = cli("serve", "--addresses").splitlines()
    assert f"https://feeds.example/x/{token.read_text().strip()}/for-you.atom\tFor you" in lines


def test_a_taken_port_is_said(cli: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cli("serve", "--port", str(taken.getsockname()[1]), code=1)
    assert "--port" in cli.errors


def test_digests_are_an_entry_for_each_day_that_is_over(archive: Path) -> None:
    yesterday = time.time() - 86_400
    with Store.open(archive, role="cli") as store:
        items = tuple(
            Item(f"d{n}", f"https://x.example/d{n}", f"<b>Yesterday {n}</b>", "text", Author("k", "Ada"), yesterday)
            for n in range(3)
        )
        store.items.put_page(store.subscriptions.all()[0].id, Page(items, {}), yesterday)
        ids = [store.items.by_native("rss", f"d{n}") for n in range(3)]
        store.scores.publish([(i, 1.0, 0.7, "{}") for i in ids if i], [i for i in ids if i], 1)
    with serving(archive) as get:
        answer, body = get("/digest.atom")
        (entry,) = feedparser.parse(body).entries
        assert "The day: " in entry.title and entry.summary.count("Yesterday") == 3
        assert "&lt;b&gt;Yesterday" in entry.content[0].value and "https://x.example/d1" in entry.content[0].value
        again, _ = get("/digest.atom", If_None_Match=answer.headers["ETag"])
        assert again.status == 304
        assert len(json.loads(get("/digest.json")[1])["items"]) == 1
        assert get("/digest.atom?period=week")[0].status == 200
        assert get("/digest.atom?period=year")[0].status == 400
