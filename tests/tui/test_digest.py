"""The digest on the screen: sections, keys that work as anywhere, what was on screen, reasons that come later."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from penchant.adapters.base import Author, Sighting
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event, View

from .conftest import make_items


@pytest.fixture
def taught(archive: Any) -> Any:
    """Somebody who likes owls, with a ranking on disk; everything came in a moment ago."""
    brought = make_items(1, 900, title="What Ada brought along", published=time.time() - 5)[0]
    sightings = (Sighting("boost", time.time(), Author("a:ada", "Ada Lovelace")),)
    archive.fill([replace(brought, sightings=sightings)], "People", "https://example.org/people")
    with Store.open(archive.paths.archive, role="cli") as store:
        cards = store.items.cards(store.items.ids(View.FOR_YOU))[20:]
        store.events.append(Event("like" if "owls" in c.title else "skip", c.item_id) for c in cards[:24])
        store.events.append([Event("later", cards[30].item_id)])
    session = RankSession(archive.paths.archive)
    session.load()
    session.publish()
    session.close()
    return archive


async def opened(app: Any, pilot: Any, wait: Any) -> Any:
    await wait(lambda: app.last_order)
    await pilot.press("d")
    await wait(lambda: type(app.screen).__name__ == "DigestScreen" and app.screen.digest is not None)
    return app.screen


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (160, 50)])
async def test_it_shows_what_was_missed_with_reasons(
    taught: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]
) -> None:
    async with run_app(taught, size) as (app, pilot):
        screen = await opened(app, pilot, wait)
        await wait(lambda: all(s.why for s in screen.digest.sections[0].stories))
        assert [section.key for section in screen.digest.sections] == ["missed", "talked", "kept"]
        seen = set(lines(app))
        for _ in screen.query_one("DigestList").rows:
            await pilot.press("j")
            seen |= set(lines(app))
        text = "\n".join(seen)
        parts = ["You would have liked", "owls", "People around you", "Ada Lovelace", "You kept for later"]
        for part in parts:
            assert part in text, part
        assert all(len(line) <= size[0] for line in seen)


async def test_keys_work_as_anywhere_and_carry_the_view(taught: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(taught) as (app, pilot):
        screen = await opened(app, pilot, wait)
        ids = screen.digest.ids
        first, second = ids[0], ids[1]
        await pilot.press("l")
        await wait(lambda: taught.read(lambda store: store.events.last_live(first, "like")))
        await wait(lambda: any("♥" in line for line in lines(app)))
        await pilot.press("j", "s")
        event = await wait(lambda: taught.read(lambda store: store.events.last_live(second, "save")))
        assert (event.view, event.position) == ("digest", 1) and event.shown_score is not None
        assert screen.digest.ids == ids, "the page stays as it was"
        await pilot.press("u")
        await wait(lambda: not taught.read(lambda store: store.events.last_live(second, "save")))
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "ArticleScreen")
        await pilot.press("n")
        await wait(lambda: app.screen.card.item_id == ids[2])
        await pilot.press("q")
        await wait(lambda: app.screen is screen)
        opens = taught.read(lambda store: store.events.of_kind("open"))
        assert [(e.item_id, e.view) for e in opens][-2:] == [(second, "digest"), (ids[2], "digest")]


async def test_what_was_on_screen_counts_as_seen_and_stays_in_the_digest(taught: Any, run_app: Any, wait: Any) -> None:
    async with run_app(taught) as (app, pilot):
        screen = await opened(app, pilot, wait)
        rows = screen.query_one("DigestList")
        await wait(rows.shown_rows)
        shown, ids = set(rows.stories(rows.shown_rows())), screen.digest.ids
        await pilot.press("q")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")

        def seen() -> dict[int, str]:
            events = taught.read(lambda store: store.events.of_kind("impression"))
            return {e.item_id: e.view for e in events if e.view == "digest"}

        await wait(lambda: set(seen()) == shown)
        assert shown < set(ids), "what was below the edge was not seen"
        screen = await opened(app, pilot, wait)
        assert set(screen.digest.ids) >= set(ids[:3])


async def test_other_days_and_weeks_and_a_page_as_markdown(taught: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(taught) as (app, pilot):
        screen = await opened(app, pilot, wait)
        day = screen.period
        await pilot.press("right")
        await wait(lambda: any("latest" in line for line in lines(app)))
        await pilot.press("left")
        await wait(lambda: screen.period.end == day.start and screen.digest.period == screen.period)
        assert any("Nothing came in" in line for line in lines(app))
        await pilot.press("right", "v")
        await wait(lambda: screen.digest.period.kind == "week" and screen.digest.ids)
        await pilot.press("M")
        path = app.paths.data / "digests" / f"{screen.period.name}.md"
        await wait(path.exists)
        assert path.read_text().startswith("# The week: ")


async def test_an_empty_archive_says_so(archive_of_nothing: Any, run_app: Any, wait: Any, lines: Any) -> None:
    from penchant.app.tui.digest import show_digest

    async with run_app(archive_of_nothing) as (app, _pilot):
        show_digest(app)
        await wait(lambda: any("Nothing came in." in line for line in lines(app)))
