"""The log of commits: folding it into the file is work for later, whoever is at it, and never costs a commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store, connection

#: Holds the lock of whoever folds the log (https://sqlite.org/walformat.html, section 2.3.1: bytes 120 and on of the
#: -shm file, that of the checkpointer the second) until its input ends.
CHILD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 1, 121)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_page_is_stored_while_somebody_else_folds_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LOG_PAGES", 0)  # fold after every page
    path = tmp_path / "archive.db"
    with Store.open(path, role="worker") as store:
        number = store.subscriptions.add("rss", "https://example.org/feed", "Example")
        held = subprocess.Popen(
            [sys.executable, "-c", CHILD, f"{path}-shm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with held:
            assert held.stdout is not None and held.stdout.readline() == b"held\n"
            store.items.put_page(number, Page((Item("one", "https://example.org/1", "One"),), {}), 1.0)
        assert store.db.value("SELECT count(*) FROM items") == 1
        store.db.checkpoint()
    with Store.open(path) as store:
        assert store.db.value("SELECT title FROM items") == "One"
