"""Salvage: what a damaged file still holds comes out, and nothing that it never held."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.errors import StoreError
from penchant.app.store import Store, doctor, pages
from penchant.app.store.remote_states import State
from penchant.app.types import Event

PAGE = 4_096
ITEMS = 400


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("salvage") / "archive.db"
    with Store.open(path, role="cli") as store:
        sub = store.subscriptions.add("rss", "https://a.example/feed", "A")
        items = tuple(
            Item(
                str(n), f"https://a.example/{n}", f"title {n}", " ".join(f"w{n * k % 997}" for k in range(80))
            )
            for n in range(ITEMS)
        )
        ids = store.items.put_page(sub, Page(items, {}), 1_700_000_000.0).item_ids
        store.events.append(
            [Event("impression", item, {"dwell": 0.5}, id=f"i{item}", at=1.0) for item in ids]
        )
        like = Event("like", ids[0], id="like", at=2.0)
        store.events.append(
            [like, Event("save", ids[1], id="save", at=3.0), Event("undo", undoes="like", id="u", at=4.0)]
        )
        while rows := store.features.missing(500):
            store.features.put([(row[1], b"x" * 200) for row in rows])
    return path


def rows(path: Path, sql: str) -> list:
    with Store.open(path, role="cli") as store:
        return store.db.rows(sql)


def test_a_sound_file_is_copied_whole(sound: Path, tmp_path: Path) -> None:
    result = doctor.salvage(sound, tmp_path / "new.db")
    assert not result.incomplete and not result.refused
    assert result.copied["items"] == ITEMS and result.copied["events"] == ITEMS + 3
    for table in ("subscriptions", "aliases", "sightings", "events", "item_state"):
        select = f"SELECT * FROM {table}"
        if table == "subscriptions":
            select = "SELECT id, kind, address, title, settings, cursor FROM subscriptions"
        assert rows(tmp_path / "new.db", select) == rows(sound, select)
    assert rows(tmp_path / "new.db", "SELECT * FROM items") == rows(sound, "SELECT * FROM items")
    report = doctor.check(tmp_path / "new.db")
    assert report.sound, str(report)
    with Store.open(tmp_path / "new.db", role="cli") as store:
        assert store.changes.count() == ITEMS  # the worker makes vectors and words again
        assert store.search('"title 7"').total_estimate >= 1


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_gives_up_what_it_still_holds(sound: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(sound.read_bytes())
    pages = len(data) // PAGE
    for page in chance.sample(range(2, pages), k=max(2, pages // 12)):
        size = chance.choice([8, 100, PAGE])
        data[page * PAGE : page * PAGE + size] = chance.randbytes(size)
    hurt = tmp_path / "hurt.db"
    hurt.write_bytes(data)
    try:
        result = doctor.salvage(hurt, tmp_path / "new.db")
    except StoreError as error:
        assert error.hint and not (tmp_path / "new.db").exists()
        assert hurt.read_bytes() == data
        return
    assert hurt.read_bytes() == data
    report = doctor.check(tmp_path / "new.db")
    assert report.sound, str(report)
    true_events = {
        row[0]: row for row in rows(sound, "SELECT id, kind, item_id, value, undoes, at FROM events")
    }
    got = rows(tmp_path / "new.db", "SELECT id, kind, item_id, value, undoes, at FROM events")
    assert sum(true_events.get(row[0]) == row for row in got) > 0.9 * len(got)
    true_items = {row[0]: row for row in rows(sound, "SELECT id, title, text FROM items")}
    kept = rows(tmp_path / "new.db", "SELECT id, title, text FROM items")
    assert sum(true_items.get(row[0]) == row for row in kept) > 0.5 * ITEMS, str(result)
    assert len(got) > 0.3 * ITEMS
    if len(kept) < ITEMS:
        assert "items" in result.incomplete or result.refused
    assert str(result.copied["items"]) in str(result)


def test_a_hole_in_the_middle_loses_only_the_hole(sound: Path, tmp_path: Path) -> None:
    """Rows before and behind a damaged page are found, whichever page of the items it is."""
    with Store.open(sound, role="cli") as store:
        leaf = store.db.value("SELECT rootpage FROM sqlite_schema WHERE name = 'items'")
    data = bytearray(sound.read_bytes())
    root = (leaf - 1) * PAGE
    assert data[root] == 5  # an interior page: its cells name the leaves
    cell = int.from_bytes(data[root + 12 + 20 : root + 12 + 22], "big")
    child = int.from_bytes(data[root + cell : root + cell + 4], "big")
    data[(child - 1) * PAGE : child * PAGE] = b"\xff" * PAGE
    hurt = tmp_path / "hurt.db"
    hurt.write_bytes(data)
    result = doctor.salvage(hurt, tmp_path / "new.db")
    kept = {row[0] for row in rows(tmp_path / "new.db", "SELECT id FROM items")}
    lost = set(range(1, ITEMS + 1)) - kept
    assert 0 < len(lost) < 60 and lost == set(range(min(lost), max(lost) + 1))
    assert result.incomplete == ["items"] and result.copied["events"] == ITEMS + 3
    assert "items could not be read" in str(result)


def test_it_never_replaces_a_file_nor_invents_one(sound: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.db"
    target.write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        doctor.salvage(sound, target)
    assert target.read_text() == "mine"
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"SQLite format 3\x00" + b"\xff" * 50_000)
    with pytest.raises(StoreError):
        doctor.salvage(junk, tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()


def test_a_file_cut_short_gives_up_its_beginning(sound: Path, tmp_path: Path) -> None:
    hurt = tmp_path / "hurt.db"
    hurt.write_bytes(sound.read_bytes()[: int(sound.stat().st_size * 0.7)])
    result = doctor.salvage(hurt, tmp_path / "new.db")
    assert result.copied["items"] > 0.5 * ITEMS and result.incomplete
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hurt.db", "new.db"]
    assert doctor.check(tmp_path / "new.db").sound


@pytest.mark.parametrize("table", ["events", "items", "sqlite_schema"])
def test_rows_are_found_past_a_broken_root(sound: Path, tmp_path: Path, table: str) -> None:
    """The page that leads to all rows of a table (or to all tables) is gone, the rows are not."""
    with Store.open(sound, role="cli") as store:
        root = store.db.value("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)) or 1
    data = bytearray(sound.read_bytes())
    start = (root - 1) * PAGE + (100 if root == 1 else 0)
    data[start : start + 60] = b"\xff" * 60
    hurt = tmp_path / "hurt.db"
    hurt.write_bytes(data)
    result = doctor.salvage(hurt, tmp_path / "new.db")
    assert result.incomplete
    for select in (
        "SELECT seq, id, kind, item_id, value, undoes, at FROM events",
        "SELECT id, uid, title, text FROM items",
    ):
        assert rows(tmp_path / "new.db", select) == rows(sound, select)
    assert rows(tmp_path / "new.db", "SELECT * FROM item_state") == rows(sound, "SELECT * FROM item_state")
    assert doctor.check(tmp_path / "new.db").sound


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_bytes_make_the_page_reader_fail(sound: Path, data: st.DataObject) -> None:
    content = bytearray(sound.read_bytes()[: 40 * PAGE])
    for _ in range(data.draw(st.integers(0, 30))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    for number, values in pages.rows(bytes(content), 12):
        assert isinstance(number, int) and len(values) == 12


def test_what_was_agreed_with_a_reader_server_comes_along(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "agreed.db"
    path.write_bytes(sound.read_bytes())
    with Store.open(path, role="cli") as store:
        number = store.subscriptions.add("miniflux", "miniflux:me@reader.example")
        store.remote.agree(number, [("7", 1, State(True, True)), ("8", 2, State())], 5.0)
        store.control.remember("reader feeds x", "[]")
    result = doctor.salvage(path, tmp_path / "new.db")
    assert result.copied["remote_states"] == 2 and not result.incomplete
    select = "SELECT * FROM remote_states ORDER BY entry"
    assert rows(tmp_path / "new.db", select) == rows(path, select)


def test_an_archive_from_before_reader_servers_is_whole_without_them(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    path.write_bytes(sound.read_bytes())
    connection = apsw.Connection(str(path))
    connection.execute("DROP TABLE remote_states")
    connection.close()
    result = doctor.salvage(path, tmp_path / "new.db")
    assert not result.incomplete and result.copied["items"] == ITEMS
