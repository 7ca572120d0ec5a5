"""Opening: settings that hold, migrations that are recorded, and files that must be left as they are."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from penchant.app.errors import StoreError
from penchant.app.store import Store
from penchant.app.store.connection import APPLICATION_ID, Database
from penchant.app.store.errors import Damaged, DiskFull, FromNewerVersion, Locked, NotADatabase, ReadOnly
from penchant.app.store.migrations import MIGRATIONS, Migration, latest, migrate, script
from penchant.app.types import Event

pytestmark = pytest.mark.migrates


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "archive.db"


@pytest.fixture
def archive(path: Path) -> Path:
    """A closed archive with one source and one event."""
    with Store.open(path) as store:
        store.subscriptions.add("rss", "https://example.org/feed", "Example")
        store.events.append([Event("topics", value={"topics": ["sqlite"]}, id="one")])
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(path: Path, kind: type[StoreError]) -> StoreError:
    """Opening fails with `kind`, in words, and the file keeps every byte."""
    before = digest(path)
    with pytest.raises(kind) as caught:
        Store.open(path)
    assert str(path) in str(caught.value) and caught.value.hint
    assert digest(path) == before
    return caught.value


@pytest.mark.parametrize(("role", "synchronous"), [("reader", 2), ("cli", 2), ("worker", 1)])
def test_settings_hold(path: Path, role, synchronous) -> None:
    with Store.open(path, role=role) as store:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "wal_autocheckpoint")
        assert [store.db.pragma(name) for name in pragmas] == ["wal", synchronous, 1, 1, 0]
        tables = store.db.rows("PRAGMA table_list")
        ours = [row for row in tables if row[2] == "table" and not row[1].startswith(("sqlite_", "search"))]
        assert ours and all(row[5] for row in ours), "every table is STRICT"


def test_reopening_keeps_everything(archive: Path) -> None:
    with Store.open(archive) as store:
        assert [s.title for s in store.subscriptions.all()] == ["Example"]
        assert store.events.count() == 1
        assert store.db.pragma("application_id") == APPLICATION_ID


def test_importing_the_store_is_light() -> None:
    heavy = ("numpy", "httpx", "lxml", "sqlite_vec", "penchant.adapters.text")
    code = f"import sys, penchant.app.store; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_no_archive_and_none_wanted(path: Path) -> None:
    with pytest.raises(StoreError, match="no archive"):
        Store.open(path, create=False)
    assert not path.exists()


def test_a_text_file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("Dear diary, " * 200)
    refused(path, NotADatabase)


def test_a_folder(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(NotADatabase):
        Store.open(path)


def test_another_programs_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks(url TEXT)")
    other.commit()
    other.close()
    refused(path, NotADatabase)


def test_a_file_from_a_newer_version(archive: Path) -> None:
    other = sqlite3.connect(archive)
    other.execute(f"PRAGMA user_version = {MIGRATIONS[-1].version + 1}")
    other.commit()
    other.close()
    assert "newer" in refused(archive, FromNewerVersion).hint


def test_a_newer_version_that_crashed_keeps_its_log(archive: Path, tmp_path: Path) -> None:
    """The version that matters may be in the log only; looking must not fold the log into the file."""
    other = apsw.Connection(str(archive))
    other.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    other.execute("PRAGMA user_version = 99").fetchall()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in (archive.name, archive.name + "-wal"):
        shutil.copy(archive.with_name(name), crashed / name)
    other.close()
    copy = crashed / archive.name
    before = digest(copy), digest(copy.with_name(copy.name + "-wal"))
    with pytest.raises(FromNewerVersion):
        Store.open(copy)
    assert (digest(copy), digest(copy.with_name(copy.name + "-wal"))) == before


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_file_cut_short(archive: Path, keep: float) -> None:
    os.truncate(archive, int(archive.stat().st_size * keep) // 4096 * 4096)
    refused(archive, Damaged)


def test_a_destroyed_schema(archive: Path) -> None:
    with archive.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3_000)
    refused(archive, Damaged)


def test_tables_missing(archive: Path) -> None:
    other = sqlite3.connect(archive)
    other.execute("DROP TABLE migrations")
    other.commit()
    other.close()
    refused(archive, Damaged)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX permissions")
def test_a_read_only_place(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Run as somebody whom permissions bind: root may write anywhere."""
    archive.chmod(0o444)
    archive.parent.chmod(0o555)
    before = digest(archive)
    result = multiprocessing.get_context("fork").Queue()
    child = multiprocessing.get_context("fork").Process(target=_open_unprivileged, args=(archive, result))
    within = tmp_path_factory.getbasetemp().parent.parent  # pytest's own folders are its user's alone
    for folder in archive.parents:
        if os.getuid() == 0 and folder.stat().st_mode & 0o005 != 0o005 and folder.is_relative_to(within):
            folder.chmod(folder.stat().st_mode | 0o055)
    child.start()
    name, message, hint = result.get(timeout=30)
    child.join()
    archive.parent.chmod(0o755)
    assert name == "ReadOnly" and str(archive) in message and "permission" in hint
    assert digest(archive) == before


def _open_unprivileged(path: Path, result) -> None:
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        Store.open(path)
        result.put(("opened", "", ""))
    except StoreError as error:
        result.put((type(error).__name__, str(error), error.hint))


def test_a_full_file_system(archive: Path) -> None:
    """max_page_count makes SQLite report exactly what a full disk makes it report."""
    with Store.open(archive) as store:
        store.db.pragma("max_page_count", str(store.db.pragma("page_count")))
        with pytest.raises(DiskFull) as caught:
            store.events.append(Event("topics", value={"topics": ["x" * 2_000]}) for _ in range(200))
        assert "space" in caught.value.hint
        assert store.events.count() == 1, "nothing of a failed batch stays"
        store.db.pragma("max_page_count", "1000000")
        store.events.append([Event("topics")])
        assert store.events.count() == 2


def test_locked_for_ever(archive: Path) -> None:
    with Store.open(archive) as holder, Store.open(archive) as store:
        holder.db.rows("BEGIN IMMEDIATE")
        store.db.patience = 0.05
        with pytest.raises(Locked) as caught:
            store.events.append([Event("topics")])
        assert caught.value.hint
        holder.db.rows("ROLLBACK")
        store.events.append([Event("topics")])
        assert store.events.count() == 2


def test_a_short_lock_is_waited_out(archive: Path) -> None:
    with Store.open(archive) as store:
        taken, release = threading.Event(), threading.Event()

        def hold() -> None:
            with Store.open(archive) as holder, holder.db.write():
                taken.set()
                release.wait(5)

        thread = threading.Thread(target=hold)
        thread.start()
        taken.wait(5)
        threading.Timer(0.05, release.set).start()
        store.events.append([Event("topics", id="after")])
        thread.join()
        assert store.events.get("after") is not None


def test_a_failed_transaction_leaves_nothing(archive: Path) -> None:
    with Store.open(archive) as store:
        with pytest.raises(RuntimeError), store.db.write():
            store.db.run("INSERT INTO settings VALUES ('a', 1)")
            raise RuntimeError
        assert store.control.setting("a") is None
        with store.db.write():
            store.db.run("INSERT INTO settings VALUES ('a', 2)")
        assert store.control.setting("a") == 2


def add_column(db: Database) -> None:
    script(db, "ALTER TABLE settings ADD COLUMN note TEXT; CREATE TABLE extra(a INTEGER) STRICT;")


def fail_half_way(db: Database) -> None:
    script(db, "CREATE TABLE half(a INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")


def test_a_new_archive_needs_no_backups(path: Path) -> None:
    with Store.open(path) as store:
        assert store.db.pragma("user_version") == latest()
    assert not list(path.parent.glob("*.bak"))


def test_an_archive_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = Database(path)
    migrate(db, MIGRATIONS[:1])
    db.close()
    with Store.open(path) as store:
        assert store.db.value("SELECT count(*) FROM sqlite_schema WHERE name = 'items_muting'") == 1
    [backup] = path.parent.glob("*.bak")
    assert backup.name == "archive.db.before-v2.bak", "one for all steps: the states in between are nobody's"


def test_each_migration_is_recorded_and_backed_up(archive: Path) -> None:
    newest = latest()
    steps = (*MIGRATIONS, Migration(newest + 1, "a column", add_column))
    db = Database(archive)
    backups = migrate(db, steps)
    assert db.pragma("user_version") == newest + 1
    assert [row[:2] for row in db.rows("SELECT * FROM migrations")][newest:] == [(newest + 1, "a column")]
    assert migrate(db, steps) == [], "nothing is done twice"
    db.close()
    assert [b.name for b in backups] == [f"archive.db.before-v{newest + 1}.bak"]
    with Store.open(backups[0]) as old:
        assert old.events.count() == 1
        assert old.db.pragma("user_version") == newest


def test_of_old_backups_the_newest_stay(archive: Path) -> None:
    for age, version in enumerate((4, 3, 2)):
        old = archive.with_name(f"archive.db.before-v{version}.bak")
        old.touch()
        os.utime(old, (1e9 - age, 1e9 - age))
    newest = latest()
    db = Database(archive)
    migrate(db, (*MIGRATIONS, Migration(newest + 1, "a column", add_column)))
    db.close()
    names = sorted(path.name for path in archive.parent.glob("*.bak"))
    assert names == sorted(["archive.db.before-v4.bak", f"archive.db.before-v{newest + 1}.bak"])


def test_a_damaged_archive_is_not_migrated(archive: Path) -> None:
    with Store.open(archive) as store:
        store.events.append(Event("topics", value={"topics": ["x" * 3_000]}) for _ in range(200))
        root = store.db.value("SELECT rootpage FROM sqlite_schema WHERE name = 'events'")
    with archive.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    before, db = digest(archive), Database(archive)
    with pytest.raises(Damaged):
        migrate(db, (*MIGRATIONS, Migration(latest() + 1, "a column", add_column)))
    db.close()
    assert digest(archive) == before and not list(archive.parent.glob("*.bak*"))


def test_a_failing_migration_changes_nothing(archive: Path) -> None:
    newest = latest()
    steps = (
        *MIGRATIONS,
        Migration(newest + 1, "a column", add_column),
        Migration(newest + 2, "fails", fail_half_way),
    )
    db = Database(archive)
    with pytest.raises(apsw.SQLError):
        migrate(db, steps)
    assert db.pragma("user_version") == newest + 1, "the step before it is done and recorded"
    assert not db.rows("SELECT 1 FROM sqlite_schema WHERE name = 'half'")
    db.close()


def test_two_processes_create_one_archive(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_append_some, args=(path, n)) for n in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    with Store.open(path) as store:
        assert store.events.count() == 200
        assert len(store.db.rows("SELECT * FROM migrations")) == len(MIGRATIONS)


def _append_some(path: Path, number: int) -> None:
    with Store.open(path) as store:
        for turn in range(100):
            store.events.append([Event("topics", session=f"{number}-{turn}")])


def test_data_version_tells_of_others(archive: Path) -> None:
    with Store.open(archive) as one, Store.open(archive) as two:
        before = one.data_version()
        one.events.append([Event("topics")])
        assert one.data_version() == before
        two.events.append([Event("topics")])
        assert one.data_version() != before


def test_read_only_errors_are_store_errors() -> None:
    assert issubclass(ReadOnly, StoreError) and ReadOnly.exit_code == StoreError.exit_code
