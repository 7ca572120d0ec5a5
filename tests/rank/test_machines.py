"""Machines that exchange their events learn the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from penchant.app.eventlog.merging import merge
from penchant.app.eventlog.writing import lines
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event


def test_replay_gives_both_machines_the_same_head(archive: Callable[[], Path], tmp_path: Path) -> None:
    """Same items on both; what was taught to either, in turns and apart, ends as one and the same model."""
    first, second = archive(), tmp_path / "second.db"
    with Store.open(first) as store:
        ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id LIMIT 60")]
        store.db.checkpoint()
    shutil.copyfile(first, second)
    with Store.open(first, role="cli") as ada, Store.open(second, role="cli") as bob:
        ada.events.append(Event("like" if i % 3 else "skip", item, at=1e9 + 10 * i) for i, item in enumerate(ids[:40]))
        bob.events.append(Event("skip" if i % 2 else "like", item, at=1e9 + 7 * i) for i, item in enumerate(ids[20:]))
        ours, theirs = list(lines(ada, "ada")), list(lines(bob, "bob"))
        merge(bob, ours)
        merge(ada, theirs)
        merge(ada, theirs)
        assert [e.id for _, e in ada.events.in_order()] == [e.id for _, e in bob.events.in_order()]
    heads = []
    for path in (first, second):
        session = RankSession(path)
        session.load()
        model, block = session.learned
        heads.append((model.score(block.batch, now=2e9).probability, session.trust(), block.columns.ids.tolist()))
        session.close()
    assert heads[0][2] == heads[1][2] and heads[0][1] == heads[1][1] and (heads[0][0] == heads[1][0]).all()


def test_a_window_that_is_open_learns_what_comes(archive: Callable[[], Path], tmp_path: Path) -> None:
    path, other = archive(), tmp_path / "other.db"
    with Store.open(path) as store:
        ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id LIMIT 40")]
        store.db.checkpoint()
    shutil.copyfile(path, other)
    window = RankSession(path)
    window.load()
    with Store.open(path, role="cli") as here, Store.open(other, role="cli") as there:
        own = Event("like", ids[0], at=5e8)
        here.events.append([own])
        window.learn(own)
        there.events.append(Event("like" if i % 2 else "skip", item, at=1e8 + i) for i, item in enumerate(ids[1:]))
        merge(here, list(lines(there, "there")))
    assert window.refresh()
    fresh = RankSession(path)
    fresh.load()
    now, then = (
        dict(zip(block.columns.ids.tolist(), model.score(block.batch, now=2e9).probability.tolist(), strict=True))
        for model, block in (window.learned, fresh.learned)
    )
    assert now == then
    window.close()
    fresh.close()
