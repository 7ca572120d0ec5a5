"""`L`: collections by keys, in the feed and in an article; durable before it is said, and undone."""

from __future__ import annotations

from typing import Any


def named(app: Any, name: str) -> Any:
    return lambda: type(app.screen).__name__ == name


def held(archive: Any) -> dict[str, list[int]]:
    return archive.read(lambda store: {each.name: store.collections.ids(each.name) for each in store.collections.all()})


async def test_an_item_goes_in_and_out_and_back(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await wait(lambda: app.feed_screen.feed.current() is not None)
        first = app.feed_screen.feed.current().item_id
        await pilot.press("L")
        await wait(named(app, "CollectScreen"))
        await pilot.press(*"old clocks", "enter")
        await wait(lambda: "Put into old clocks" in app.feed_screen.status.left[0])
        assert held(archive) == {"old clocks": [first]}, "on disk before the screen says so"
        await pilot.press("j")
        second = app.feed_screen.feed.current().item_id
        await pilot.press("enter")
        await wait(named(app, "ArticleScreen"))
        await pilot.press("L")
        await wait(named(app, "CollectScreen"))
        assert any("[ ] old clocks  1 item" in line for line in lines(app))
        await pilot.press("enter")
        await wait(lambda: held(archive) == {"old clocks": [first, second]})
        await pilot.press("escape")
        await wait(lambda: app.screen is app.feed_screen)
        await pilot.press("L")
        await wait(named(app, "CollectScreen"))
        assert any("[x] old clocks  2 items" in line for line in lines(app))
        await pilot.press("enter")
        await wait(lambda: held(archive) == {"old clocks": [first]})
        await pilot.press("u")
        await wait(lambda: held(archive) == {"old clocks": [first, second]})
        await wait(lambda: "Collection undone" in app.feed_screen.status.left[0])
        assert set(archive.kinds()) <= {"collect", "undo", "impression", "open", "dwell"}


async def test_closed_without_a_word_nothing_happens(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await wait(lambda: app.feed_screen.feed.current() is not None)
        await pilot.press("L")
        await wait(named(app, "CollectScreen"))
        await pilot.press("enter", "escape")
        await wait(lambda: app.screen is app.feed_screen)
        assert held(archive) == {}
