"""The choice of twelve: offered once without popping up, stored as one event, taken back by Tuning."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from penchant.adapters import load
from penchant.app.derive import Deriver
from penchant.app.store import Store
from penchant.app.types import Event


def named(app: Any, name: str) -> Any:
    return lambda: type(app.screen).__name__ == name


def picks(archive: Any) -> list[Event]:
    return archive.read(lambda store: store.events.of_kind("picks"))


@pytest.fixture
def many(archive_of_nothing: Any, make: Any) -> Any:
    """The sample feed with its vectors, and a source with what must not be offered."""
    items: list[Any] = []

    async def fetch() -> None:
        async for page in load("sample").fetch(None, {"address": "sample:feed"}, {}):
            items.extend(page.items)

    asyncio.run(fetch())
    odd = make(8, 200)
    odd = (*odd[:6], replace(odd[6], title="Sensitive crossing", sensitive=True), replace(odd[7], title="", text="Hm."))
    archive_of_nothing.fill(items, "Sample", "sample:feed")
    archive_of_nothing.fill(odd, "Odd", "https://odd.example/feed")
    with Store.open(archive_of_nothing.paths.archive, role="worker") as store:
        deriver = Deriver(store)
        while deriver.step():
            pass
    return archive_of_nothing


async def open_choice(app: Any, pilot: Any, wait: Any) -> Any:
    await pilot.press("C")
    await wait(named(app, "ChoiceScreen"))
    screen = app.screen
    await wait(lambda: screen.cards)
    return screen


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_twelve_are_offered_ticked_and_kept(
    many: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]
) -> None:
    async with run_app(many, size) as (app, pilot):
        await wait(lambda: "C: which of 12" in app.feed_screen.status.right)
        assert type(app.screen).__name__ == "FeedScreen"
        screen = await open_choice(app, pilot, wait)
        assert len(screen.cards) == 12 and len({card.source for card in screen.cards}) == 2
        assert not any(card.title == "Sensitive crossing" or card.excerpt == "Hm." for card in screen.cards)
        shown = [card.title or card.excerpt for card in screen.cards]
        await wait(lambda: all(any(title[:40] in line for line in lines(app)) for title in shown))
        ticked = {1, 4, 11}
        for i in range(12):
            await pilot.press(*(["space"] if i in ticked else []), *(["j"] if i < 11 else []))
        before = list(app.feed_screen.feed.visit.ids[:8])
        await pilot.press("d")
        await wait(named(app, "FeedScreen"))
        (event,) = picks(many)
        assert event.value["offered"] == [card.item_id for card in screen.cards]
        assert event.value["chosen"] == [screen.cards[i].item_id for i in sorted(ticked)]
        chosen = set(event.value["chosen"])
        visit = app.feed_screen.feed.visit
        await wait(lambda: chosen <= set(visit.ids[:30]) and visit.ids[:8] != before, "the top is new at once")
        await wait(lambda: "which of 12" not in app.feed_screen.status.right)


async def test_others_none_of_these_and_again(many: Any, run_app: Any, wait: Any) -> None:
    async with run_app(many) as (app, pilot):
        screen = await open_choice(app, pilot, wait)
        first = {card.item_id for card in screen.cards}
        await pilot.press("d")
        await wait(lambda: "Nothing is ticked" in screen.query_one("#said").left[0])
        await pilot.press("o")
        await wait(lambda: screen.cards and not first & {card.item_id for card in screen.cards})
        await pilot.press("n")
        await wait(named(app, "FeedScreen"))
        assert [event.value["chosen"] for event in picks(many)] == [[]]
        before = set(picks(many)[0].value["offered"])
        screen = await open_choice(app, pilot, wait)
        assert not before & {card.item_id for card in screen.cards}


async def test_not_now_is_remembered_and_the_key_goes_on_working(many: Any, run_app: Any, wait: Any) -> None:
    async with run_app(many) as (app, pilot):
        await wait(lambda: app.offer.words)
        await open_choice(app, pilot, wait)
        await pilot.press("escape")
        await wait(lambda: not app.offer.words)
    async with run_app(many) as (app, pilot):
        await wait(lambda: app.offer._over)
        assert "which of 12" not in app.feed_screen.status.right
        await open_choice(app, pilot, wait)


@pytest.mark.parametrize("event", [Event("like", 1), Event("picks", value={"chosen": [1], "offered": [1, 2]})])
async def test_it_is_not_offered_to_who_has_said_something(many: Any, run_app: Any, wait: Any, event: Event) -> None:
    many.read(lambda store: store.events.append([event]))
    async with run_app(many) as (app, _pilot):
        await wait(lambda: app.offer._over)
        assert app.offer.words == ""


async def test_with_few_items_it_waits(archive_of_nothing: Any, run_app: Any, wait: Any, make: Any) -> None:
    archive = archive_of_nothing
    archive.fill(make(3))
    async with run_app(archive) as (app, pilot):
        await wait(lambda: app.last_order)
        await pilot.press("C")
        await wait(named(app, "ChoiceScreen"))
        await wait(lambda: "Too few" in app.screen.query_one("#said").left[0])
        await pilot.press("n")
        await wait(lambda: "too few" in app.screen.query_one("#said").left[0])
        await pilot.press("escape")
        await wait(named(app, "FeedScreen"))
        archive.fill(make(70, 10))
        await wait(lambda: app.offer.words, "now there are enough")
    assert picks(archive) == []
