"""Muting by keys: every kind, for a while, listed and taken back; and mutes that end under the reader's eyes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from penchant.adapters.base import Item
from penchant.app import muting
from penchant.app.tui import mutewatch
from penchant.app.types import Event, View

OTHER = [
    Item(
        f"other-{n}",
        f"https://news.other.example/{n}",
        f"Zebra crossing {n}",
        "Wild grey horses",
        lang="de-AT",
        published=1e9 - n,
    )
    for n in range(3)
]


def held(archive: Any) -> list[muting.Mute]:
    return muting.in_force(archive.read(lambda store: store.events.mutes()), time.time())


def named(app: Any, name: str) -> Any:
    return lambda: type(app.screen).__name__ == name


async def open_dialog(app: Any, pilot: Any, wait: Any, lines: Any) -> None:
    await pilot.press("m")
    await wait(named(app, "MuteScreen"))
    await wait(lambda: not any("looking ..." in line for line in lines(app)))


@pytest.fixture
def mixed(archive: Any) -> Any:
    archive.fill(OTHER, "Other", "https://other.example/feed")
    return archive


def below(app: Any, archive: Any) -> list[str]:
    """Titles of For you that have not been on screen."""
    visit = app.feed_screen.feed.visit
    return [card.title for card in archive.read(lambda store: store.items.cards(visit.ids[visit.shown :]))]


def zebras(app: Any, archive: Any) -> bool:
    return any("Zebra" in title for title in below(app, archive))


@pytest.mark.parametrize(
    ("keys", "what", "key"),
    [([], "source", None), (["j"], "domain", "news.other.example"), (["down", "j"], "language", "de")],
)
async def test_what_applies_to_the_item_is_offered(
    mixed: Any, run_app: Any, wait: Any, lines: Any, keys: list[str], what: str, key: str | None
) -> None:
    async with run_app(mixed) as (app, pilot):
        # the order may still be on its way: then something else stands at the end
        while (card := app.feed_screen.feed.current()) is None or card.author_key:
            await pilot.press("G")
            await wait(lambda: app.feed_screen.feed.current() is not None and app.feed_screen.feed.selected == 62)
        await open_dialog(app, pilot, wait, lines)
        await pilot.press(*keys, "right", "right")
        await wait(lambda: any("[a week]" in line for line in lines(app)))
        await pilot.press("enter")
        await wait(lambda: mixed.kinds() == ["mute"])
        (mute,) = held(mixed)
        assert mute.what == what and mute.key == (key or str(card.subscription_id))
        assert mute.until == pytest.approx(time.time() + 7 * 86_400, abs=60)
        await wait(lambda: "for a week" in app.feed_screen.status.left[0])


@pytest.mark.parametrize(("text", "what"), [("zebra", "word"), ("wild grey", "phrase")])
async def test_words_are_typed(mixed: Any, run_app: Any, wait: Any, lines: Any, text: str, what: str) -> None:
    async with run_app(mixed) as (app, pilot):
        await wait(lambda: zebras(app, mixed))
        await open_dialog(app, pilot, wait, lines)
        await pilot.press("up", "up", "enter")
        await wait(lambda: not app.screen.query_one("Input").has_class("hidden"))
        app.screen.query_one("Input").value = text
        await pilot.press("tab")
        await wait(lambda: any("[a day]" in line for line in lines(app)))
        await pilot.press("enter")
        await wait(lambda: [m.what for m in held(mixed)] == [what])
        await wait(lambda: not zebras(app, mixed))
        await pilot.press("u")
        await wait(lambda: held(mixed) == [] and zebras(app, mixed))


async def test_a_word_too_long_is_refused_in_words(mixed: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(mixed) as (app, pilot):
        await open_dialog(app, pilot, wait, lines)
        await pilot.press("up", "up", "enter")
        app.screen.query_one("Input").value = "x" * 300
        await pilot.press("enter")
        await wait(lambda: any("too long" in line for line in lines(app)))
        assert held(mixed) == []


async def test_the_list_shows_time_left_and_takes_back(mixed: Any, run_app: Any, wait: Any, lines: Any) -> None:
    now = time.time()
    events = [
        Event("mute", value=muting.value_of("word", "zebra")),
        Event("mute", value=muting.value_of("domain", "far.example", until=now + 3 * 86_400)),
        Event("mute", value=muting.value_of("language", "fr", until=now - 5)),
        Event("mute", value=muting.value_of("word", "ZEBRA")),
    ]
    mixed.read(lambda store: store.events.append(events))
    async with run_app(mixed) as (app, pilot):
        await wait(lambda: len(app.feed_screen.feed.visit.ids) == 60)
        await pilot.press("M")
        await wait(lambda: any("3d left" in line for line in lines(app)))
        shown = "\n".join(lines(app))
        assert "for ever" in shown and "fr" not in shown.split()
        await pilot.press("d")
        await wait(lambda: [m.key for m in held(mixed)] == ["far.example"])
        await wait(lambda: any("No longer muted: word ZEBRA" in line for line in lines(app)))
        await wait(lambda: zebras(app, mixed))
        await pilot.press("u")
        await wait(lambda: [m.key for m in held(mixed)] == ["far.example", "ZEBRA"] and not zebras(app, mixed))
        await pilot.press("d")
        await wait(lambda: [m.key for m in held(mixed)] == ["far.example"])
        await wait(lambda: not any("word     ZEBRA" in line for line in lines(app)))
        await pilot.press("x")
        await wait(lambda: held(mixed) == [])
        await wait(lambda: any("Nothing is muted" in line for line in lines(app)))
        await pilot.press("escape")
        await wait(named(app, "FeedScreen"))


async def test_the_list_opens_from_the_dialog(mixed: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(mixed) as (app, pilot):
        await open_dialog(app, pilot, wait, lines)
        await pilot.press("up", "enter")
        await wait(named(app, "MuteListScreen"))
        await pilot.press("q")
        await wait(named(app, "MuteScreen"))


async def test_a_mute_ends_under_the_readers_eyes(
    mixed: Any, run_app: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, later = time.time, [0.0]
    monkeypatch.setattr("time.time", lambda: real() + later[0])
    monkeypatch.setattr(mutewatch, "AT_LEAST", 0.1)
    ending = Event("mute", value=muting.value_of("word", "zebra", until=real() + 86_400.0))
    mixed.read(lambda store: store.events.append([ending]))
    async with run_app(mixed) as (app, _pilot):
        assert len(app.feed_screen.feed.visit.ids) == 60
        await wait(lambda: app.last_order and not zebras(app, mixed))
        later[0] = 90_000.0
        await wait(lambda: zebras(app, mixed))
        new = set(mixed.read(lambda store: store.items.ids(View.FOR_YOU)))
        await wait(lambda: new <= set(app.last_probability), "the ranking orders what has come back")
        assert mixed.kinds() == ["mute"], "its end is no event"


async def test_a_mute_made_elsewhere_is_heard_of(mixed: Any, run_app: Any, wait: Any) -> None:
    async with run_app(mixed) as (app, _pilot):
        await wait(lambda: zebras(app, mixed))
        event = Event("mute", value=muting.value_of("domain", "other.example"))
        mixed.read(lambda store: store.events.append([event]))
        await wait(lambda: not zebras(app, mixed))
        mixed.read(lambda store: store.events.append([Event("undo", undoes=event.id)]))
        await wait(lambda: zebras(app, mixed))
