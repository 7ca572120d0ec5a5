"""kill -9 and reopen: a few rounds of what bench/promises/kill9.py does a thousand times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penchant.app.store import Store
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event

BENCH = Path(__file__).resolve().parent.parent.parent / "bench" / "promises" / "kill9.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")


def test_nothing_is_lost_damaged_or_doubled(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(BENCH), "8", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 faults" in run.stdout


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    """Killed with the transaction of a rival open: the lock dies with it and the file opens at once."""
    path = tmp_path / "archive.db"
    Store.open(path).close()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        writer = EventWriter(path)
        while True:
            event = Event("topics")
            writer.submit(event).result()
            os.write(write, event.id.encode() + b"\n")
    holder = os.fork()
    if holder == 0:
        store = Store.open(path, role="worker")
        while True:
            with store.db.write():
                store.db.run("INSERT OR REPLACE INTO settings VALUES ('x', randomblob(9999))")
                time.sleep(0.002)
            store.db.give_way()
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        lines = [pipe.readline() for _ in range(20)]
        for process in (holder, child):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        lines += pipe.readlines()
    acknowledged = {line.decode().strip() for line in lines if line.endswith(b"\n")}
    with Store.open(path) as store:
        assert len(acknowledged) >= 20 and acknowledged <= {e.id for _, e in store.events.since(0, 10**6)}
        store.events.append([Event("topics")])
        assert store.db.rows("PRAGMA integrity_check") == [("ok",)]
