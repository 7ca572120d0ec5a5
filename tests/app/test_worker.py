"""The worker as a process: hostile servers, kill -9, two at once, parents that vanish."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.app.errors import Exit
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.tui.workerchild import WorkerChild
from penchant.app.types import Event, View

Until = Callable[..., None]


def rss(name: str, count: int = 3) -> str:
    items = "".join(
        f"<item><guid>{name}-{n}</guid><title>{name} story {n}</title><link>https://example.org/{name}/{n}</link>"
        f"<description>{f'All about {name} and its number {n}. ' * 5}</description></item>"
        for n in range(count)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]><rss><channel><title>&a11;</title></channel></rss>"
)


@pytest.fixture(autouse=True)
def impatient(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        "[network]\ntimeout = 1.5\nmax_megabytes = 2\n[worker]\nconcurrency = 16\n[models]\nsentence = \"\"\n"
        "judge = \"\"\n"
    )


@pytest.fixture
def archive(home: Path) -> Path:
    return home / "data" / "archive.db"


def follow(archive: Path, *addresses: str) -> None:
    with Store.open(archive, role="cli") as store:
        for address in addresses:
            store.subscriptions.add("rss", address, settings={"address": address})


def sources(archive: Path) -> dict[str, Any]:
    with Store.open(archive, role="cli") as store:
        return {s.address: s for s in store.subscriptions.all()}


def test_hostile_servers_are_bounded_and_reported_and_the_others_arrive(
    server: Any, archive: Path, cli: Any
) -> None:
    other = type(server)()
    other.start()
    secret = other.route("/private", rss("secret"))
    bad = {
        "hang": server.route("/hang", hang=True),
        "drip": server.route("/drip", rss("drip"), drip=0.2),
        "endless": server.route("/endless", b"x" * 10_000, endless=True),
        "gzip bomb": server.route(
            "/gzip", gzip.compress(b"\0" * (200 << 20)), headers={"Content-Encoding": "gzip"}
        ),
        "entity bomb": server.route("/entities", BOMB),
        "to a file": server.route("/file", status=302, headers={"Location": "file:///etc/passwd"}),
        "to a private address": server.route("/inward", status=302, headers={"Location": secret}),
        "in circles": server.route("/circle", status=302, headers={"Location": "/circle"}),
        "500": server.route("/500", status=500),
        "no feed": server.route("/html", "<html><body>hello</body></html>"),
        "nobody": "http://127.0.0.1:9/feed",
    }
    good = [server.route(f"/good{n}", rss(f"good{n}")) for n in range(3)]
    follow(archive, *bad.values(), *good)
    cli("worker", "--once")
    other.stop()

    found = sources(archive)
    for address in good:
        assert found[address].error == "" and found[address].items == 3
    for name, address in bad.items():
        source = found[address]
        if name == "entity bomb" and not source.error:
            assert source.items == 0  # an empty but correct feed, its entities not expanded
            continue
        assert source.error and source.hint, name
        assert source.failures == 1 and source.next_due > time.time(), name
        assert source.items == 0, name
    assert not other.seen("/private")
    table = cli("sources")
    assert table.count("\n") == len(bad) + len(good) + 1
    for name, address in bad.items():
        if found[address].error:
            assert " ".join(found[address].error.split())[:60] in table, name


def test_killed_while_it_fetches_it_goes_on_and_stores_nothing_twice(
    server: Any, archive: Path, cli: Any, until: Until
) -> None:
    feeds = [server.route(f"/{n}", rss(f"feed{n}", 120)) for n in range(6)]
    follow(archive, *feeds)
    with Store.open(archive, role="reader") as store:
        for enough in (1, 200, 500):
            child = cli.start("worker")
            until(lambda enough=enough: store.items.count(View.NEWEST) >= enough)
            child.send_signal(signal.SIGKILL)
            child.communicate()
        cli("worker", "--once")
        assert not [(s.address, s.error, s.items) for s in store.subscriptions.all() if s.error]
        assert store.items.count(View.NEWEST) == 720
        assert store.changes.count() == 0
        assert {s.state for s in store.subscriptions.all()} == {"idle"}
        ids = store.items.ids(View.NEWEST, limit=1000)
        assert len(set(store.items.uids(ids).values())) == 720
        assert len(store.features.get(ids)) == 720


def test_the_second_worker_ends_with_a_clear_message(
    archive: Path, cli: Any, until: Until, home: Path
) -> None:
    first = cli.start("worker")
    until(lambda: (home / "state" / "worker.lock").exists() and (home / "state" / "worker.lock").read_text())
    cli("worker", code=Exit.BUSY)
    assert f"process {first.pid}" in cli.errors and "One worker is enough" in cli.errors
    heir = cli.start("worker", "--wait", "--parent", str(os.getpid()))
    first.terminate()
    assert first.wait(10) == Exit.OK
    until(lambda: (home / "state" / "worker.lock").read_text().strip() == str(heir.pid))
    heir.terminate()
    assert heir.wait(10) == Exit.OK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_does_even_while_a_server_hangs(
    server: Any, archive: Path, cli: Any, until: Until, number: int
) -> None:
    follow(archive, server.route("/hang", hang=True))
    child = cli.start("worker")
    until(lambda: server.seen("/hang"))
    child.send_signal(number)
    assert child.wait(10) == Exit.OK
    [source] = sources(archive).values()
    assert source.failures == 0, "being stopped is not the source's fault"


def test_without_its_parent_it_ends(archive: Path, cli: Any, until: Until, home: Path) -> None:
    middle = subprocess.Popen(
        [
            sys.executable, "-c",
            "import subprocess, sys, os, time\n"
            "module = ['-P', '-m', 'penchant.app.cli', 'worker', '--parent', str(os.getpid())]\n"
            "command = [sys.executable, *module]\n"
            "child = subprocess.Popen(command, stdout=subprocess.DEVNULL)\n"
            "print(child.pid, flush=True); time.sleep(100)\n",
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert middle.stdout is not None
    pid = int(middle.stdout.readline())
    lock = home / "state" / "worker.lock"
    until(lambda: lock.exists() and lock.read_text().strip() == str(pid))
    middle.kill()
    middle.communicate()
    until(lambda: lock.read_text() == "")


def test_letters_and_events_are_noticed(server: Any, archive: Path, cli: Any, until: Until) -> None:
    """A source that is not due is fetched when the screen asks; `penchant sync` asks the running worker."""
    address = server.route("/feed", rss("feed", 5))
    follow(archive, address)
    child = cli.start("worker")
    until(lambda: sources(archive)[address].last_success and sources(archive)[address].state == "idle")
    assert len(server.seen("/feed")) == 1
    with Store.open(archive, role="cli") as store:
        store.control.request("refresh", {})
    until(lambda: len(server.seen("/feed")) == 2)
    until(lambda: sources(archive)[address].state == "idle")
    server.route("/feed", rss("feed", 8))
    assert "3 new" in cli("sync")
    assert len(server.seen("/feed")) == 3
    server.route("/feed", status=500)
    cli("sync", code=Exit.SOURCES)
    assert child.poll() is None


def test_a_mute_that_ends_brings_its_items_back_into_the_order(
    server: Any, archive: Path, cli: Any, until: Until
) -> None:
    address = server.route("/a", rss("apples", 3))
    follow(archive, address)

    def ranked() -> int:
        with Store.open(archive, role="cli") as store:
            head = store.scores.head()
            return -1 if head is None else int(store.db.value("SELECT count(*) FROM ranking") or 0)

    ends = time.time() + 12.0
    with Store.open(archive, role="cli") as store:
        store.events.append([Event("mute", value={"what": "word", "key": "apples", "until": ends})])
        store.events.append([Event("mute", value={"what": "word", "key": "pears", "until": ends + 9_000})])
    cli.start("worker")
    until(lambda: ranked() >= 0, seconds=90.0)
    assert ranked() == 0 or time.time() > ends
    until(lambda: ranked() == 3, seconds=90.0)


def test_conditional_requests_and_moves(server: Any, archive: Path, cli: Any) -> None:
    new = server.route("/new", rss("feed"), headers={"ETag": '"v1"'})
    old = server.route("/old", status=301, headers={"Location": new})
    ended = server.route("/ended", status=410)
    follow(archive, old, ended)
    cli("sync", code=Exit.SOURCES)
    found = sources(archive)
    assert new in found and old not in found and found[ended].paused
    cli("sync")  # validators belong to an address: the new one is asked for its own first
    server.route("/new", status=304)
    cli("sync")
    assert server.seen("/new")[-1].headers["if-none-match"] == '"v1"'
    assert len(server.seen("/ended")) == 1


def test_the_log_has_no_content_and_no_tokens(server: Any, archive: Path, cli: Any, home: Path) -> None:
    good = server.route("/good", rss("feed"))
    follow(
        archive,
        good,
        good.replace("//", "//reader:hunter2@") + "?access_token=abc123",
        "http://127.0.0.1:9/x",
    )
    cli("worker", "--once")
    text = (home / "state" / "penchant.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"worker starts", "fetched", "not fetched", "worker ends"} <= {line["what"] for line in lines}
    assert "hunter2" not in text and "abc123" not in text and "story" not in text


def teach(archive: Path, word: str) -> int:
    """Like and skip in the archive as a window does; returns the last event."""
    with Store.open(archive, role="reader") as store:
        cards = store.items.cards(store.items.ids(View.FOR_YOU, limit=1000))
        liked = [card for card in cards if word in card.title][:5]
        skipped = [card for card in cards if word not in card.title][:5]
        store.events.append([Event("like", card.item_id) for card in liked])
        store.events.append([Event("skip", card.item_id) for card in skipped])
        return store.events.last_seq()


def test_told_to_stop_it_publishes_what_the_reader_did_last(
    server: Any, archive: Path, cli: Any, until: Until
) -> None:
    follow(archive, *(server.route(f"/{name}", rss(name, 30)) for name in ("owls", "trams", "bread")))
    cli("worker", "--once")
    child = WorkerChild(Paths.from_environment())
    child.start()
    lock = archive.parents[1] / "state" / "worker.lock"
    until(lambda: lock.exists() and lock.read_text().strip() == str(child.pid))
    with Store.open(archive, role="cli") as store:
        before = store.scores.head()
        last = teach(archive, "trams")
        started = time.monotonic()
        child.stop()
        assert time.monotonic() - started < 5, "the window does not wait for it"
        until(lambda: lock.read_text() == "")
        head = store.scores.head()
        assert before is not None and head is not None
        assert head.through_seq == last > before.through_seq
        assert not store.scores.behind()
    rows = [json.loads(line)["title"] for line in cli("list", "--view", "for-you", "--json").splitlines()]
    assert sum("trams" in title for title in rows[:15]) >= 8, rows[:15]


def test_a_source_planned_by_a_wrong_clock_is_fetched(server: Any, archive: Path, cli: Any) -> None:
    address = server.route("/feed", rss("feed"))
    follow(archive, address)
    ahead = time.time() + 3652 * 86_400.0
    with Store.open(archive, role="cli") as store:  # a plan that makes no sense; test_replanning has those that do
        store.db.run("UPDATE subscriptions SET last_attempt = ?, next_due = ?", (time.time(), ahead))
    cli("worker", "--once")
    assert sources(archive)[address].items == 3
