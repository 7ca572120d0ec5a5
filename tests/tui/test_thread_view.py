"""The thread below an article: asked for on opening, shown when it comes, nothing waits for it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.config import Config, Network
from penchant.app.store import Store
from penchant.app.tui import article as view
from penchant.app.types import Reply, Thread, View

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def story(archive_of_nothing: Any) -> int:
    with Store.open(archive_of_nothing.paths.archive, role="cli") as store:
        number = store.subscriptions.add("hackernews", "hackernews:top", settings={"address": "hackernews:top"})
        items = (Item("hn:1", "https://a.example/1", "A story of owls", "The text."),
                 Item("hn:2", "https://a.example/2", "Bread", "Other text."))  # fmt: skip
        return store.items.put_page(number, Page(items, {}), time.time()).item_ids[0]


def letters(archive: Any) -> list[Any]:
    with Store.open(archive.paths.archive, role="cli") as store:
        return [(letter.kind, letter.payload) for letter in store.control.take()]


async def opened(app: Any, pilot: Any, wait: Any, item: int) -> None:
    await pilot.press("2")
    await wait(lambda: app.feed_screen.view == View.NEWEST)
    app.feed_screen.feed.select(app.feed_screen.feed.visit.ids.index(item))
    await pilot.press("enter")
    await wait(lambda: type(app.screen).__name__ == "ArticleScreen" and app.screen.article is not None)


async def test_the_thread_comes_later(
    archive_of_nothing: Any, story: int, run_app: Any, wait: Any, lines: Any
) -> None:
    archive = archive_of_nothing
    replies = tuple(
        Reply(f"Name {n}", f"said [bold]{n}[/bold] \x1b]0;owned\x07", f"https://x.example/{n}", 1.0, n, depth)
        for n, depth in enumerate((None, 0, 1, 20))
    )
    async with run_app(archive, size=(100, 50)) as (app, pilot):
        await opened(app, pilot, wait, story)
        await wait(lambda: any("Fetching the thread" in line for line in lines(app)))
        assert any("The text." in line for line in lines(app))
        await wait(lambda: letters(archive) == [("thread", {"item_id": story})])
        with Store.open(archive.paths.archive, role="worker") as store:
            store.threads.put(story, Thread(replies, time.time()))
        await wait(lambda: any("said [bold]3[/bold]" in line for line in lines(app)))
        shown = lines(app)
        assert not any("Fetching" in line or "\x1b" in line for line in shown)
        at = {n: next(line.index("said") for line in shown if f"said [bold]{n}" in line) for n in range(4)}
        assert at[1] < at[2] < at[3] < 40
        heads = [next(i for i, line in enumerate(shown) if head in line) for head in ("In answer to", "3 replies")]
        assert heads == sorted(heads)
        await pilot.press("q")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")
        assert app.feed_screen.feed.row_count() == 2
        await opened(app, pilot, wait, story)
        await wait(lambda: any("said [bold]3[/bold]" in line for line in lines(app)))
        assert letters(archive) == [], "fresh: nobody is asked again"


async def test_a_failure_in_words(archive_of_nothing: Any, story: int, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive_of_nothing, size=(100, 50)) as (app, pilot):
        await opened(app, pilot, wait, story)
        with Store.open(archive_of_nothing.paths.archive, role="worker") as store:
            store.threads.put(story, Thread((), time.time() + 5, "The server is on fire", "Open it in the browser."))
        await wait(lambda: any("could not be fetched: The server is on fire. Open it" in line for line in lines(app)))


async def test_nobody_comes(
    archive_of_nothing: Any, story: int, run_app: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "PATIENCE", 0.3)
    async with run_app(archive_of_nothing, size=(100, 50)) as (app, pilot):
        await opened(app, pilot, wait, story)
        await wait(lambda: any("The thread did not come" in line for line in lines(app)))


async def test_switched_off_nobody_is_asked(
    archive_of_nothing: Any, story: int, run_app: Any, wait: Any, lines: Any
) -> None:
    config = Config(network=Network(threads=False))
    async with run_app(archive_of_nothing, size=(100, 50), config=config) as (app, pilot):
        await opened(app, pilot, wait, story)
        await wait(lambda: any("The text." in line for line in lines(app)))
        assert not any("thread" in line for line in lines(app))
    assert letters(archive_of_nothing) == []
