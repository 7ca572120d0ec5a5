"""Bulk writers give way to whoever waits, but not for ever."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from penchant.app.store import turns
from penchant.app.store.turns import Turns

pytestmark = pytest.mark.skipif(turns.fcntl is None, reason="needs flock")


def test_bulk_waits_while_somebody_wishes_to_write(tmp_path: Path) -> None:
    key, bulk, order = Turns(tmp_path / "a.db"), Turns(tmp_path / "a.db"), []
    wished, release = threading.Event(), threading.Event()

    def press() -> None:
        with key.wish():
            wished.set()
            release.wait(5)
            order.append("key")

    thread = threading.Thread(target=press)
    thread.start()
    assert wished.wait(5)
    threading.Timer(0.02, release.set).start()
    bulk.give_way()
    order.append("bulk")
    thread.join()
    assert order == ["key", "bulk"]


def test_two_keys_do_not_wait_for_each_other(tmp_path: Path) -> None:
    one, two = Turns(tmp_path / "a.db"), Turns(tmp_path / "a.db")
    with one.wish(), two.wish():
        pass


def test_a_stopped_process_does_not_stop_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST", 0.01)
    stopped, bulk = Turns(tmp_path / "a.db"), Turns(tmp_path / "a.db")
    with stopped.wish():
        bulk.give_way()


def test_without_a_place_for_the_lock_everything_works(tmp_path: Path) -> None:
    nowhere = Turns(tmp_path / "missing" / "a.db")
    with nowhere.wish():
        nowhere.give_way()
    nowhere.close()


def test_giving_way_to_nobody_does_not_sleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asleep(_: float) -> None:
        raise AssertionError("nobody waits")

    bulk = Turns(tmp_path / "a.db")
    monkeypatch.setattr(time, "sleep", asleep)
    bulk.give_way()
    bulk.close()
