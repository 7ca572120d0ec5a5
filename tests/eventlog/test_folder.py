"""Machines that share a folder: logs are written once, read once, and whatever happens to the files loses nothing."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.config import MachinesOptions
from penchant.app.errors import PenchantError
from penchant.app.eventlog import folder as module
from penchant.app.eventlog import lane as lanes
from penchant.app.eventlog.files import is_log, read_lines, write_lines
from penchant.app.eventlog.folder import exchange, machine_of
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.types import Event

ADA, BOB = "a" * 32, "b" * 32


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


def machine(folder: Path, name: str) -> Store:
    store = Store.open(folder / f"{name}.db")
    source = store.subscriptions.add("rss", "https://one.example/feed")
    items = tuple(Item(f"{name}{i}", f"https://one.example/{name}{i}", f"{name} title {i}") for i in range(3))
    store.items.put_page(source, Page(items, {}), 1e9)
    return store


def both(ada: Store, bob: Store) -> tuple[list[str], list[str]]:
    first, second = ([event.id for _, event in store.events.in_order()] for store in (ada, bob))
    return first, second


def test_two_machines_end_with_the_same_events(tmp_path: Path, shared: Path) -> None:
    with machine(tmp_path, "ada") as ada, machine(tmp_path, "bob") as bob:
        for turn in range(3):
            ada.events.append([Event("like", 1, at=100.0 + turn)])
            bob.events.append([Event("skip", 2, at=100.5 + turn)])
            assert exchange(ada, shared, ADA).written > 0
            assert exchange(bob, shared, BOB).events == 1
        assert exchange(ada, shared, ADA).events == 1, "what came last from the other"
        first, second = both(ada, bob)
        assert first == second and len(first) == 6
        quiet = exchange(ada, shared, ADA), exchange(bob, shared, BOB)
        assert [(done.events, done.written) for done in quiet] == [(0, 0), (0, 0)], "nothing new, nothing written"
    files = sorted(shared.rglob("*.gz"))
    assert len(files) == 6 and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_a_log_that_is_half_there_is_read_again_when_it_is_whole(tmp_path: Path, shared: Path) -> None:
    with machine(tmp_path, "ada") as ada, machine(tmp_path, "bob") as bob:
        ada.events.append(Event("like", 1, at=float(i)) for i in range(300))
        exchange(ada, shared, ADA)
        [path] = shared.rglob("*.gz")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        cut = exchange(bob, shared, BOB)
        assert cut.troubles and "damaged" in cut.troubles[0] and cut.events < 300
        path.write_bytes(whole)
        assert exchange(bob, shared, BOB).troubles == []
        first, second = both(ada, bob)
        assert first == second and len(first) == 300


def test_many_logs_become_one(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MANY", 4)
    with machine(tmp_path, "ada") as ada, machine(tmp_path, "bob") as bob:
        for turn in range(5):
            ada.events.append([Event("like", 1 + turn % 3, at=float(turn))])
            exchange(ada, shared, ADA)
        assert len(list(shared.rglob("*.gz"))) == 1
        exchange(bob, shared, BOB)
        first, second = both(ada, bob)
        assert first == second and len(first) == 5


def test_an_archive_from_a_backup_writes_and_reads_all_again(tmp_path: Path, shared: Path) -> None:
    with machine(tmp_path, "ada") as ada, machine(tmp_path, "bob") as bob:
        ada.events.append([Event("like", 1, at=1.0)])
        ada.db.checkpoint()
        shutil.copyfile(ada.path, tmp_path / "backup.db")
        ada.events.append([Event("like", 2, at=2.0)])
        exchange(ada, shared, ADA)
        exchange(bob, shared, BOB)
        exchange(ada, shared, ADA)
    with Store.open(tmp_path / "backup.db") as ada, Store.open(tmp_path / "bob.db") as bob:
        ada.events.append([Event("save", 3, at=3.0)])
        exchange(ada, shared, ADA)
        exchange(bob, shared, BOB)
        exchange(ada, shared, ADA)
        kinds = [event.kind for _, event in bob.events.in_order()]
        assert kinds == ["like", "like", "save"]
        bob.events.append([Event("open", 1, at=4.0)])
        exchange(bob, shared, BOB)
        exchange(ada, shared, ADA)
        assert {event.kind for _, event in ada.events.in_order()} == {"like", "save", "open"}


def test_strangers_in_the_folder_are_left_alone(tmp_path: Path, shared: Path) -> None:
    (shared / "notes").mkdir()
    (shared / "notes" / "x.jsonl.gz").write_bytes(b"not ours")
    bad = shared / ("c" * 32)
    bad.mkdir()
    (bad / "000000000001-aaaaaaaa.jsonl.gz").write_bytes(b"\x1f\x8bnonsense")
    (bad / "000000000002-aaaaaaaa.jsonl.gz").write_bytes(gzip.compress(b'{"type":"something else"}\n'))
    with machine(tmp_path, "ada") as ada:
        done = exchange(ada, shared, ADA)
        assert len(done.troubles) == 2 and ada.events.count() == 0
        assert exchange(ada, shared, ADA).troubles == [], "said once, until the file changes"
        with pytest.raises(PenchantError, match="no folder"):
            exchange(ada, shared / "absent", ADA)


def test_a_bomb_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.app.eventlog.files.MOST", 1 << 20)
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" * (1 << 19)))
    with pytest.raises(PenchantError, match="unpacks to more"):
        for _ in read_lines(path):
            pass


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert not is_log(path)
    assert write_lines(path, ['{"type":"penchant-events"}\n', "{}\n"]) == 2
    assert is_log(path) and [json.loads(line) for line in read_lines(path)] == [{"type": "penchant-events"}, {}]
    path.write_bytes(b"PK\x03\x04")
    assert not is_log(path)


def test_a_machine_keeps_its_name(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path).ensure()
    name = machine_of(paths)
    assert machine_of(paths) == name and len(name) == 32
    (paths.state / "machine").write_text("../../x")
    assert machine_of(paths) != name


async def test_the_worker_exchanges_by_itself(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "BEGIN", 0.0)
    monkeypatch.setattr(lanes, "EVERY", 0.01)
    paths = Paths.under(tmp_path / "home").ensure()
    with machine(tmp_path, "ada") as ada, machine(tmp_path, "bob") as bob:
        bob.events.append([Event("like", 1, at=5.0)])
        exchange(bob, shared, BOB)

        async def call(work: Callable[[Store], Any]) -> Any:
            return work(ada)

        task = asyncio.create_task(lanes.lane(MachinesOptions(str(shared)), paths, call))
        async with asyncio.timeout(20):
            while not ada.events.count():
                await asyncio.sleep(0.01)
        task.cancel()
        assert (shared / machine_of(paths)).exists() is False, "nothing of its own yet"
