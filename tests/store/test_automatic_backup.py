"""Backups that the worker makes by itself: when, where, how many, and what is said when it cannot."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.app import backups
from penchant.app.cli import main
from penchant.app.config import BackupOptions
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.errors import Damaged, DiskFull, ReadOnly, StoreError
from penchant.app.store.report import Report
from penchant.app.types import Event

NOW = 1_750_000_000.0


@pytest.fixture
def paths(home: Path) -> Paths:
    found = Paths.from_environment().ensure()
    with Store.open(found.archive) as store:
        store.events.append(Event("topics") for _ in range(5))
    return found


def aged(path: Path, at: float) -> Path:
    os.utime(path, (at, at))
    return path


def test_it_is_due_once_in_a_while() -> None:
    options, day = BackupOptions(every=2.0), backups.DAY
    assert backups.due(options, None, NOW)
    assert not backups.due(options, NOW - 1.9 * day, NOW)
    assert backups.due(options, NOW - 2.0 * day, NOW)
    assert backups.due(options, NOW + 9 * day, NOW), "made while the clock was wrong"
    assert not backups.due(BackupOptions(every=0.0), None, NOW)


def test_so_many_are_kept_and_each_can_be_opened(paths: Paths) -> None:
    folder = backups.place(BackupOptions(), paths)
    made = [aged(backups.make(paths.archive, folder, 3, NOW + n * 90_000), NOW + n * 90_000) for n in range(5)]
    assert sorted(folder.iterdir()) == made[2:]
    assert backups.newest(paths.archive, folder) == NOW + 4 * 90_000
    assert made[-1].stat().st_mode & 0o077 == 0
    with Store.open(made[-1], create=False) as store:
        assert store.events.count() == 5


def test_a_short_disk_gets_none_and_keeps_what_is_there(paths: Paths) -> None:
    folder = backups.place(BackupOptions(), paths)
    first = backups.make(paths.archive, folder, 1, NOW)
    with pytest.raises(DiskFull, match="no room"):
        backups.make(paths.archive, folder, 1, NOW + 90_000, free=backups.SPARE)
    assert list(folder.iterdir()) == [first]


def test_a_damaged_archive_pushes_no_sound_backup_out(paths: Paths) -> None:
    folder = backups.place(BackupOptions(), paths)
    first = backups.make(paths.archive, folder, 1, NOW)
    with paths.archive.open("r+b") as file:
        for page in range(6, paths.archive.stat().st_size // 4096, 2):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    with pytest.raises(Damaged):
        backups.make(paths.archive, folder, 1, NOW + 90_000)
    assert list(folder.iterdir()) == [first]


def test_a_stopped_one_leaves_nothing(paths: Paths) -> None:
    folder, stopped = backups.place(BackupOptions(), paths), threading.Event()
    stopped.set()
    with pytest.raises(StoreError, match="stopped"):
        backups.make(paths.archive, folder, 1, NOW, stopped)
    assert list(folder.iterdir()) == []


def test_what_a_kill_left_goes_with_the_next(paths: Paths) -> None:
    folder = backups.place(BackupOptions(), paths)
    folder.mkdir()
    old, fresh, other = (folder / name for name in ("archive-1.db.part", "archive-2.db.part", "notes.part"))
    for path in (old, fresh, other):
        path.touch()
        aged(path, NOW - 30 if path is fresh else NOW - 9e5)
    made = backups.make(paths.archive, folder, 1, NOW)
    assert sorted(folder.iterdir()) == sorted([fresh, other, made])


def test_a_folder_that_cannot_be_is_said(paths: Paths) -> None:
    (paths.data / "file").touch()
    with pytest.raises(ReadOnly, match="file"):
        backups.make(paths.archive, paths.data / "file" / "backups", 1, NOW)


def test_doctor_tells(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    def said(options: BackupOptions, trouble: str = "") -> tuple[str, str]:
        report = Report(paths.archive)
        backups.tell(report, options, paths, trouble, NOW)
        return report.findings[0].level, report.findings[0].found

    usual = BackupOptions()
    assert said(usual) == ("ok", f"none yet; the worker makes the first one into {paths.data / 'backups'}")
    aged(backups.make(paths.archive, backups.place(usual, paths), 1, NOW), NOW - 7_300)
    assert "newest 2 h old" in said(usual)[1]
    assert said(BackupOptions(every=0.01))[0] == "warn"
    assert said(usual, "no room") == ("warn", "no room")
    assert main(["doctor"]) == 0 and "backups" in capsys.readouterr().out


def test_the_lane_makes_one_and_tells_of_trouble(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "BEGIN", 0.0)

    def run(options: BackupOptions, until: Callable[[Store], object]) -> None:
        async def go() -> None:
            with Store.open(paths.archive) as store:

                async def call(work: Callable[[Store], Any]) -> Any:
                    return work(store)

                task = asyncio.create_task(backups.lane(options, paths, call))
                while not until(store):
                    await asyncio.sleep(0.01)
                task.cancel()

        asyncio.run(asyncio.wait_for(go(), 60))

    (paths.data / "file").touch()
    run(BackupOptions(folder=str(paths.data / "file" / "x")), lambda store: store.control.setting(backups.STATUS))
    run(BackupOptions(), lambda store: not store.control.setting(backups.STATUS))
    assert len(list((paths.data / "backups").iterdir())) == 1
