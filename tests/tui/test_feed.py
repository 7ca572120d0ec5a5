"""The feed on a real archive: events first, then what the screen says of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from penchant.adapters.base import Item
from penchant.app.config import Config
from penchant.app.store import Store
from penchant.app.tui import loading
from penchant.app.types import Event, View

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def ids(app: Any) -> list[int]:
    return list(app.feed_screen.feed.visit.ids)


async def learned(app: Any, wait: Any) -> None:
    """The ranking is loaded and has nothing left to do."""
    await wait(lambda: app.lessons.head_version is not None or app.last_order, "the ranking never came")
    await wait(lambda: not app.lessons.busy, "the ranking never rested")


async def test_a_like_is_on_disk_before_the_screen_says_so(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(archive) as (app, pilot):
        first = ids(app)[0]
        seen: list[bool] = []
        give = app.feed_screen.feed.give

        def watched(cards: Any) -> None:
            kept = list(cards)
            liked = [card for card in kept if card.marks.liked]
            if liked:
                seen.append("like" in archive.kinds())
            give(kept)

        app.feed_screen.feed.give = watched
        await pilot.press("l")
        await wait(lambda: app.feed_screen.feed.cards[first].marks.liked)
        assert seen and all(seen)
        await wait(lambda: "♥" in lines(app)[2])
        (event,) = [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "like"]
        assert (event.item_id, event.view, event.position, event.session) == (
            first,
            "for-you",
            0,
            app.session,
        )


async def test_the_tabs_count_every_key_at_once(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive, (120, 24)) as (app, pilot):
        app.look = lambda force=False: asyncio.sleep(0)  # not by looking now and then
        for n in (1, 2, 3):
            await pilot.press("l", "j")
            await wait(lambda n=n: f"5 Liked {n} " in lines(app)[0], f"{n} likes: {lines(app)[0]}")
        await pilot.press("u")
        await wait(lambda: "5 Liked 2 " in lines(app)[0])


def test_a_change_just_after_a_count_is_counted_soon(archive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another window; also when nothing else changes after it."""
    now = 1000.0
    monkeypatch.setattr(loading.time, "monotonic", lambda: now)
    watch = loading.Watch()
    with Store.open(archive.paths.archive) as store, Store.open(archive.paths.archive, role="cli") as other:
        assert watch.look(store, View.NEWEST, None, [], False).counts["for-you"] == 60
        other.events.append([Event("like", 1)])
        first = watch.look(store, View.NEWEST, None, [], False)
        assert first.counts["liked"] == 1 and first.counts["for-you"] == 60
        assert watch.look(store, View.NEWEST, None, [], False) is None
        now += loading.COUNT_EVERY + 1
        assert watch.look(store, View.NEWEST, None, [], False).counts["for-you"] == 59
        now += loading.COUNT_EVERY + 1
        assert watch.look(store, View.NEWEST, None, [], False) is None


async def test_the_same_key_again_takes_it_back(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (_app, pilot):
        # Faster than the disk: the second press must know of the first.
        await pilot.press("s", "s", "s")
        await wait(lambda: archive.kinds() == ["save"])
        assert archive.read(lambda store: store.items.count(View.SAVED)) == 1
        await pilot.press("s")
        await wait(lambda: archive.kinds() == [])


async def test_undo_any_number_of_times_of_any_action(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (_app, pilot):
        await pilot.press("l", "j", "x", "s", "t")
        await wait(lambda: sorted(archive.kinds()) == ["later", "like", "save", "skip"])
        for left in (3, 2, 1, 0):
            await pilot.press("u")
            await wait(lambda left=left: len(archive.kinds()) == left)
        await pilot.press("u")
        assert archive.kinds() == []


async def test_undo_reaches_what_was_done_in_an_earlier_session(
    archive: Any, run_app: Any, wait: Any
) -> None:
    async with run_app(archive) as (_app, pilot):
        await pilot.press("l")
        await wait(lambda: archive.kinds() == ["like"])
    async with run_app(archive) as (_app, pilot):
        await pilot.press("u")
        await wait(lambda: archive.kinds() == [])


async def test_a_skip_moves_on_and_its_undo_comes_back(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("x")
        assert app.feed_screen.feed.selected == 1
        await wait(lambda: archive.kinds() == ["skip"])
        await pilot.press("u")
        await wait(lambda: archive.kinds() == [] and app.feed_screen.feed.selected == 0)


async def test_passing_is_an_impression_with_dwell_and_position(
    archive: Any, run_app: Any, wait: Any
) -> None:
    async with run_app(archive) as (app, pilot):
        order = ids(app)
        await pilot.press("j", "j", "j", "k", "j")

        def impressions() -> list[Any]:
            return [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "impression"]

        await wait(lambda: len(impressions()) >= 3)
        assert [(e.item_id, e.position) for e in impressions()][:3] == [(order[n], n) for n in range(3)]
        assert all(e.value["dwell"] >= 0 and e.view == "for-you" for e in impressions())


async def test_a_page_passes_what_was_on_it(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        order = ids(app)
        rows = len(app.feed_screen.feed.shown_rows())
        await pilot.press("space")
        assert app.feed_screen.feed.selected >= rows - 1
        await wait(lambda: archive.read(lambda store: store.events.count()) >= rows - 1)
        unseen = archive.read(lambda store: store.items.ids(View.FOR_YOU, limit=100))
        assert not set(order[: rows - 1]) & set(unseen)


async def test_seen_items_do_not_return_to_for_you(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        order = ids(app)
        await pilot.press("j", "j", "j")
        await wait(lambda: archive.read(lambda store: store.events.count()) >= 3)
        await pilot.press("2")
        await wait(lambda: app.feed_screen.view == View.NEWEST)
        await pilot.press("1")
        await wait(lambda: app.feed_screen.view == View.FOR_YOU)
        assert not set(order[:3]) & set(ids(app))


async def test_learning_moves_only_what_has_not_been_on_screen(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await learned(app, wait)
        feed = app.feed_screen.feed
        before = ids(app)
        shown = feed.visit.shown
        assert 0 < shown < len(before)
        await pilot.press("l", "j", "x", "l")
        await wait(lambda: len(archive.kinds()) == 3)
        await learned(app, wait)
        assert ids(app)[:shown] == before[:shown]
        assert sorted(ids(app)) == sorted(before)


async def test_undo_restores_exactly_the_order_of_before(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await learned(app, wait)
        before = ids(app)
        await pilot.press("l")
        await wait(lambda: archive.kinds() == ["like"])
        await learned(app, wait)
        await pilot.press("u")
        await wait(lambda: archive.kinds() == [])
        await learned(app, wait)
        assert ids(app) == before


@pytest.mark.parametrize(
    ("key", "act", "view"), [("4", "s", View.SAVED), ("5", "l", View.LIKED), ("6", "t", View.LATER)]
)
async def test_views_of_what_was_kept(
    archive: Any, run_app: Any, wait: Any, key: str, act: str, view: View
) -> None:
    async with run_app(archive) as (app, pilot):
        first = ids(app)[0]
        await pilot.press(act)
        await wait(lambda: len(archive.kinds()) == 1)
        await pilot.press(key)
        await wait(lambda: app.feed_screen.view == view and ids(app) == [first])


async def test_one_source(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    other = [Item("other", "https://other.example/1", "Another source speaks", "of other things entirely")]
    number = archive.fill(other, "Other", "https://other.example/feed")
    async with run_app(archive) as (app, pilot):
        await pilot.press("3")
        await wait(lambda: any("Other" in line for line in lines(app)))
        await pilot.press("j", "enter")
        await wait(lambda: app.feed_screen.view == View.FOLLOWING)
        assert app.feed_screen.subscription_id == number
        await wait(lambda: len(ids(app)) == 1)


async def test_mute_the_author_and_undo(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        author = app.feed_screen.feed.current().author_key
        await pilot.press("m")
        await wait(lambda: type(app.screen).__name__ == "MuteScreen")
        await pilot.press("enter")
        await wait(lambda: archive.kinds() == ["mute"])
        (mute,) = archive.read(lambda store: store.events.mutes())
        assert (mute.value["what"], mute.value["key"]) == ("author", author)
        shown = app.feed_screen.feed.visit.shown

        def below() -> set[str]:
            cards = archive.read(lambda store: store.items.cards(ids(app)[shown:]))
            return {card.author_key for card in cards}

        await wait(lambda: author not in below())
        await pilot.press("u")
        await wait(lambda: archive.kinds() == [] and author in below())


async def test_remapped_keys(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive, config=Config(keys={"like": ("z",), "skip": ("l",)})) as (app, pilot):
        await pilot.press("z")
        await wait(lambda: archive.kinds() == ["like"])
        await pilot.press("l")
        await wait(lambda: "skip" in archive.kinds())
        assert "z like" in lines(app)[-1] and "l skip" in lines(app)[-1]


async def test_mouse(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.click("FeedList", offset=(10, 9))
        chosen = app.feed_screen.feed.selected
        assert chosen > 0
        top = app.feed_screen.feed.top_of(chosen)
        await pilot.click("FeedList", offset=(10, top + 1))
        await wait(lambda: type(app.screen).__name__ == "ArticleScreen")


async def test_the_footer_can_be_clicked(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        for word, left in (("like", ["like"]), ("undo", [])):
            await pilot.click("KeyLine", offset=(lines(app)[-1].index(word), 0))
            await wait(lambda left=left: archive.kinds() == left)


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 10), (20, 6), (8, 3)])
async def test_any_size(archive: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]) -> None:
    async with run_app(archive, size=size) as (app, pilot):
        await pilot.press("j", "space", "G", "g", "l")
        await wait(lambda: archive.kinds() == ["like"])
        assert all(len(line) <= size[0] for line in lines(app))


async def test_theme_and_help(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive, size=(120, 60)) as (app, pilot):
        assert app.theme == "penchant-dark"
        await pilot.press("D")
        await wait(lambda: app.theme == "penchant-light")
        await pilot.press("?")
        await wait(lambda: any("Undo the last like" in line for line in lines(app)))


async def test_new_items_wait_below(archive: Any, run_app: Any, wait: Any, make: Any) -> None:
    async with run_app(archive) as (app, _pilot):
        shown, before = app.feed_screen.feed.visit.shown, ids(app)
        archive.fill(make(5, start=1000), "Late", "https://late.example/feed")
        await app.look(force=True)
        await wait(lambda: len(ids(app)) == len(before) + 5)
        assert ids(app)[:shown] == before[:shown]
        await wait(lambda: "5 new" in app.feed_screen.status.right)


async def test_the_end_of_a_long_list(archive: Any, run_app: Any, wait: Any, make: Any) -> None:
    archive.fill(make(400, start=100), "Long", "https://long.example/feed")
    async with run_app(archive) as (app, pilot):
        await pilot.press("G")
        await wait(lambda: app.feed_screen.feed.selected == 459)
        await wait(lambda: app.feed_screen.feed.current() is not None)
        assert archive.read(lambda store: store.events.count()) <= 1
