"""`penchant forget`: no byte of it is left in any file of penchant's, and nothing brings it back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.adapters.base import Author, Item, Media, Page
from penchant.app import forgetting
from penchant.app.cli import main
from penchant.app.derive import Deriver
from penchant.app.errors import Exit
from penchant.app.eventlog.folder import exchange, machine_of
from penchant.app.generating_blind import seal
from penchant.app.judge import statefile
from penchant.app.lock import WorkerLock
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.backup import backup, dated
from penchant.app.store.doctor import check
from penchant.app.store.drafts import Draft
from penchant.app.store.forget import forget, look
from penchant.app.store.forget_choice import Wish, authors_named
from penchant.app.types import Event, Reply, Thread
from penchant.app.voice.shelf import Kept
from penchant.app.voice.shelf import write as keep

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


def write_about(store: Store, mine: int) -> None:
    """What a model wrote: an answer that was liked, a blind copy, a post nobody decided on; one on other things."""
    answer = store.drafts.add(Draft("reply", f"I do not believe the {SECRET}.", mine, topic=SECRET))
    judged = store.drafts.as_item(answer, title=f"To {SECRET}")
    store.events.append([Event("like", judged, at=NOW + 24), Event("draft", None, {"draft": answer}, at=NOW + 25)])
    copied = {"sealed": seal({"original": mine + 1})}
    copy = store.drafts.add(Draft("feed", f"A real text on the {SECRET}", facts=copied))
    store.drafts.as_item(copy)
    store.drafts.add(Draft("post", f"Who has seen the {SECRET}?"))
    store.drafts.add(Draft("post", "On gardens in the rain", state="kept"))
    keep(store, Kept("summary", facts={"text": f"likes the {SECRET}"}, made_at=NOW))


def furnish(store: Store, paths: Paths) -> None:
    """Drafts, and files beside the archive, that say the same."""
    mine = store.db.value("SELECT min(id) FROM items WHERE title LIKE ?", (f"%{SECRET}%",))
    write_about(store, mine)
    statefile.save(
        paths.data / "plugs" / "x-0123456789.plug",
        {"kind": "plug", "title": SECRET, "model": "m", "content": "", "tokens": 1, "made_at": 1.0, "item_ids": [mine]},
        [SECRET.encode()],
    )
    places = (
        (paths.cache / "judge", "a.state"), (paths.state, "crash.log"), (paths.state, "penchant.log.1"),
        (paths.data / "voice", "soft-0123.state"),
    )  # fmt: skip
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
    assert told["items"] == 6 + 2 and told["events"] >= 5 and not told["forgotten"]
    assert told["drafts"] == 3, "what answers it, a copy of it, and what nobody decided on"
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
        assert [draft.text for draft in left.drafts.list("post")] == ["On gardens in the rain"]
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


def test_backups_go_from_the_folder_that_was_configured_and_nothing_else_does(
    store: Store, paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my disk"
    (folder / "deep").mkdir(parents=True)
    with paths.config_file.open("a") as file:
        file.write(f'[backup]\nfolder = "{folder}"\n')
    made = backup(paths.archive, dated(paths.archive, folder, NOW))
    begun = made.with_name(made.name + ".part")
    begun.write_text(SECRET)
    before = backup(paths.archive, paths.data / "archive.db.before-v9.bak")
    rescued = backup(paths.archive, paths.data / "archive-rescued-20250101-000000.db")
    others = [folder / "archive-of-photos.db", folder / "archive.db", folder / "deep" / made.name]
    others.append(paths.data / "archive-mine.db")
    for path in others:
        path.write_text(f"not penchant's, whatever {SECRET} it holds")
    store.close()
    assert main(["forget", f"Source {SECRET}", "--yes", "--backups"]) == Exit.OK
    said = capsys.readouterr()
    assert "4 backups go too" in said.out and "archive-mine.db looks like a copy" in said.err
    assert not any(path.exists() for path in (made, begun, before, rescued))
    assert all(SECRET in path.read_text() for path in others)


def test_what_two_sources_brought_stays_as_the_others(store: Store, paths: Paths) -> None:
    """Of the forgotten one nothing is left on it; when the other is forgotten too, it goes."""
    plain, other = (int(row[0]) for row in store.db.rows("SELECT id FROM subscriptions ORDER BY id"))
    both = Item("shared", "https://third.example/shared", "What both have", "A text that both sources have. " * 9)
    [shared] = store.items.put_page(other, Page((both,), {}), NOW).item_ids
    theirs = replace(both, native_id="its name there")
    assert store.items.put_page(plain, Page((theirs,), {}), NOW + 1).item_ids == [shared]
    store.events.append([Event("like", shared, at=NOW + 60)])
    assert forget(store.db, Wish(source=other)).items == 6
    left = store.db.row("SELECT subscription_id, also_in FROM items WHERE id = ?", (shared,))
    assert left == (plain, 0) and [e.kind for e in store.events.of_item(shared)] == ["like"]
    assert store.db.rows("SELECT DISTINCT subscription_id FROM sightings") == [(plain,)]
    again = store.items.put_page(plain, Page((theirs,), {}), NOW + 99)
    assert again.item_ids == [shared] and again.new == 0
    assert check(store.path).sound
    assert forget(store.db, Wish(source=plain)).items == 7
    assert store.db.value("SELECT count(*) FROM items") == 0
    assert store.events.of_item(shared) == []


def test_it_is_overwritten_before_it_is_deleted(store: Store, paths: Paths, tmp_path: Path) -> None:
    furnish(store, paths)
    store.close()
    file = paths.cache / "judge" / "a.state"
    (tmp_path / "second name").hardlink_to(file)
    assert main(["forget", f"Source {SECRET}", "--yes", "--backups"]) == Exit.OK
    assert not file.exists() and set((tmp_path / "second name").read_bytes()) == {0}


@pytest.mark.parametrize("where", ["forget", "wipe", "_machines"])
def test_one_that_was_interrupted_is_brought_to_its_end(
    store: Store, paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    furnish(store, paths)
    store.close()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(forgetting, where, killed)
        main(["forget", f"Source {SECRET}", "--yes", "--backups"])
    assert traces(paths.data.parent, synced(paths))
    again = main(["forget", f"Source {SECRET}", "--yes", "--backups"])
    assert again == (Exit.OK if where == "forget" else Exit.FAILED), "the source is gone from the archive already"
    assert "was interrupted" in capsys.readouterr().err
    assert traces(paths.data.parent, synced(paths)) == []


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
