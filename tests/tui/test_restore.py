"""An article whose body the gate dropped says so; R brings it back, from the attic or by the worker."""

from __future__ import annotations

import time
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.store.gate import Decision, Dropped
from penchant.app.tui.restoring import PATIENCE, body_note
from penchant.app.types import View

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def gone(archive_of_nothing: Any) -> int:
    """One dropped item of two."""
    with Store.open(archive_of_nothing.paths.archive, role="cli") as store:
        number = store.subscriptions.add("rss", "https://a.example/f")
        old = time.time() - 90 * 86_400
        items = tuple(Item(f"{n}", f"https://a.example/{n}", f"About owls {n}", "The whole text. " * 30, published=old)
                      for n in range(2))  # fmt: skip
        ids = store.items.put_page(number, Page(items, {}), old).item_ids
        store.gate.drop([Decision(ids[0], 0.01, "you pass source A \x1b[31m")], time.time(), "t")
        return ids[0]


async def opened(app: Any, pilot: Any, wait: Any, item: int) -> None:
    await pilot.press("2")
    await wait(lambda: app.feed_screen.view == View.NEWEST)
    app.feed_screen.feed.select(app.feed_screen.feed.visit.ids.index(item))
    await pilot.press("enter")
    await wait(lambda: type(app.screen).__name__ == "ArticleScreen" and app.screen.article is not None)


async def test_from_the_attic(archive_of_nothing: Any, gone: int, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive_of_nothing, size=(100, 50)) as (app, pilot):
        await opened(app, pilot, wait, gone)
        await wait(lambda: any("The gate dropped this body" in line for line in lines(app)))
        shown = " ".join(line.strip() for line in lines(app))
        assert "R brings it back as it was" in " ".join(shown.split()) and "\x1b" not in shown
        await pilot.press("R")
        await wait(lambda: any("The whole text." in line for line in lines(app)))
        await pilot.press("R")
        await wait(lambda: any("This item is whole" in line for line in lines(app)))


async def test_from_its_page(archive_of_nothing: Any, gone: int, run_app: Any, wait: Any, lines: Any) -> None:
    path = archive_of_nothing.paths.archive
    with Store.open(path, role="cli") as store:
        store.gate.purge(time.time() + 1)
    async with run_app(archive_of_nothing, size=(100, 50)) as (app, pilot):
        await opened(app, pilot, wait, gone)
        await wait(lambda: any("fetches its page" in line for line in lines(app)))
        await pilot.press("R")
        await wait(lambda: any("Fetching its page" in line for line in lines(app)))
        with Store.open(path, role="worker") as store:
            await wait(lambda: ("restore", {"item_id": gone}) in [(x.kind, x.payload) for x in store.control.take()])
            store.gate.failed(gone, "a.example does not answer", "Try later.", time.time())
        await wait(lambda: any("a.example does not answer" in line for line in lines(app)))
        await pilot.press("R")
        with Store.open(path, role="worker") as store:
            store.gate.refill(gone, "As the page has it. " * 9, (), "https://a.example/0", time.time())
        await wait(lambda: any("As the page has it." in line for line in lines(app)))


def test_a_late_page_is_told() -> None:
    state = Dropped(1, 0.0, "why", 0.1, 500, False)
    assert "Fetching" in body_note(state, 100.0, 101.0)
    assert "no worker" in body_note(state, 100.0, 101.0 + PATIENCE)
