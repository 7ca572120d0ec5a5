"""`penchant reader`: signing in to servers that speak one API each, following them, keeping in step."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant.app.errors import Exit
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.types import Event


def _fakes() -> ModuleType:
    path = Path(__file__).parents[1] / "adapters" / "remote_fakes.py"
    spec = importlib.util.spec_from_file_location("remote_fakes", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault("remote_fakes", importlib.util.module_from_spec(spec))
    if not hasattr(module, "FAKES"):
        spec.loader.exec_module(module)
    return module


def run(cli: Any, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "penchant.app.cli", *arguments], input=typed, text=True, capture_output=True,
        env=cli.environment, timeout=60,
    )  # fmt: skip


def words_for(kind: str) -> str:
    return "the-key\n" if kind == "miniflux" else "me\nsesame\n"


@pytest.mark.parametrize("kind", ["miniflux", "greader", "fever"])
def test_from_sign_in_to_agreement(kind: str, cli: Any, server: Any) -> None:
    fake = _fakes().FAKES[kind](server)
    fake.shelf.fill(1, 3)
    base = server.url("").rstrip("/")
    wrong = run(cli, words_for(kind).replace("the-key", "wrong").replace("sesame", "wrong"), "reader", "login", base)
    assert wrong.returncode == Exit.SOURCES and "did not accept" in wrong.stderr
    assert cli("reader", "accounts") == ""
    right = run(cli, words_for(kind), "reader", "login", base)
    assert right.returncode == 0, right.stderr
    assert cli("reader", "accounts").strip() == fake.address

    assert "Example & Sons" in cli("reader", "feeds")
    assert cli("reader", "feeds", "--add").startswith("1 of 1")
    assert cli("reader", "feeds", "--add").startswith("0 of 1")
    cli("remove", "https://site.example/feed.xml")

    cli("add", f"{kind}:{base}")
    assert "--sync both" in cli.errors, "without a terminal the server is told nothing"
    cli("sync", "--no-rank")
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        item = store.items.by_native(kind, f"{fake.prefix()}2")
        store.events.append([Event("save", item)])
    assert "0 changed here, 0 there" in cli("reader", "sync")
    assert "both ways" in cli("reader", "sync", f"me@127.0.0.1:{server.port}", "both")
    fake.shelf.set(3, read=True, starred=True)
    assert "2 changed here, 2 there" in cli("reader", "sync")
    assert (fake.shelf.rows[2].read, fake.shelf.rows[2].starred) == (True, True)
    listed = [json.loads(line) for line in cli("list", "--json", "--view", "saved").splitlines()]
    assert sorted(row["title"] for row in listed) == ["Entry 2", "Entry 3"]

    fake.token = "revoked"
    fake.shelf.set(1, starred=True)
    cli("reader", "sync", code=Exit.SOURCES)
    assert "penchant reader login" in cli.errors
    cli("reader", "logout")
    assert cli("reader", "accounts") == ""
    cli("reader", "sync", "nobody@nowhere.example", "both", code=Exit.FAILED)


@pytest.mark.parametrize(("typed", "sync"), [("\n", "both"), ("n\n", "pull"), ("off\n", "off")])
def test_a_terminal_is_asked_for_consent(typed: str, sync: str, cli: Any, server: Any) -> None:
    fake = _fakes().FAKES["greader"](server)
    fake.sign_in()
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    child = subprocess.run(
        [sys.executable, "-P", "-m", "penchant.app.cli", "add", fake.address], stdin=theirs, text=True,
        capture_output=True, env=cli.environment, timeout=60,
    )  # fmt: skip
    os.close(ours), os.close(theirs)
    assert child.returncode == 0, child.stderr
    assert "Tell 127.0.0.1" in child.stdout + child.stderr
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        (source,) = store.subscriptions.all()
    assert source.settings["sync"] == sync and source.title == f"Google Reader API · me@127.0.0.1:{server.port}"


def test_what_is_no_reader_server_is_said_so(cli: Any, server: Any) -> None:
    server.route("/", b"<title>A page</title>", headers={"Content-Type": "text/html"})
    cli("reader", "login", server.url("").rstrip("/"), code=Exit.SOURCES)
    assert "does not answer as Miniflux" in cli.errors
    cli("reader", "login", code=Exit.USAGE)
    cli("reader", "login", "http://", code=Exit.USAGE)
    assert server.requests and all(b"sesame" not in request.body for request in server.requests)


def followed(cli: Any) -> set[str]:
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        return {s.address for s in store.subscriptions.all(counted=False) if s.kind == "rss"}


def here(*numbers: int, folder: str = "") -> None:
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        for number in numbers:
            where = (folder,) if folder else ()
            store.subscriptions.add("rss", f"https://s{number}.example/f", f"feed {number}", folder=where)


@pytest.mark.parametrize("kind", ["miniflux", "greader"])
def test_both_follow_the_same_feeds(kind: str, cli: Any, server: Any) -> None:
    fake = _fakes().FAKES[kind](server)
    fake.sign_in()
    here(1, 2)
    here(3, folder="Owls")
    here(4)
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        store.subscriptions.add("rss", "https://me:secret@private.example/f")
    assert cli("reader", "push", "--dry-run").count("follow there") == 4 and fake.shelf.writes == []
    assert "1 are followed only there" in cli.errors and "never named" in cli.errors
    cli("reader", "push", code=Exit.FAILED)
    assert "nothing was changed" in cli.errors and fake.shelf.writes == []
    fake.shelf.refused = {"https://s4.example/f"}
    cli("reader", "push", "--yes", code=Exit.SOURCES)
    assert "https://s4.example/f" in cli.errors
    fake.shelf.refused = set()
    assert "1 changed" in cli("reader", "push", "--yes")
    there = {url: folder for url, _, folder in fake.shelf.feeds.values()}
    assert there.keys() == {"https://site.example/feed.xml", *(f"https://s{n}.example/f" for n in (1, 2, 3, 4))}
    assert there["https://s3.example/f"] == "Owls" and not any("private" in url for url in there)

    # each side drops one, and the server gets a new one
    cli("remove", "https://s1.example/f")
    fake.shelf.unfollow(next(n for n, row in fake.shelf.feeds.items() if row[0] == "https://s2.example/f"))
    fake.shelf.follow("https://s5.example/f", "five", "News")
    said = cli("reader", "push", "--yes", "--add")
    assert "drop there\thttps://s1.example/f" in said and "drop here\thttps://s2.example/f" in said
    everywhere = {"https://site.example/feed.xml", *(f"https://s{n}.example/f" for n in (3, 4, 5))}
    assert {row[0] for row in fake.shelf.feeds.values()} == everywhere
    assert followed(cli) == everywhere | {"https://me:secret@private.example/f"}
    assert "0 changed" in cli("reader", "push", "--yes")


def test_a_server_that_lost_everything_costs_nothing_here(cli: Any, server: Any) -> None:
    fake = _fakes().FAKES["miniflux"](server)
    fake.sign_in()
    here(1, 2)
    cli("reader", "push", "--yes")
    lost, fake.shelf.feeds = fake.shelf.feeds, {}
    cli("reader", "push", "--yes")
    assert "follows nothing at all" in cli.errors and len(followed(cli)) == 2
    fake.shelf.feeds = lost
    cli("remove", "https://s1.example/f")
    assert "drop there\thttps://s1.example/f" in cli("reader", "push", "--yes"), "what was agreed is not forgotten"


def test_fever_cannot_be_told_what_to_follow(cli: Any, server: Any) -> None:
    _fakes().FAKES["fever"](server).sign_in()
    cli("reader", "push", "--yes", code=Exit.FAILED)
    assert "cannot be told what to follow" in cli.errors
