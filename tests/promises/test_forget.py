"""`penchant forget`: no byte of it is left in any file of penchant's, and nothing brings it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penchant.adapters.base import Author, Item, Media, Page
from penchant.app.cli import main
from penchant.app.derive import Deriver
from penchant.app.errors import Exit
from penchant.app.eventlog.folder import exchange, machine_of
from penchant.app.judge import statefile
from penchant.app.lock import WorkerLock
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.backup import backup
from penchant.app.store.doctor import check
from penchant.app.store.forget import forget, look
from penchant.app.store.forget_choice import Wish, authors_named
from penchant.app.types import Event, Reply, Thread

SECRET = "zanzibarcanary"
THEN, NOW = 1_700_000_000.0, 1_750_000_000.0


def item(n: int, canary: bool = False, author: str = "") -> Item:
    word = SECRET if canary else "garden"
    text = f"A text about the {word} and number {n}, long enough to be told apart. " * 4 + f"日本{word}日本"
    return Item(
        f"{word}-{n}", f"https://one.example/{word}/{n}", f"Title of {word} {n}", text,
        Author(f"https://people.example/{author}", author, author) if author else None, published=THEN + n,
        media=(Media(f"https://pictures.example/{word}{n}.png", "image", f"picture of {word}"),),
    )  # fmt: skip


@pytest.fixture
def paths(home: Path, tmp_path: Path) -> Paths:
    found = Paths.under(home).ensure()
    (tmp_path / "synced").mkdir()
    found.config_file.write_text(f'[machines]\nfolder = "{tmp_path / "synced"}"\n')
    return found


@pytest.fixture
def store(paths: Paths) -> Store:
    """Two sources: one plain, one that names the canary everywhere."""
    opened = Store.open(paths.archive, role="cli")
    plain = opened.subscriptions.add("rss", "http://127.0.0.1:9/plain", "Plain")
    other = opened.subscriptions.add("rss", f"http://127.0.0.1:9/{SECRET}", f"Source {SECRET}")
    ids = opened.items.put_page(plain, Page(tuple(item(n) for n in range(6)), {}), THEN).item_ids
    mine = opened.items.put_page(other, Page(tuple(item(n, True, f"Ada {SECRET}") for n in range(6)), {}), NOW).item_ids
    opened.events.append([Event("like", i, at=THEN + i) for i in ids[:3]] + [Event("skip", ids[3], at=THEN + 9)])
    opened.events.append([Event("like", i, at=NOW + i) for i in mine[:3]])
    opened.events.append([Event("find", mine[0], {"query": SECRET, "ranks": {"words": 1}}, at=NOW + 20)])
    opened.events.append([Event("picks", None, {"chosen": [mine[1], ids[0]], "offered": [*mine, *ids]}, at=NOW + 21)])
    ada = {"what": "author", "key": f"https://people.example/Ada {SECRET}"}
    opened.events.append([Event("mute", None, ada, at=NOW + 22)])
    opened.events.append([Event("less", mine[2], {"part": "words", "key": f"item:{mine[2]}"}, at=NOW + 23)])
    while Deriver(opened).catch_up():
        pass
    hashes = dict(opened.db.rows("SELECT id, content_hash FROM items"))
    opened.threads.put(ids[0], Thread((Reply("Ada", f"a reply about {SECRET}", "", None, None, 0),), NOW))
    opened.opinions.put("m", "likelihood", "1+1:a", {hashes[mine[0]]: 0.5, hashes[ids[0]]: 0.5})
    opened.answers.ask("q1", mine[0], "reason", NOW, payload={"question": SECRET})
    opened.descriptions.cast(opened.descriptions.shown())
    return opened


def furnish(store: Store, paths: Paths) -> None:
    """Files beside the archive that say the same."""
    mine = store.db.value("SELECT min(id) FROM items WHERE title LIKE ?", (f"%{SECRET}%",))
    statefile.save(
        paths.data / "plugs" / "x-0123456789.plug",
        {"kind": "plug", "title": SECRET, "model": "m", "content": "", "tokens": 1, "made_at": 1.0, "item_ids": [mine]},
        [SECRET.encode()],
    )
    places = ((paths.cache / "judge", "a.state"), (paths.state, "crash.log"), (paths.state, "penchant.log.1"))
    for folder, name in places:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"of {SECRET}")
    (paths.data / "digests").mkdir()
    (paths.data / "digests" / "2025-W01.md").write_text(f"- [Title of {SECRET} 1](https://one.example/{SECRET}/1)")
    (paths.data / "digests" / "2025-W02.md").write_text("- [Title of garden 1](https://one.example/garden/1)")
    backup(paths.archive, paths.data / "archive-20250101-000000.db")
    exchange(store, synced(paths), machine_of(paths))


def synced(paths: Paths) -> Path:
    return Path(paths.config_file.read_text().split('"')[1])


def traces(*folders: Path) -> list[str]:
    """Files that hold the canary, plain or packed."""
    import gzip

    found = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        data += gzip.decompress(data) if path.suffix == ".gz" else b""
        if SECRET.encode() in data.lower() or SECRET.encode("utf-16-le") in data:
            found.append(path.name)
    return sorted(found)


def test_no_byte_of_a_source_is_left(store: Store, paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    furnish(store, paths)
    store.close()
    home = paths.data.parent
    before = traces(home, synced(paths))
    assert {"archive.db", "crash.log", "a.state", "archive-20250101-000000.db", "x-0123456789.plug"} <= set(before)
    assert main(["forget", f"Source {SECRET}", "--dry-run", "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == 6 and told["events"] >= 5 and not told["forgotten"]
    assert traces(home, synced(paths)) == before
    assert main(["forget", f"Source {SECRET}", "--yes", "--backups"]) == Exit.OK
    assert traces(home, synced(paths)) == []
    assert (paths.data / "digests" / "2025-W02.md").exists(), "a page that names none of it stays"
    report = check(paths.archive)
    assert report.sound, str(report)
    assert not [f for f in report.findings if f.topic in ("vectors", "marks", "full text") and f.level != "ok"]
    with Store.open(paths.archive) as left:
        assert left.events.count() == 5, "what was said of the other source, and the choice of twelve"
        assert left.events.of_kind("picks")[0].value["chosen"] == [1]
        with pytest.raises(Exception, match="append-only"):
            left.db.run("DELETE FROM events")
        with pytest.raises(Exception, match="append-only"):
            left.db.run("UPDATE events SET value = '{}'")


def test_without_the_option_backups_stay_and_are_told(
    store: Store, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(store, paths)
    store.close()
    assert main(["forget", f"Source {SECRET}", "--yes"]) == Exit.OK
    assert traces(paths.data.parent, synced(paths)) == ["archive-20250101-000000.db"]
    assert "1 backups still hold it" in capsys.readouterr().err


def test_nothing_brings_it_back(store: Store, paths: Paths, tmp_path: Path) -> None:
    folder, old = synced(paths), tmp_path / "old"
    exchange(store, folder, "b" * 32)  # another machine has all of it
    with Store.open(old / "other.db") as other:
        exchange(other, folder, "c" * 32)
        assert other.events.count() == store.events.count()
    number = store.db.value("SELECT id FROM subscriptions WHERE title LIKE 'Source%'")
    first = store.db.value("SELECT min(id) FROM items WHERE subscription_id = ?", (number,))
    forget(store.db, Wish(items=(first,)))
    events = store.events.count()
    again = store.items.put_page(number, Page(tuple(item(n, True) for n in range(6)), {}), NOW + 99)
    assert again.new == 0 and len(again.item_ids) == 5, "its own source still shows it"
    exchange(store, folder, "a" * 32)  # reads b's log, which has the events and the item
    assert store.events.count() == events and store.db.value("SELECT count(*) FROM items") == 11
    other_gone = Wish(source=number)
    forget(store.db, other_gone)
    back = store.subscriptions.add("rss", f"http://127.0.0.1:9/{SECRET}")
    there = store.items.put_page(back, Page(tuple(item(n, True) for n in range(6)), {}), NOW + 99)
    assert there.new == 5, "who follows a source again wants it; the item forgotten by itself stays away"


def test_an_author_and_a_period(store: Store) -> None:
    [(key, name, _)] = authors_named(store.db, f"ada {SECRET}")
    assert authors_named(store.db, "nobody") == []
    by = look(store.db, Wish(authors=(key,)))
    assert by.items == 6 and SECRET in name
    late = look(store.db, Wish(since=NOW, until=NOW + 1e6))
    assert late.items == 6 and late.events == store.db.value("SELECT count(*) FROM events WHERE at >= ?", (NOW,))
    assert look(store.db, Wish(authors=(key,), until=THEN + 99)).items == 0
    gone = forget(store.db, Wish(authors=(key,)))
    assert gone.items == 6 and store.events.mutes() == []
    assert store.db.value("SELECT count(*) FROM items") == 6
    assert store.subscriptions.find(f"Source {SECRET}"), "its source is still followed"


def test_an_undo_goes_with_what_it_undid(store: Store) -> None:
    like = store.events.of_kind("like")[0]
    store.events.append([Event("undo", like.item_id, undoes=like.id, at=NOW + 50)])
    forget(store.db, Wish(since=NOW + 49, until=NOW + 51))
    assert store.events.get(like.id) is None, "the undone like would count again"
    assert check(store.path).sound


def test_it_is_refused_in_words(store: Store, paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    for words, code, said in (
        ([], Exit.USAGE, "nothing is named"),
        (["Plain", "--author", "x"], Exit.USAGE, "name one thing"),
        (["--since", "tomorrowish"], Exit.USAGE, "no date"),
        (["--author", "nobody"], Exit.FAILED, "nobody is called"),
        (["--since", "1999", "--until", "1999"], Exit.FAILED, "nothing to forget"),
        (["Plain"], Exit.FAILED, "nothing was forgotten"),
    ):
        assert main(["forget", *words]) == code
        assert said in capsys.readouterr().err, words
    with WorkerLock(paths.lock_file):
        assert main(["forget", "Plain", "--yes"]) == Exit.BUSY
    with Store.open(paths.archive) as left:
        assert left.db.value("SELECT count(*) FROM items") == 12
