"""Generated items on the screen: marked, in their places, switched at once; blind ones cannot be told apart."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from typing import Any

import pytest

from penchant.adapters.base import Author, Item
from penchant.app.derive import Deriver
from penchant.app.generating import REAL, blind_event, share_event
from penchant.app.generating_blind import unseal
from penchant.app.generating_keep import offer
from penchant.app.store import Store, generated
from penchant.app.store.drafts import Draft
from penchant.app.tui.blind import BlindScreen
from penchant.app.types import Event

from .conftest import screen_text

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


WORDS = """
    harbour engine glacier bread violin garden signal orchard lantern compiler river kettle owl tunnel piano
    comet mill paint sail clay moss thread anvil prism cedar pump scarf radio beetle vault
""".split()  # noqa: SIM905


def items(count: int) -> tuple[Item, ...]:
    """Items of which none tells the story of another."""
    draw, now = random.Random(5), time.time()
    made = []
    for n in range(count):
        a, b, c, d, e = draw.sample(WORDS, 5)
        text = f"A {a} stood by the {b} of a {c}; nobody had looked for the {d} and its {e} in {1700 + n}."
        made.append(Item(f"own-{n}", f"https://example.org/{n}", f"The {a} and the {d}", text,
                         Author(f"k{n}", f"Ada {n}"), now - 60.0 * n, points=n))  # fmt: skip
    return tuple(made)


@pytest.fixture
def archive(archive_of_nothing: Any) -> Any:
    """150 items that are no copies of one another."""
    archive_of_nothing.fill(items(150))
    return archive_of_nothing


def prepare(archive: Any, events: Iterable[Any], drafts: int) -> None:
    """Settings, and drafts that wait."""
    with Store.open(archive.paths.archive, role="cli") as store:
        store.events.append(list(events))
        wanted, draw = generated.read(store.db), random.Random(3)
        for n in range(drafts):
            text = f"The {n}th draft tells of a quiet tram depot with word d{n}x{n * 7919}, and of the rye bread there."
            arm = ("vector", "none")[n % 2]
            assert offer(store, Draft("feed", text, arm=arm, model="small-model", made_at=time.time()), wanted, draw)
        deriver = Deriver(store)
        while deriver.step():
            pass


def drafts_of(archive: Any) -> set[int]:
    return set(archive.read(lambda store: store.drafts.item_ids()))


async def test_marked_ones_stand_among_the_others(archive: Any, run_app: Any, wait: Any) -> None:
    prepare(archive, [share_event(0.2)], 6)
    drafts = drafts_of(archive)
    async with run_app(archive, size=(110, 40)) as (app, pilot):
        ids = app.feed_screen.feed.visit.ids
        assert sum(item in drafts for item in ids) == 6
        assert all(item not in drafts for item in ids[:2])
        await wait(lambda: any("generated" in row for row in screen_text(app)), "the mark is on the card")
        assert any(re.search(r"generated · (vector|none) · small-model", row) for row in screen_text(app))
        await wait(lambda: app.last_order, "ordered once")
        await pilot.pause()
        assert sum(item in drafts for item in app.feed_screen.feed.visit.ids) == 6


async def test_what_is_on_screen_stays_and_a_liked_draft_is_learned(archive: Any, run_app: Any, wait: Any) -> None:
    prepare(archive, [share_event(0.2)], 6)
    drafts = drafts_of(archive)
    async with run_app(archive) as (app, pilot):
        await wait(lambda: app.last_order and not app.lessons.busy)
        feed = app.feed_screen.feed
        place = next(n for n, item in enumerate(feed.visit.ids) if item in drafts)
        before = list(feed.visit.fixed)
        feed.select(place)
        await wait(lambda: feed.current())
        await pilot.press("l")
        await wait(lambda: archive.kinds() == ["voice", "like"])
        await wait(lambda: not app.lessons.busy)
        assert feed.visit.ids[: len(before)] == before
        item = feed.visit.ids[place]
        await wait(lambda: feed.cards[item].marks.liked)
        assert archive.read(lambda store: store.items.counts())["liked"] == 0
        await pilot.press("u")
        await wait(lambda: archive.kinds() == ["voice"])


async def test_they_go_and_come_at_run_time(archive: Any, run_app: Any, wait: Any) -> None:
    prepare(archive, [share_event(0.2)], 6)
    drafts = drafts_of(archive)
    async with run_app(archive, size=(110, 40)) as (app, pilot):
        await wait(lambda: app.last_order and not app.lessons.busy)
        visit = app.feed_screen.feed.visit
        shown = set(visit.fixed)
        await pilot.press("B")
        await wait(lambda: isinstance(app.screen, BlindScreen) and app.screen.found)
        await pilot.press("0")
        await wait(lambda: archive.read(lambda store: generated.read(store.db)).share == 0.0)
        await wait(lambda: not drafts & set(visit.ids) - shown, "below what was seen they are gone")
        await pilot.press("u")
        await wait(lambda: archive.read(lambda store: generated.read(store.db)).share == 0.2)
        await wait(lambda: len(drafts & set(visit.ids)) == 6, "and back")
        await pilot.press("q")


async def test_nothing_on_screen_tells_blind_ones_apart(archive: Any, run_app: Any, wait: Any) -> None:
    prepare(archive, [share_event(0.2), blind_event()], 3)
    drafts = drafts_of(archive)

    def arm_of(item: int) -> str:
        draft = archive.read(lambda store: store.drafts.of_item(item))
        return str(unseal(draft.facts["sealed"])["arm"])

    real = {item for item in drafts if arm_of(item) == REAL}
    assert len(real) == 3 and len(drafts) == 6
    async with run_app(archive, size=(110, 30)) as (app, pilot):
        await wait(lambda: app.last_order and not app.lessons.busy)
        feed = app.feed_screen.feed
        assert len(drafts & set(feed.visit.ids)) == 6
        seen: dict[bool, set[tuple[str, ...]]] = {True: set(), False: set()}
        for item in [item for item in feed.visit.ids if item in drafts]:
            await wait(lambda: not app.lessons.busy)
            place = feed.visit.ids.index(item)
            feed.select(place)
            await wait(lambda item=item: item in feed.cards)
            await pilot.pause()
            rows = screen_text(app)
            top = feed.region.y + feed.top_of(place) - feed.scroll_offset.y
            number, meta, where = rows[top][:6], rows[top + 1].strip(" ▌"), rows[top + 5].strip(" ▌")
            await pilot.press("enter")
            await wait(lambda: type(app.screen).__name__ == "ArticleScreen" and app.screen.article is not None)
            await pilot.press("w")
            await pilot.pause()
            said = [row.strip() for row in screen_text(app) if row.strip()]
            text = archive.read(lambda store, item=item: store.items.texts([item])[item][1])
            told = tuple(row for row in said if row.strip("▌│ ") not in text)
            seen[item in real].add((number, meta, where, *told))
            await pilot.press("q")
            await wait(lambda: app.screen is app.feed_screen)
        assert seen[True] == seen[False] and len(seen[True]) == 1, seen
        assert "blind test" in next(iter(seen[True]))[1]


async def test_unblinding_asks_twice_and_reports(archive: Any, run_app: Any, wait: Any) -> None:
    prepare(archive, [share_event(0.2), blind_event()], 4)
    drafts = drafts_of(archive)
    async with run_app(archive, size=(80, 24)) as (app, pilot):
        await wait(lambda: app.last_order and not app.lessons.busy)
        feed = app.feed_screen.feed
        for n, item in enumerate([item for item in feed.visit.ids if item in drafts], 1):
            feed.select(feed.visit.ids.index(item))
            await wait(lambda: feed.current())
            await pilot.press("l")
            await wait(lambda n=n: archive.kinds().count("like") == n and not app.lessons.busy)
        await pilot.press("B")
        await wait(lambda: isinstance(app.screen, BlindScreen) and app.screen.found and app.screen.found.shown == 8)
        page = "\n".join(screen_text(app))
        assert "Blind test since" in page and "8 liked" in page
        assert not any(word in page for word in ("95 %", "interval", "real items   "))
        await pilot.press("U")
        assert archive.read(lambda store: generated.read(store.db)).test
        await pilot.press("U")
        await wait(lambda: not archive.read(lambda store: generated.read(store.db)).test)
        await wait(lambda: "Blind test, opened on" in "\n".join(screen_text(app)))
        assert "real items" in "\n".join(screen_text(app))
        assert archive.read(lambda store: store.items.counts())["liked"] == 4
        await pilot.press("q")


async def test_a_test_begun_by_mistake_is_undone_and_another_key_forgets_the_first(
    archive: Any, run_app: Any, wait: Any
) -> None:
    prepare(archive, [share_event(0.2)], 0)
    async with run_app(archive, size=(110, 40)) as (app, pilot):
        await pilot.press("B", "t")
        await wait(lambda: isinstance(app.screen, BlindScreen) and app.screen.found and app.screen.found.settings.test)
        test = archive.read(lambda store: generated.read(store.db).test)
        prepare(archive, [], 2)  # the worker makes pairs
        drafts = archive.read(lambda store: store.drafts.list("feed"))
        copies = [draft for draft in drafts if unseal(draft.facts["sealed"])["arm"] == REAL]
        with Store.open(archive.paths.archive, role="cli") as store:
            store.events.append([Event("like", copies[0].item_id)])
        await pilot.press("U", "j", "k", "u")
        original = unseal(copies[0].facts["sealed"])["original"]
        await wait(lambda: archive.read(lambda store: store.items.ids("liked")) == [original])
        assert archive.read(lambda store: generated.held(store.db)) == (None, set())
        await wait(lambda: "blind test is undone" in "\n".join(screen_text(app)))
        await pilot.press("t")
        await wait(lambda: app.screen.found.settings.test not in ("", test))
        for key in ("U", "plus", "U"):
            before = app.screen._keys
            await pilot.press(key)
            await wait(lambda before=before: app.screen._keys == before + 1 and not app.screen._turns.waiting)
        assert "cannot be undone" in "\n".join(screen_text(app))
        assert archive.read(lambda store: generated.read(store.db).test), "two keys, one after the other"


async def test_no_key_is_lost_however_fast_they_come(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive, size=(110, 40)) as (app, pilot):
        await pilot.press("B")
        await wait(lambda: isinstance(app.screen, BlindScreen) and app.screen.found)
        for _ in range(5):
            app.screen.action_share(1)  # typed before the first of them is on disk
        app.screen.action_share(-1)
        await wait(lambda: archive.read(lambda store: generated.read(store.db).share) == 0.15)
        await wait(lambda: app.screen.found.settings.share == 0.15)
        await pilot.press("u")
        await wait(lambda: archive.read(lambda store: generated.read(store.db).share) == 0.2)


async def test_arms_are_ticked(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("B")
        await wait(lambda: isinstance(app.screen, BlindScreen) and app.screen.found)
        await pilot.press("a")
        await wait(lambda: type(app.screen).__name__ == "ArmsScreen")
        await pilot.press("space", "q")  # "none" stands first
        await wait(lambda: isinstance(app.screen, BlindScreen))
        await wait(
            lambda: [arm.name for arm in archive.read(lambda store: generated.read(store.db)).arms] == ["vector"]
        )
        await pilot.press("q")


async def test_a_page_without_anything(archive_of_nothing: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(lambda: app.screen is not app.feed_screen)
        await pilot.press("escape")
        await wait(lambda: app.screen is app.feed_screen)
        await pilot.press("B")
        await wait(lambda: isinstance(app.screen, BlindScreen) and app.screen.found)
        assert "switched off" in "\n".join(screen_text(app))
        await pilot.press("t", "U")
        await pilot.pause()
        assert "No blind test runs" in "\n".join(screen_text(app))
        await pilot.press("q")
