"""Backups: whole, checked, never over another file, also under a busy writer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.errors import Damaged, NotADatabase, StoreError
from penchant.app.store import Store
from penchant.app.store.backup import backup, backups, dated, rotate
from penchant.app.types import Event


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "archive.db"
    with Store.open(path, role="cli") as store:
        sub = store.subscriptions.add("rss", "https://a.example/feed")
        items = tuple(Item(str(n), f"https://a.example/{n}", f"title {n}", "text " * 200) for n in range(60))
        ids = store.items.put_page(sub, Page(items, {}), 1_700_000_000.0).item_ids
        store.events.append([Event("like", ids[0])])
        yield path


def test_a_backup_holds_everything_and_stands_alone(archive: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    made = backup(archive, tmp_path / "copy.db", progress=lambda *step: seen.append(step))
    assert made == tmp_path / "copy.db"
    assert seen and seen[-1][1] == seen[-1][2] > 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == ["copy.db"]
    with Store.open(archive, role="cli") as old, Store.open(made, role="cli") as new:
        for table in ("items", "events", "item_state", "sightings", "aliases", "search"):
            assert new.db.rows(f"SELECT * FROM {table}") == old.db.rows(f"SELECT * FROM {table}")


def test_it_never_replaces_a_file(archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "letters.txt"
    target.write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        backup(archive, target)
    assert target.read_text() == "mine"
    backup(archive, target, overwrite=True)
    with Store.open(target, role="cli") as store:
        assert store.events.count() == 1


def test_it_needs_a_sound_archive(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(StoreError, match="no archive"):
        backup(tmp_path / "none.db", tmp_path / "copy.db")
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(NotADatabase):
        backup(text, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_damaged_archive_gives_no_backup(archive: Path, tmp_path: Path) -> None:
    first = backup(archive, tmp_path / "first.db")
    data = bytearray(first.read_bytes())
    for page in range(8, len(data) // 4096, 3):
        data[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    first.write_bytes(data)
    with pytest.raises(Damaged):
        backup(first, tmp_path / "second.db")
    assert not list(tmp_path.glob("second.db*"))
    assert first.read_bytes() == data


def test_a_busy_writer_does_not_hold_it_up(archive: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        with Store.open(archive, role="worker") as store:
            while not stop.is_set():
                store.events.append([Event("impression", 1)])
                written.append(store.events.count())

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(written) < 5:
            stop.wait(0.01)
        made = backup(archive, tmp_path / "copy.db")
        after = written[-1]
    finally:
        stop.set()
        thread.join()
    with Store.open(made, role="cli") as store:
        assert 5 <= store.events.count() <= after + 5
        assert store.db.pragma("integrity_check") == "ok"


def test_rotation_keeps_the_newest_and_touches_nothing_else(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = [dated(archive, folder, 1_700_000_000.0 + 86_400 * day) for day in range(5)]
    for path in made:
        path.touch()
    (folder / "archive-notes.db").touch()
    (folder / "archive.db").touch()
    assert backups(archive, folder) == made
    assert rotate(archive, folder, keep=2) == made[:3]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["archive-notes.db", "archive.db", made[3].name, made[4].name]
    )
    assert rotate(archive, folder, keep=2) == []
