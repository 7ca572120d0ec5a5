"""Searching by keys: what is offered, what narrows, orders, saved searches and their news, what was chosen."""

from __future__ import annotations

import time
from typing import Any

from textual.widgets import Input, OptionList

from penchant.adapters.base import Author, Page
from penchant.app.config import Config
from penchant.app.store import search_news
from penchant.app.store.saved_searches import keep
from penchant.app.tui import searchdesk
from penchant.app.types import View


async def searching(app: Any, pilot: Any, wait: Any, text: str) -> Any:
    """The panel with a query typed and its results there."""
    await wait(lambda: app.feed_screen.feed.current() is not None)
    await pilot.press("/")
    await wait(lambda: isinstance(app.focused, Input))
    app.focused.value = text
    app.focused.cursor_position = len(text)
    await wait(lambda: app.feed_screen.query_text == text.strip())
    return app.feed_screen.query_one("SearchPanel")


def saved(archive: Any) -> dict[str, tuple[str, bool]]:
    return archive.read(lambda store: {each.name: (each.query, each.notify) for each in store.saved.all()})


def arrive(archive: Any, items: Any) -> None:
    """Items come, and the worker has read them."""

    def put(store: Any) -> None:
        number = store.subscriptions.all()[0].id
        store.items.put_page(number, Page(tuple(items), {}), time.time())
        store.changes.done(1 << 60)
        while search_news.step(store):
            pass

    archive.read(put)


async def test_what_is_offered_is_taken_by_tab(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        panel = await searching(app, pilot, wait, "owls au")
        await wait(lambda: panel.suggestions.is_open)
        assert any("author:" in line and "who wrote it" in line for line in lines(app)[2:4])
        await pilot.press("tab")
        assert panel.text == "owls author:"
        await wait(lambda: any("Author 1" in each.text for each in panel.suggestions.offered))
        await pilot.press("down", "down", "up")
        assert panel.suggestions.selected == 1, "up and down move in it, and do not leave the line"
        wanted = panel.suggestions.offered[1].text
        await pilot.press("enter")
        assert panel.text.strip() == f"owls {wanted}" and app.focused is panel.line
        await wait(lambda: app.feed_screen.query_text == f"owls {wanted}")
        await pilot.press(*" so")
        await wait(lambda: panel.suggestions.is_open)
        await pilot.press("escape")
        assert not panel.suggestions.is_open and app.focused is panel.line
        await pilot.press("tab")
        assert type(app.focused).__name__ == "FacetPanel", "nothing to take: on to what narrows"


async def test_enter_goes_on_to_the_results_and_a_click_takes(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        panel = await searching(app, pilot, wait, "trams is")
        await wait(lambda: panel.suggestions.is_open)
        await pilot.press("enter")
        assert app.focused is app.feed_screen.feed and not panel.suggestions.is_open
        await pilot.press("/", "end", *":")
        await wait(lambda: panel.suggestions.is_open and len(panel.suggestions.offered) > 2)
        wanted = panel.suggestions.offered[2].text
        await pilot.click(panel.suggestions, offset=(3, 2))
        await wait(lambda: panel.text == f"trams {wanted} ")
        assert app.focused is panel.line


async def test_hostile_names_command_no_terminal(archive: Any, run_app: Any, wait: Any, lines: Any, make: Any) -> None:
    name = "Eve \x1b[31m\u202e\"] is:liked"
    arrive(archive, make(3, 200, author=Author("author:eve", name)))
    async with run_app(archive, size=(140, 30)) as (app, pilot):
        panel = await searching(app, pilot, wait, "author:ev")
        await wait(lambda: panel.suggestions.is_open)
        await wait(lambda: app.feed_screen.facets() is not None and app.feed_screen.facets().rows)
        for _ in range(2):
            shown = "\n".join(lines(app))
            assert "Eve" in shown and "\x1b" not in shown and "\u202e" not in shown
            await pilot.press("tab")
        assert panel.text == 'author:"Eve [31m" '


async def test_facets_beside_the_results(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive, size=(140, 40)) as (app, pilot):
        panel = await searching(app, pilot, wait, "trams")
        facets = await wait(app.feed_screen.facets)
        await wait(lambda: any(row.label == "Author 2" and row.items == 3 for row in facets.rows))
        await wait(lambda: app.feed_screen.feed.size.width <= 110)
        await pilot.press("enter", "tab")
        assert app.focused is facets
        facets.selected = next(n for n, row in enumerate(facets.rows) if row.label == "Author 2")
        await pilot.press("enter")
        assert panel.text == 'trams author:"Author 2"'
        await wait(lambda: len(app.feed_screen.feed.visit.ids) == 3)
        await wait(lambda: [row.label for row in facets.rows if row.on][:1] == ['author:"Author 2"'])
        assert any("✓" in line for line in lines(app)) and app.focused is facets
        facets.selected = next(n for n, row in enumerate(facets.rows) if row.on)
        await pilot.press("enter")
        await wait(lambda: len(app.feed_screen.feed.visit.ids) == 15)
        assert panel.text == "trams"
        await pilot.press("escape", "1")
        await wait(lambda: app.feed_screen.view == View.FOR_YOU)
        assert app.feed_screen.facets() is None and not facets.display


async def test_on_a_narrow_screen_they_come_with_a_key(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await searching(app, pilot, wait, "trams")
        assert app.feed_screen.facets() is None and app.feed_screen.feed.size.width == 80
        await pilot.press("enter", "tab")
        await wait(lambda: type(app.focused).__name__ == "FacetPanel" and app.focused.rows)
        await wait(lambda: app.feed_screen.feed.size.width == 50)
        await pilot.press("escape")
        await wait(lambda: app.feed_screen.feed.size.width == 80)
        assert app.focused is app.feed_screen.feed


async def test_the_order_turns_and_is_said(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        panel = await searching(app, pilot, wait, "trams")
        await pilot.press("enter", "ctrl+o")
        assert panel.text == "trams sort:newest"
        await wait(lambda: app.feed_screen.query_text == panel.text)
        await wait(lambda: app.feed_screen.status.left[0].startswith("Search: 15 found · newest first"))
        ids = app.feed_screen.feed.visit.ids
        at = archive.read(lambda store: [card.published for card in store.items.cards(ids)])
        assert at == sorted(at, reverse=True)
        await pilot.press("ctrl+o", "ctrl+o")
        assert panel.text == "trams"


async def test_a_search_is_saved_opened_told_of_and_forgotten(
    archive: Any, run_app: Any, wait: Any, lines: Any, make: Any
) -> None:
    async with run_app(archive) as (app, pilot):
        panel = await searching(app, pilot, wait, "trams sort:newest")
        await pilot.press("ctrl+s")
        await wait(lambda: type(app.screen).__name__ == "SaveBox")
        app.screen.query_one(Input).value = "City trams"
        await pilot.press("enter")
        await wait(lambda: app.feed_screen.status.left[0].startswith("Saved as City trams"))
        assert saved(archive) == {"City trams": ("trams sort:newest", False)}, "on disk before the screen says so"
        await wait(lambda: "7 City trams" in lines(app)[0])
        await pilot.press("escape", "1")
        await wait(lambda: app.feed_screen.view == View.FOR_YOU)
        await pilot.press("F")
        await wait(lambda: type(app.screen).__name__ == "SavedScreen")
        await pilot.press("n")
        await wait(lambda: saved(archive) == {"City trams": ("trams sort:newest", True)})
        await pilot.press("escape")
        arrive(archive, make(4, 300))
        await app.look(force=True)
        await wait(lambda: "1 new for 'City trams': F" in app.feed_screen.status.right)
        await pilot.press("F")
        await wait(lambda: type(app.screen).__name__ == "SavedScreen")
        await wait(lambda: any("1 new" in line and "City trams" in line for line in lines(app)))
        await pilot.press("k", "j", "enter")
        await wait(lambda: app.feed_screen.view == View.SEARCH and len(app.feed_screen.feed.visit.ids) == 16)
        await wait(lambda: app.feed_screen.status.left[0].startswith("City trams: 16 found · 1"))
        assert panel.text == "trams sort:newest" and "7 City trams" in lines(app)[0]
        await wait(lambda: archive.read(lambda store: store.saved.news()) == {})
        await wait(lambda: "new for" not in app.feed_screen.status.right)
        await pilot.press("F")
        await wait(lambda: type(app.screen).__name__ == "SavedScreen")
        await pilot.press("d")
        await wait(lambda: saved(archive) == {})
        await pilot.press("u")
        await wait(lambda: saved(archive) == {"City trams": ("trams sort:newest", True)})
        await wait(lambda: app.screen.query_one(OptionList).option_count == 1)


def test_a_saved_search_completes_the_whole_line(archive: Any) -> None:
    archive.read(lambda store: store.events.append([keep("City trams", "trams sort:newest")]))
    (found, *_) = archive.read(lambda store: searchdesk.complete("cit", 3, store))
    assert (found.start, found.end, found.text) == (0, 3, "trams sort:newest") and "City trams" in found.note
    assert archive.read(lambda store: searchdesk.complete("x cit", 5, store)) == []
    assert archive.read(lambda store: searchdesk.complete("s", 1, store)) == [], "one letter begins too many"


async def test_who_types_a_saved_search_is_in_it(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    both = [keep(name, "trams sort:newest") for name in ("City", "Town")]
    archive.read(lambda store: store.events.append(both))
    async with run_app(archive) as (app, pilot):
        panel = await searching(app, pilot, wait, "tow")
        await wait(lambda: panel.suggestions.is_open)
        await pilot.press("tab")
        await wait(lambda: app.feed_screen.status.left[0].startswith("City: 15 found · 15 unseen · newest first"))
        assert "7 City 15" in lines(app)[0]
        await pilot.press(*" x")
        await wait(lambda: app.feed_screen.status.left[0].startswith("Search: "))
        assert panel.title() == "" and "7 Search" in lines(app)[0]


async def test_new_items_come_into_what_is_shown(archive: Any, run_app: Any, wait: Any, make: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await searching(app, pilot, wait, "trams sort:newest")
        feed = app.feed_screen.feed
        await wait(lambda: len(feed.visit.ids) == 15)
        await pilot.press("enter", "j", "j")
        before = list(feed.visit.ids)
        arrive(archive, make(4, 300))
        await app.look(force=True)
        await wait(lambda: len(feed.visit.ids) == 16)
        assert feed.visit.ids[:15] == before and feed.selected == 2, "what was on screen stays in its place"
        await pilot.press("g")
        arrive(archive, make(4, -8))
        await app.look(force=True)
        await wait(lambda: len(feed.visit.ids) == 17)
        assert feed.visit.ids[0] not in before, "nobody was among them: the newest first"


async def test_what_is_chosen_is_told_once_for_each_query(archive: Any, run_app: Any, wait: Any) -> None:
    def finds() -> list[Any]:
        return [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "find"]

    async with run_app(archive) as (app, pilot):
        await searching(app, pilot, wait, "trams")
        await wait(lambda: len(app.feed_screen.feed.visit.ids) == 15)
        await pilot.press("enter", "j", "l")
        await wait(lambda: len(finds()) == 1)
        (find,) = finds()
        assert find.item_id == app.feed_screen.feed.visit.ids[1] and find.view == "search"
        assert find.value["query"] == "trams" and find.value["ranks"]["words"] == 2
        await pilot.press("s", "enter")
        await wait(lambda: type(app.screen).__name__ == "ArticleScreen")
        await pilot.press("escape")
        await pilot.press("j", "x", "2")
        await wait(lambda: app.feed_screen.view == View.NEWEST)
        await pilot.press("l")
        await wait(lambda: archive.kinds().count("like") == 2)
    assert len(finds()) == 1, "once for each result and query; a skip, or a like elsewhere, is none"


async def test_places_by_meaning_join_those_by_words(archive: Any, run_app: Any, wait: Any) -> None:
    def embed(store: Any) -> None:
        from penchant.app.derive import Deriver

        deriver = Deriver(store)
        while deriver.step():
            pass

    archive.read(embed)
    async with run_app(archive) as (app, pilot):
        panel = await searching(app, pilot, wait, "trams in small cities")
        await wait(lambda: panel._asking is not None and panel._asking.done())
        await pilot.press("enter", "l")
        await wait(lambda: "find" in archive.kinds())
    (find,) = [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "find"]
    assert find.value["ranks"].keys() >= {"words", "meaning"}
    mix = archive.read(lambda store: store.search.mix())
    assert mix.keys() >= {"words", "meaning"}, "the engine learns from it"


async def test_a_notification_only_where_it_is_wished_for(
    archive: Any, run_app: Any, wait: Any, make: Any, monkeypatch: Any
) -> None:
    archive.read(lambda store: store.events.append([keep("bad\x1b]0;x\x07", "trams", notify=True)]))
    written: list[str] = []
    for wish in ("none", "terminal"):
        async with run_app(archive, config=Config(notify=wish)) as (app, _):
            await wait(lambda: app.feed_screen.feed.current() is not None)
            await app.feed_screen.news.look()
            monkeypatch.setattr(type(app._driver), "write", lambda self, data: written.append(data))
            arrive(archive, make(4, 300 if wish == "none" else 400))
            await app.look(force=True)
            count = "1" if wish == "none" else "2"
            await wait(lambda: f"{count} new for 'bad" in app.feed_screen.status.right)  # noqa: B023
            monkeypatch.undo()
        notes = [data for data in written if "]9;" in data or "]99;" in data or "]777;" in data]
        assert len(notes) == (wish == "terminal")
    assert notes[0].count("\x1b") == 2 and "\x07" not in notes[0]
