"""The file goes while it is open, or lies where nothing can be locked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import apsw
import pytest

from penchant.app.store import Store
from penchant.app.store.errors import Moved, NoLocks, StoreError
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "archive.db"
    with Store.open(found) as store:
        store.events.append([Event("topics", id="before")])
    return found


def delete(path: Path) -> None:
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    Store.open(other).close()
    os.replace(other, path)


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")
@pytest.mark.parametrize("happens", [delete, replace])
@pytest.mark.parametrize("role", ["reader", "worker", "cli"])
def test_nothing_is_acknowledged_into_a_file_that_is_gone(path: Path, happens, role) -> None:
    with Store.open(path, role=role) as store:
        happens(path)
        with pytest.raises(Moved) as caught:
            store.events.append([Event("topics")])
        assert str(path) in str(caught.value) and caught.value.hint


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")
def test_a_window_keeps_what_was_in_the_deleted_file(path: Path) -> None:
    writer = EventWriter(path)
    writer.submit(Event("topics", id="mine")).result(30)
    delete(path)
    futures = [writer.submit(Event("topics")) for _ in range(3)]
    told = [str(future.exception(30)) for future in futures]
    assert writer.close()
    [saved] = path.parent.glob("archive-rescued-*.db")
    assert all(str(saved) in each for each in told)
    with Store.open(saved) as store:
        assert [event.id for _, event in store.events.since(0)] == ["before", "mine"]


class _NoLocks(apsw.VFS):
    """A network share whose server has no lock daemon."""

    def __init__(self) -> None:
        self.real = apsw.vfs_names()[0]
        super().__init__("no-locks", self.real, makedefault=True)

    def xOpen(self, name, flags):
        return _Unlockable(self.real, name, flags)


class _Unlockable(apsw.VFSFile):
    def xLock(self, level: int) -> None:
        error = apsw.IOError("no locks available")
        error.extendedresult = apsw.SQLITE_IOERR_LOCK
        raise error


def test_a_place_without_locks_is_refused_in_words(path: Path) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    share = _NoLocks()
    try:
        with pytest.raises(NoLocks) as caught:
            Store.open(path)
    finally:
        share.unregister()
    assert "PENCHANT_HOME" in caught.value.hint
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert issubclass(NoLocks, StoreError)
