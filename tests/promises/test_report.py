"""`penchant report` and `penchant privacy`: enough to find a fault; no content, address, name or token."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import Item, Page
from penchant.app import logs
from penchant.app.bugreport import Redaction
from penchant.app.cli import main
from penchant.app.errors import Exit
from penchant.app.leaving import hosts_of
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.types import Event

CANARIES = ("zanzibarcanary", "secretfolder", "querulous", "tok3nCanary", "privateauthor", "hiddenhost")


@pytest.fixture
def paths(home: Path) -> Paths:
    """An archive, a configuration, logs and a crash that are full of canaries."""
    found = Paths.under(home).ensure()
    found.config_file.write_text(
        '[machines]\nfolder = "/mnt/secretfolder"\n[serve]\npublic = "https://hiddenhost.example"\n'
    )
    with Store.open(found.archive, role="cli") as store:
        number = store.subscriptions.add(
            "rss", "https://hiddenhost.example/feed?key=tok3nCanary", "About zanzibarcanary", folder=["secretfolder"]
        )
        item = Item("1", "https://hiddenhost.example/1", "A zanzibarcanary title", "privateauthor wrote")
        store.items.put_page(number, Page((item,), {}), 1e9)
        store.subscriptions.failed(number, "https://hiddenhost.example/feed says tok3nCanary", "", 2e9)
        store.events.append([Event("find", 1, {"query": "querulous", "ranks": {}})])
    handler = logs.start(found.log_file)
    logging.getLogger("penchant.x").warning("no answer of hiddenhost.example for About zanzibarcanary (tok3nCanary=)")
    logging.getLogger("penchant").removeHandler(handler)
    handler.close()
    found.crash_file.write_text(
        'Traceback (most recent call last):\n  File "/home/secretfolder/penchant/app/sync.py", line 7, in visit\n'
        '    raise ValueError("zanzibarcanary")\nValueError: a querulous zanzibarcanary\n'
    )
    secrets.configure(found.secrets)
    secrets.set("mastodon:hiddenhost.example", "tok3nCanary")
    return found


def test_a_bundle_has_what_helps_and_nothing_private(
    paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report.zip"
    assert main(["report", str(target), "--yes"]) == Exit.OK
    said = capsys.readouterr().out
    with zipfile.ZipFile(target) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert all(name in said for name in parts), "the list names every file, before it is written"
    for name, text in parts.items():
        assert not [word for word in CANARIES if word.casefold() in text.casefold()], name
        assert "could not be read" not in text, (name, text)
    [source] = json.loads(parts["sources.json"])
    assert source["kind"] == "rss" and source["failures"] == 1 and source["items"] == 1
    assert json.loads(parts["settings.json"])["machines"]["folder"] == "(set)"
    assert "ValueError" in parts["crash.txt"] and "app/sync.py:7 in visit" in parts["crash.txt"]
    assert json.loads(parts["log.txt"].splitlines()[0])["level"] == "warning"
    assert "version" in parts["archive.txt"] and json.loads(parts["versions.json"])["sqlite"]
    assert target.stat().st_mode & 0o777 == 0o600
    assert main(["report", str(target), "--yes"]) == Exit.FAILED, "it replaces nothing"


def test_it_is_made_of_a_broken_archive_too(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Paths.under(home).ensure()
    found.archive.write_bytes(b"no database at all" * 100)
    found.config_file.write_text("this is = = not TOML")
    assert main(["report", "--show"]) == Exit.OK
    assert "not a SQLite database" in capsys.readouterr().out


def test_the_same_address_is_the_same_digest_only_within_one_bundle() -> None:
    one, other = Redaction(b"1" * 32), Redaction(b"2" * 32)
    line = "https://a.example/x and me@host.example in app/store/rows.py"
    found = one.text(line)
    assert "example" not in found and found.count(one.digest("https://a.example/x")) == 1
    assert "app/store/rows.py" in found
    assert one.digest("a") != other.digest("a") and one.digest("a") == one.digest("A")


def test_privacy_names_what_is_stored_and_who_is_asked(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "--json"]) == Exit.OK
    out = capsys.readouterr().out
    rows = [json.loads(line) for line in out.splitlines()]
    stored = {each["stored"]["name"]: each["stored"] for each in rows if "stored" in each}
    assert stored["items"]["count"] == 1 and stored["events"]["count"] == 1 and stored["events"]["bytes"] > 0
    assert "mastodon:hiddenhost.example" in stored and "tok3nCanary" not in json.dumps(stored)
    leaves = [each["leaves"] for each in rows if "leaves" in each]
    assert leaves[0]["hosts"] == ["hiddenhost.example"] and leaves[0]["active"]
    assert any(each["what"] == "models" and not each["active"] for each in leaves)
    assert main(["privacy"]) == Exit.OK
    assert "hiddenhost.example" in capsys.readouterr().out


def test_privacy_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy"]) == Exit.OK
    assert "no telemetry" in capsys.readouterr().out


def test_every_table_is_told(paths: Paths) -> None:
    from penchant.app.holdings import TABLES

    with Store.open(paths.archive) as store:
        tables = {name for (name,) in store.db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    own = {name for name in tables if not name.startswith(("sqlite_", "search_unspaced", "search_shadows"))}
    own -= {name for name in own if name == "search" or (name.startswith("search_") and name != "search_news")}
    assert own - set(TABLES) <= {"migrations", "spaces", "cite_texts"}, "say in holdings.TABLES what it keeps"


@pytest.mark.parametrize(
    ("kind", "address", "hosts"),
    [
        ("rss", "https://me:x@a.example:8080/feed", ("a.example:8080",)),
        ("mastodon", "mastodon:me@social.example/home", ("social.example",)),
        ("mastodon", "mastodon:http://127.0.0.1:9/home", ("127.0.0.1:9",)),
        ("hackernews", "top", ("hacker-news.firebaseio.com", "hn.algolia.com")),
        ("mail", "imaps://me@mail.example/INBOX", ("mail.example",)),
        ("mail", "maildir:/home/me/Mail", ()),
        ("lemmy", "!linux@lemmy.example", ("lemmy.example",)),
        ("sample", "sample", ()),
    ],
)
def test_hosts_of_sources(kind: str, address: str, hosts: tuple[str, ...]) -> None:
    assert hosts_of(kind, address) == hosts
