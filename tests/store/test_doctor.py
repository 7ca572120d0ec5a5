"""The doctor: says what is wrong, changes nothing by looking, makes derived rows again the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Author, Item, Page, Sighting
from penchant.app.errors import StoreError
from penchant.app.store import Store, doctor
from penchant.app.store.backup import backup
from penchant.app.types import Event

NOW = 1_700_000_000.0
WORDS = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
)


def text(number: int) -> str:
    """A text of its own for every number, long enough to have a fingerprint."""
    digest = hashlib.sha256(str(number).encode()).digest()
    return " ".join(WORDS[byte % len(WORDS)] + str(byte) for byte in digest * 2) + f" {number}"


def derive(store: Store) -> int:
    """Stand-in for the worker's models: vectors and words that depend on the text alone."""
    vectors, words = store.vectors.missing("m", 37), store.features.missing(37)
    pairs = []
    for _, key, _, _ in vectors:
        row = np.random.default_rng(int.from_bytes(key[:8], "little")).standard_normal(16).astype("<f4")
        pairs.append((key, (row / np.linalg.norm(row)).tobytes()))
    store.vectors.put("m", pairs)
    store.features.put([(key, (title + body).encode()[:50]) for _, key, title, body, _ in words])
    return len(vectors) + len(words)


def publish(store: Store) -> None:
    """Stand-in for the ranking: scores that follow from items and live events."""
    liked = {event.item_id for _, event in store.events.live() if event.kind == "like"}
    ids = sorted(row[0] for row in store.db.rows("SELECT id FROM items"))
    store.scores.put_head(1, store.events.last_seq(), b"head", {})
    store.scores.publish(
        [(i, float(i in liked), 0.5, "{}") for i in ids], [i for i in ids if i not in liked], 1
    )


@pytest.fixture
def archive(made: Path, tmp_path: Path) -> Path:
    return backup(made, tmp_path / "archive.db")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("doctor") / "archive.db"
    with Store.open(path, role="worker") as store:
        first = store.subscriptions.add("rss", "https://a.example/feed", "A")
        second = store.subscriptions.add("mastodon", "https://b.example", "B")
        items = [Item(str(n), f"https://a.example/{n}", f"title {n}", text(n)) for n in range(150)]
        items.append(Item("jp", "https://a.example/jp", "今日の東京都のニュース", "天気は晴れ" * 20))
        ids = store.items.put_page(first, Page(tuple(items), {"etag": "x"}), NOW).item_ids
        people = tuple(Sighting("boost", NOW, Author(f"acct:{n}", f"person {n}")) for n in range(3))
        store.items.put_page(
            second, Page((Item("b1", "https://a.example/3", "title 3", text(3), sightings=people),), {}), NOW
        )
        store.events.append([Event("impression", i, {"dwell": 1.0}) for i in ids[:40]])
        like = Event("like", ids[2])
        store.events.append(
            [like, Event("save", ids[3]), Event("skip", ids[4]), Event("undo", undoes=like.id)]
        )
        store.events.append([Event("like", ids[5]), Event("later", ids[6]), Event("open", ids[7])])
        while derive(store):
            pass
        store.vectors.set_complete("m")
        publish(store)
    return path


def dump(path: Path) -> dict[str, list]:
    """Everything that is derived."""
    with Store.open(path, role="worker") as store:
        rows = store.db.rows
        found = {
            "state": rows("SELECT * FROM item_state ORDER BY item_id"),
            "people": rows("SELECT id, people, also_in FROM items ORDER BY id"),
            "names": rows("SELECT * FROM aliases ORDER BY kind, native_id"),
            "fingerprints": rows("SELECT * FROM fingerprints ORDER BY item_id"),
            "vectors": rows(
                "SELECT s.name, s.dim, s.complete, e.content_hash, e.vector FROM embeddings e"
                " JOIN spaces s ON s.id = e.space_id ORDER BY s.name, e.content_hash"
            ),
            "features": rows("SELECT * FROM features ORDER BY content_hash"),
            "scores": rows("SELECT * FROM scores ORDER BY item_id"),
            "ranking": rows("SELECT position, item_id FROM ranking ORDER BY position"),
            "found": [
                [hit.item_id for hit in store.search(words, limit=200).hits]
                for words in ("alpha*", '"title 3"', "東京都", "京都", "天気", "gamma12 OR title")
            ],
        }
        query = np.ones(16, np.float32)
        found["near"] = store.vectors.nearest("m", query, 30)
        return found


def test_a_sound_archive_is_sound_and_looking_changes_nothing(archive: Path) -> None:
    before = archive.read_bytes()
    steps: list[str] = []
    report = doctor.check(archive, progress=lambda topic, *_: steps.append(topic))
    assert report.level == "ok", str(report)
    assert {"structure", "full text", "marks", "vectors", "words", "ranking", "queue"} <= set(steps)
    assert archive.read_bytes() == before
    assert "151 items" in str(report)


BREAK: dict[str, tuple[str, str, str]] = {
    "full text": (
        "error",
        "search",
        "INSERT INTO search(search, rowid, title) VALUES ('delete', 5, 'title 4')",
    ),
    "full text 2": (
        "error",
        "search_unspaced",
        "INSERT INTO search_unspaced(search_unspaced) VALUES ('delete-all')",
    ),
    "marks": ("error", "marks", "UPDATE item_state SET liked = 1 WHERE item_id = 3"),
    "marks 2": ("error", "marks", "DELETE FROM item_state WHERE item_id = 6"),
    "people": ("warn", "counts", "UPDATE items SET people = 99 WHERE id = 4"),
    "contents": ("warn", "no name", "DELETE FROM aliases WHERE item_id = 9"),
    "vectors": ("warn", "no vector", "DELETE FROM embeddings WHERE id < 10; DELETE FROM coarse"),
    "vectors 2": ("error", "blocks", "DELETE FROM coarse"),
    "words": ("warn", "statistics", "DELETE FROM features"),
    "ranking": ("error", "not there", "UPDATE heads SET through_seq = 10000"),
}


@pytest.mark.parametrize("name", BREAK)
def test_what_is_out_of_step_is_found_and_rebuilt(archive: Path, name: str) -> None:
    level, said, sql = BREAK[name]
    before = dump(archive)
    with Store.open(archive, role="cli") as store:
        for statement in sql.split(";"):
            store.db.run(statement)
        if name == "vectors":
            store.vectors.rebuild_coarse()
    topic = name.removesuffix(" 2")
    finding = next(
        found for found in doctor.check(archive).findings if found.topic == topic and found.level != "ok"
    )
    assert (finding.level, said in finding.found) == (level, True), finding
    assert finding.meaning and finding.action
    assert doctor.rebuild(archive, derive=derive, publish=publish).level == "ok"
    assert dump(archive) == before


def test_everything_derived_can_be_dropped_and_comes_out_the_same(archive: Path) -> None:
    before = dump(archive)
    with Store.open(archive, role="cli") as store, store.db.write():
        for table in (
            "item_state",
            "coarse",
            "embeddings",
            "spaces",
            "features",
            "scores",
            "ranking",
            "heads",
            "fingerprints",
        ):
            store.db.run(f"DELETE FROM {table}")
        for table in ("search", "search_unspaced"):
            store.db.run(f"INSERT INTO {table}({table}) VALUES ('delete-all')")
        store.db.run("UPDATE items SET people = 0, also_in = 7")
    assert dump_differs(before, archive)
    steps: list[tuple[str, int, int]] = []
    report = doctor.rebuild(
        archive, progress=lambda *step: steps.append(step), derive=derive, publish=publish
    )
    assert report.level == "ok", str(report)
    assert dump(archive) == before
    assert {"full text", "marks", "vectors and words", "ranking"} <= {step[0] for step in steps}


def dump_differs(before: dict[str, list], archive: Path) -> bool:
    with Store.open(archive, role="cli") as store:
        return not store.db.rows("SELECT 1 FROM item_state") and bool(before["state"])


def test_a_rebuild_without_models_leaves_them_to_the_worker(archive: Path) -> None:
    report = doctor.rebuild(archive)
    assert report.sound
    with Store.open(archive, role="cli") as store:
        assert store.features.count() == 0 and len(store.vectors.missing("m", 1000)) == 151
        assert [space.complete for space in store.vectors.spaces()] == [False]


def test_a_rebuild_lets_the_judge_say_it_all_again(archive: Path) -> None:
    with Store.open(archive, role="cli") as store:
        (key,) = store.db.row("SELECT content_hash FROM items WHERE id = 5")
        store.opinions.put("judge", "likelihood", "8+8:a", {key: 0.5})
        store.opinions.activate("judge")
        store.vectors.put("hidden:judge", [(key, np.ones(16, "<f4").tobytes())])
        store.opinions.activate_hidden("hidden:judge")
    assert doctor.rebuild(archive, derive=derive, publish=publish).sound
    with Store.open(archive, role="cli") as store:
        assert store.opinions.count("judge", "likelihood") == 0, "with its hidden states gone, nothing would ask again"
        assert store.opinions.active() is None and store.opinions.hidden() is None


def scribble(path: Path, where: Callable[[int], bool]) -> bytes:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        if where(page):
            data[page * 4096 : page * 4096 + 120] = b"\xff" * 120
    path.write_bytes(data)
    return bytes(data)


def test_a_damaged_file_is_reported_and_left_as_it_is(archive: Path) -> None:
    data = scribble(archive, lambda page: page % 5 == 4)
    report = doctor.check(archive)
    assert not report.sound
    worst = next(finding for finding in report.findings if finding.level == "error")
    assert worst.meaning and "--recover" in worst.action
    with pytest.raises(StoreError):
        doctor.rebuild(archive)
    assert archive.read_bytes() == data


@pytest.mark.parametrize("kind", ["text", "short", "empty", "folder", "newer", "older", "other"])
def test_what_is_no_archive_is_said_without_touching_it(archive: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it.db"
    if kind == "text":
        path.write_text("hello " * 500)
    elif kind == "short":
        path.write_bytes(archive.read_bytes()[:20_000])
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    else:
        backup(archive, path)
        data = bytearray(path.read_bytes())
        place, value = {"newer": (60, 999), "older": (60, 0), "other": (68, 12345)}[kind]
        data[place : place + 4] = value.to_bytes(4, "big")
        path.write_bytes(data)
    before = path.read_bytes() if path.is_file() else b""
    report = doctor.check(path)
    assert report.level != "ok" and all(f.meaning and f.action for f in report.findings if f.level != "ok")
    assert not path.is_file() or path.read_bytes() == before


def test_no_archive_yet_is_no_error(tmp_path: Path) -> None:
    report = doctor.check(tmp_path / "none.db")
    assert report.sound and "no archive" in str(report)
    assert not list(tmp_path.glob("none*"))
