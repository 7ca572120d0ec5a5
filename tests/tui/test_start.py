"""The first order on screen: the stored one, unless the reader did something that it does not know yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event, View

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The ranking of the window is not loaded before this is set."""
    gate = threading.Event()
    load = RankSession.load

    def later(self: RankSession) -> None:
        assert gate.wait(20)
        load(self)

    monkeypatch.setattr(RankSession, "load", later)
    yield gate
    gate.set()


def publish(archive: Any, loading: threading.Event) -> None:
    loading.set()
    session = RankSession(archive.paths.archive)
    session.load()
    session.publish()
    session.close()
    loading.clear()


@pytest.fixture
def taught(archive: Any, loading: threading.Event) -> list[int]:
    """The worker published, then the reader liked and skipped and left; the stored order, less these."""
    publish(archive, loading)
    with Store.open(archive.paths.archive, role="cli") as store:
        cards = store.items.cards(store.items.ids(View.FOR_YOU))
        owls = [card.item_id for card in cards if "owls" in card.title]
        rest = [card.item_id for card in cards if "owls" not in card.title]
        store.events.append([Event("like", item) for item in owls[-6:]])
        store.events.append([Event("skip", item) for item in rest[:6]])
        assert store.scores.behind()
        return store.items.ids(View.FOR_YOU)


def owls(archive: Any, ids: list[int]) -> int:
    cards = archive.read(lambda store: store.items.cards(ids))
    return sum("owls" in card.title for card in cards)


async def test_a_stored_order_that_lacks_events_gives_way(
    loading: threading.Event, archive: Any, taught: list[int], run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(archive) as (app, _):
        feed = app.feed_screen.feed
        assert feed.visit.ids == taught and feed.visit.shown
        loading.set()
        await wait(lambda: app.last_order)
        await wait(lambda: feed.visit.ids != taught)
        assert feed.visit.ids == app.last_order
        assert owls(archive, feed.visit.ids[:6]) > owls(archive, taught[:6])
        title = archive.read(lambda store: store.items.cards(feed.visit.ids[:1]))[0].title
        await wait(lambda: any(title[:20] in line for line in lines(app)[:4]))
        assert feed.visit.shown
    assert archive.kinds().count("like") == 6
    assert not [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "impression"]


async def test_once_touched_it_stays(
    loading: threading.Event, archive: Any, taught: list[int], run_app: Any, wait: Any
) -> None:
    async with run_app(archive) as (app, pilot):
        feed = app.feed_screen.feed
        await pilot.press("j", "k")
        shown = feed.visit.fixed
        assert shown == taught[: len(shown)]
        loading.set()
        await wait(lambda: app.last_order and not app.lessons.busy)
        assert feed.visit.ids[: len(shown)] == shown


async def test_an_order_that_knows_everything_stays(
    loading: threading.Event, archive: Any, taught: list[int], run_app: Any, wait: Any
) -> None:
    publish(archive, loading)
    stored = archive.read(lambda store: store.items.ids(View.FOR_YOU))
    async with run_app(archive) as (app, _):
        feed = app.feed_screen.feed
        shown = feed.visit.fixed
        assert shown == stored[: len(shown)]
        loading.set()
        await wait(lambda: app.last_order and not app.lessons.busy)
        assert feed.visit.ids[: len(shown)] == shown
