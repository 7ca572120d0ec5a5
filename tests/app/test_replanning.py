"""What a wrong clock planned and dated is put right once the clock is."""

from __future__ import annotations

from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.replanning import replan
from penchant.app.rhythm import FURTHEST, Rhythm
from penchant.app.store import Store
from penchant.app.tuning_lane import EVERY, FRESH, called_for
from penchant.app.types import Event, View

NOW = 1_800_000_000.0
HOUR, DAY, DECADE = 3600.0, 86_400.0, 3652 * 86_400.0


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "archive.db", role="worker") as opened:
        yield opened


def visited(store: Store, name: str, at: float, wait: float, *, failed: bool = False) -> int:
    """A source whose visit ended at a moment, with the plan that was made then."""
    number = store.subscriptions.add("rss", f"https://{name}.example/feed", now=at)
    store.subscriptions.mark_fetching(number, now=at)
    if failed:
        store.subscriptions.failed(number, "no", "wait", next_due=at + wait)
    else:
        store.subscriptions.succeeded(number, next_due=at + wait, interval=wait, now=at)
    return number


@pytest.mark.parametrize("jump", [HOUR, DAY, DECADE])
def test_a_clock_set_back_silences_nobody_and_asks_nobody_sooner(store: Store, jump: float) -> None:
    usual = [visited(store, f"usual{n}", NOW + jump, HOUR) for n in range(20)]
    patient = visited(store, "patient", NOW + jump, 2 * HOUR, failed=True)
    endless = visited(store, "endless", NOW + jump, FURTHEST * 2)
    rhythm = Rhythm(lambda: NOW)
    replan(store, rhythm, NOW, jumped=True)
    assert [s.id for s in store.subscriptions.due(NOW + 1.0)] == [endless], "no storm"
    assert {s.id for s in store.subscriptions.due(NOW + HOUR)} == {*usual, endless}
    assert {s.id for s in store.subscriptions.due(NOW + 2 * HOUR)} == {*usual, endless, patient}
    for source in store.subscriptions.all():
        assert (source.last_success or 0.0) <= NOW and (source.last_attempt or 0.0) <= NOW
    replan(store, rhythm, NOW, jumped=True)
    assert {s.id for s in store.subscriptions.due(NOW + HOUR)} == {*usual, endless}, "once is enough"


def newest(store: Store) -> list[str]:
    ids = store.items.ids(View.NEWEST, limit=10)
    cards = {card.item_id: card.title for card in store.items.cards(ids)}
    return [cards[id_] for id_ in ids]


@pytest.mark.parametrize("jump", [HOUR, DAY, DECADE])
@pytest.mark.parametrize("jumped", [True, False])
def test_no_item_stays_on_top_because_the_clock_was_ahead(store: Store, jump: float, jumped: bool) -> None:
    number = visited(store, "a", NOW, HOUR)
    dated = Item("dated", "https://a.example/1", "dated", "Text of it", published=NOW - DAY)
    ahead = Item("ahead", "https://a.example/2", "dated 2038", "Another text", published=2_200_000_000.0)
    bare = Item("bare", "https://a.example/3", "without a date", "A third one")
    store.items.put_page(number, Page((dated, ahead, bare), {}), NOW + jump)
    replan(store, Rhythm(lambda: NOW), NOW, jumped=jumped)
    store.items.put_page(
        number, Page((Item("new", "https://a.example/4", "new", "Words", published=NOW + 5),), {}), NOW + 10.0
    )
    assert newest(store)[0] == "new" and newest(store)[-1] == "dated"


def test_no_item_sinks_because_the_clock_was_behind(store: Store) -> None:
    number = visited(store, "a", NOW, HOUR)
    store.items.put_page(
        number, Page((Item("old", "https://a.example/1", "old", "Text of it", published=NOW - DAY),), {}), NOW - HOUR
    )
    fresh = Item("fresh", "https://a.example/2", "fresh", "Another text", published=NOW - 60.0)
    store.items.put_page(number, Page((fresh,), {}), 1000.0)  # the clock of a board without a battery
    assert newest(store) == ["old", "fresh"]
    replan(store, Rhythm(lambda: NOW), NOW, jumped=True)
    assert newest(store) == ["fresh", "old"]


def test_a_calendar_is_left_alone(store: Store) -> None:
    number = visited(store, "a", NOW - 40 * DAY, HOUR)
    event = Item("event", "https://a.example/1", "event", "Text of it", published=NOW - 1.0)
    store.items.put_page(number, Page((event,), {}), NOW - 40 * DAY)
    later = Item("later", "https://a.example/2", "later", "Another text", published=NOW - DAY)
    store.items.put_page(number, Page((later,), {}), NOW - DAY)
    replan(store, Rhythm(lambda: NOW), NOW, jumped=True)
    assert newest(store) == ["later", "event"]


def test_a_pass_made_by_a_wrong_clock_does_not_end_tuning(store: Store) -> None:
    store.events.append([Event("topics", at=NOW + DECADE) for _ in range(FRESH)])
    store.control.remember("tuned", 0)
    from penchant.app import tuning_lane

    def passed(_: Store) -> dict[str, float]:
        return {"at": NOW + DECADE, "through": 0}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning_lane, "last", passed)
        assert called_for(store, NOW)
        patch.setattr(tuning_lane, "last", lambda _: {"at": NOW - EVERY / 2, "through": 0})
        assert not called_for(store, NOW)
