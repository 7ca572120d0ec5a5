"""Hundreds of sources are due at once: how often the archive is asked, what is marked, who gives way."""

from __future__ import annotations

import socket
from pathlib import Path

import httpcore
import pytest

from penchant.adapters.base import Item, Page
from penchant.adapters.http_guard import _Wide
from penchant.app.config import Config, Models
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.subscriptions import Subscriptions
from penchant.app.sync import Visit, _store_page
from penchant.app.worker import RUSH, Worker


@pytest.fixture
def store(home: Path) -> Store:
    (home / "data").mkdir()
    with Store.open(home / "data" / "archive.db", role="worker") as opened:
        yield opened  # type: ignore[misc]


def test_in_a_rush_the_archive_is_asked_once_a_second_and_what_is_chosen_is_marked(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store.subscriptions.add("rss", f"https://{n}.example/feed") for n in range(RUSH + 40)]
    asked: list[int] = []
    due = Subscriptions.due

    def counted(self: Subscriptions, *values: float) -> object:
        asked.append(1)
        return due(self, *values)

    monkeypatch.setattr(Subscriptions, "due", counted)
    worker = Worker(Paths.under(home), Config())
    first = worker._look(store)
    assert [s.id for s in first.due] == ids[: worker.places.free()]
    assert {s.id for s in map(store.subscriptions.get, ids) if s and s.state == "fetching"} == {s.id for s in first.due}
    for _ in range(3):
        worker._version = -1  # as if somebody had written
        again = worker._look(store)
        assert again.due and not {s.id for s in again.due} & {s.id for s in first.due}
    assert len(asked) == 1
    worker._version, worker._due_at = -1, 0.0
    worker._look(store)
    assert len(asked) == 2, "after a second"
    worker._waiting, worker._version = worker._waiting[:3], -1
    worker._look(store)
    assert len(asked) == 3, "and at once where few wait"


def test_the_progress_of_a_visit_is_written_with_the_page(store: Store) -> None:
    number = store.subscriptions.add("rss", "https://one.example/feed")
    store.subscriptions.mark_fetching(number)
    found = store.subscriptions.get(number)
    assert found is not None
    result, item = Visit(found), Item("1", "https://one.example/1", "One", "A text")
    _store_page(store, Page((item,), {"page": 1}, total=7), result)
    shown = store.subscriptions.get(number)
    assert shown is not None and (shown.done, shown.total, result.done, result.new) == (1, 7, 1, 1)
    _store_page(store, Page((item,), {"page": 1}), result)  # nothing new: nothing else is written with it
    shown = store.subscriptions.get(number)
    assert shown is not None and (shown.done, shown.total, result.done, result.new) == (2, 7, 2, 1)


def test_the_model_of_sentences_leaves_the_processor_to_a_rush_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from penchant.app import backfill

    monkeypatch.setattr(backfill, "MOST_RUSH", 3 * backfill.LOOK)
    rush = True
    lane = backfill.Backfill(Models(), tmp_path, None, lambda: None, lambda: rush)  # type: ignore[arg-type]
    assert [lane._gives_way() for _ in range(4)] == [True, True, False, False]
    rush = False
    assert not lane._gives_way()
    rush = True
    assert lane._gives_way()


async def test_in_a_rush_the_ranking_rests_longer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from penchant.app import ranker

    monkeypatch.setattr(ranker, "CALM", 0.0)
    monkeypatch.setattr(ranker, "FIRST", 0.0)
    monkeypatch.setattr(ranker, "SHARE", 1.0)
    monkeypatch.setattr(ranker, "SHARE_IN_RUSH", 1e6)
    async with ranker.Ranker(tmp_path) as lane:
        monkeypatch.setattr(lane, "_publish", lambda brief: 0.05)  # seconds that a refit took
        for rush, published in ((True, 1), (True, 1), (False, 2)):  # the first one has nothing to rest from
            lane.changed()
            lane.look(rush=rush)
            await lane.settle()
            assert lane.published == published


async def test_a_kept_connection_is_found_readable_as_the_library_finds_it() -> None:
    """Which decides whether it is used again: one that the server closed must not be."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        plain = await httpcore.AnyIOBackend().connect_tcp(*listening.getsockname())
        wide = _Wide(plain)
        peer, _ = listening.accept()
        assert wide.get_extra_info("is_readable") is plain.get_extra_info("is_readable") is False
        await wide.aclose()
        assert wide.get_extra_info("is_readable") is plain.get_extra_info("is_readable") is True
        peer.close()
    assert wide.get_extra_info("nothing") is None
