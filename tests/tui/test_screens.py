"""Article, sources, first run, search: on a real archive, without a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment

from penchant.adapters.base import Item
from penchant.app.backfill_status import KEY, Status
from penchant.app.tui.articletext import link_at
from penchant.app.types import View

OPML = (
    '<opml version="2.0"><body><outline text="A" xmlUrl="https://a.example/feed"/>'
    '<outline text="B" xmlUrl="https://b.example/feed"/></body></opml>'
)


def named(app: Any, name: str) -> Any:
    return lambda: type(app.screen).__name__ == name


async def test_an_article_with_everything(
    archive: Any, run_app: Any, wait: Any, lines: Any, rich_item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    number = archive.fill([rich_item], "Rich", "https://rich.example/feed")
    (item_id,) = archive.read(lambda store: store.items.ids(View.FOLLOWING, subscription_id=number))
    async with run_app(archive, size=(100, 70)) as (app, pilot):
        await pilot.press("2")
        await wait(lambda: app.feed_screen.view == View.NEWEST)
        app.feed_screen.feed.select(app.feed_screen.feed.visit.ids.index(item_id))
        await pilot.press("enter")
        await wait(lambda: named(app, "ArticleScreen")() and app.screen.article is not None)
        await wait(lambda: any("an owl on a branch" in line for line in lines(app)))
        text = "\n".join(lines(app))
        for part in (
            "A rich item",
            "Content warning: long",
            "75%",
            "https://example.org/plan",
            "#owls",
            "comments",
        ):
            assert part in text
        await pilot.press("2", "enter")
        await wait(lambda: opened == ["https://example.org/map"])
        await pilot.press("c")
        await wait(lambda: opened[-1] == "https://example.org/rich/comments")
        await pilot.press("s")
        await wait(lambda: "■ saved" in lines(app)[-2] or "Saved" in lines(app)[-2])
        await pilot.press("q")
        await wait(named(app, "FeedScreen"))
    kinds = archive.kinds()
    assert kinds[0] == "open" and "save" in kinds and "dwell" in kinds


async def test_next_and_previous_article(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        ids = app.feed_screen.feed.visit.ids
        await pilot.press("enter")
        await wait(named(app, "ArticleScreen"))
        await pilot.press("n")
        await wait(lambda: app.screen.card.item_id == ids[1])
        await pilot.press("left")
        await wait(lambda: app.screen.card.item_id == ids[0])
        await pilot.press("escape")
    events = [e for _, e in archive.read(lambda store: store.events.live())]
    assert [e.item_id for e in events if e.kind == "open"] == [ids[0], ids[1], ids[0]]
    assert [e.item_id for e in events if e.kind == "dwell"] == [ids[0], ids[1], ids[0]]


def test_links_then_attachments_are_numbered(rich_item: Item, archive: Any) -> None:
    number = archive.fill([rich_item], "Rich", "https://rich.example/feed")
    (item_id,) = archive.read(lambda store: store.items.ids(View.FOLLOWING, subscription_id=number))
    article = archive.read(lambda store: store.items.article(item_id))
    assert [link_at(article, n) for n in (0, 1, 2, 3, 4)] == [
        "", "https://example.org/plan", "https://example.org/map", "https://example.org/p.png", "",
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "", "mailto:a@b.example"])
async def test_only_web_addresses_are_opened(
    archive: Any, run_app: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    async with run_app(archive) as (app, _pilot):
        app.browse(url)
        assert "no web address" in app.feed_screen.status.left[0]
    assert opened == []


async def test_why_adds_up(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive, size=(100, 40)) as (app, pilot):
        await pilot.press("l", "j", "w")
        await wait(lambda: any("together, which is" in line for line in lines(app)))


async def test_copying_the_link(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("y")
        await wait(lambda: app.clipboard == "https://example.org/0")


async def test_sources_pause_and_remove(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    def broken(store: Any) -> None:
        (source,) = store.subscriptions.all()
        store.subscriptions.failed(source.id, "The server hangs", "Wait for it.", 1e10)

    archive.read(broken)
    async with run_app(archive) as (app, pilot):
        await pilot.press("S")
        await wait(lambda: any("The server hangs" in line for line in lines(app)))
        assert any("Wait for it." in line for line in lines(app))
        await pilot.press("p")
        await wait(lambda: archive.read(lambda store: store.subscriptions.all()[0].paused))
        await wait(lambda: any("paused" in line for line in lines(app)))
        await pilot.press("d", "down", "enter")
        await wait(lambda: archive.read(lambda store: store.subscriptions.all()) == [])


async def test_help_on_a_small_screen_loses_no_letter(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(archive, size=(60, 15)) as (app, pilot):
        await pilot.press("?")
        shown: list[str] = []
        await wait(lambda: any("Every like" in line for line in lines(app)))
        for _ in range(60):
            shown += [line.strip(" │▌") for line in lines(app)]
            await pilot.press("j")
        text = " ".join(shown)
        assert "what was on screen" in text and "in an article, a" in text


async def test_no_color_is_shades_of_grey(
    archive: Any, run_app: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with run_app(archive) as (app, pilot):
        await wait(lambda: any("Number 3" in line for line in lines(app)))
        await pilot.press("j", "l", "/", *"owls", "escape", "?")
        await pilot.pause()
        # As the driver asks for them; without a terminal nothing passes the filters.
        drawn = [Segment("no style"), *app.feed_screen.feed.render_line(1)]
        for one in app.get_line_filters():
            drawn = one.apply(drawn, app.screen.background_colors[1])
        colours = {s.style.color.triplet for s in drawn if s.style and s.style.color}
        assert colours and all(c.red == c.green == c.blue for c in colours)


async def test_first_run_follows_what_is_ticked(archive_of_nothing: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(named(app, "OnboardingScreen"))
        await pilot.press("space", "down", "space", "ctrl+s")
        await wait(named(app, "FeedScreen"))
        found = archive_of_nothing.read(lambda store: store.subscriptions.all())
        assert {s.address for s in found} == {"hackernews:top", "lobsters:hottest"}
        assert all(s.state == "queued" for s in found)


async def test_the_sample_feed_and_topics(archive_of_nothing: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(named(app, "OnboardingScreen"))
        app.screen.query_one("#topics").focus()
        await pilot.press(*"owls, trams", "enter")
        await wait(lambda: archive_of_nothing.kinds() == ["topics"])
        await pilot.click("#sample")
        await wait(named(app, "FeedScreen"))
        (source,) = archive_of_nothing.read(lambda store: store.subscriptions.all())
        assert (source.kind, source.address) == ("sample", "sample:feed")
    (topics,) = [e for _, e in archive_of_nothing.read(lambda store: store.events.live())]
    assert list(topics.value["topics"]) == ["owls", "trams"]


async def test_an_opml_file(archive_of_nothing: Any, run_app: Any, wait: Any, tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text(OPML)
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(named(app, "OnboardingScreen"))
        field = app.screen.query_one("#opml")
        field.focus()
        field.value = str(tmp_path / "none.opml")
        await pilot.press("enter")
        await wait(lambda: "No such file" in str(app.screen.query_one("#said").render()))
        field.value = str(file)
        await pilot.press("enter")
        await wait(lambda: len(archive_of_nothing.read(lambda store: store.subscriptions.all())) == 2)


async def test_an_address_by_its_form(archive_of_nothing: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(named(app, "OnboardingScreen"))
        app.screen.query_one("#address").focus()
        await pilot.press(*"hackernews:new", "enter")
        await wait(lambda: any(s.address == "hackernews:new" for s in app.screen.offered))
        await pilot.press("ctrl+s")
        await wait(lambda: len(archive_of_nothing.read(lambda store: store.subscriptions.all())) == 1)


async def test_search_as_you_type_and_act(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("/")
        await wait(lambda: app.feed_screen.query("SearchPanel"))
        await wait(lambda: app.focused is not None and type(app.focused).__name__ == "Input")
        await pilot.press(*"trams")
        await wait(lambda: app.feed_screen.view == View.SEARCH and len(app.feed_screen.feed.visit.ids) == 15)
        assert app.feed_screen.feed.found
        await pilot.press("enter", "l")
        await wait(lambda: archive.kinds() == ["like"])
        (like,) = [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "like"]
        assert like.view == "search" and like.item_id == app.feed_screen.feed.visit.ids[0]
        await pilot.press("1")
        await wait(lambda: app.feed_screen.view == View.FOR_YOU)


async def test_escape_leads_from_a_search_back_to_where_it_began(
    archive: Any, run_app: Any, wait: Any
) -> None:
    async with run_app(archive) as (app, pilot):
        feed = app.feed_screen.feed
        await pilot.press("2", *"jjjjj")
        await wait(lambda: app.feed_screen.view == View.NEWEST and feed.selected == 5)
        before = (feed.visit, feed.scroll_offset.y)
        await pilot.press("/")
        await wait(lambda: type(app.focused).__name__ == "Input")
        await pilot.press(*"trams")
        await wait(lambda: app.feed_screen.view == View.SEARCH and len(feed.visit.ids) == 15)
        await pilot.press("escape", "escape")
        await wait(lambda: app.feed_screen.view == View.NEWEST)
        assert feed.selected == 5 and (feed.visit, feed.scroll_offset.y) == before
        assert not app.feed_screen.query_one("SearchPanel").display


async def test_words_of_failures_stand_whole_below_the_form(
    archive_of_nothing: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(archive_of_nothing, size=(60, 15)) as (app, pilot):
        await wait(named(app, "OnboardingScreen"))
        assert any("space ticks" in line for line in lines(app))
        app.screen.query_one("#address").focus()
        app.screen.query_one("#address").value = "not an address!!"
        await pilot.press("enter")
        await wait(lambda: "is not a web address. Type" in " ".join(lines(app)))
        assert "example.org/blog." in " ".join(line.strip() for line in lines(app)[-3:])


async def test_a_search_that_makes_no_sense_is_words(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("/")
        await wait(lambda: app.focused is not None and type(app.focused).__name__ == "Input")
        app.focused.value = 'author:( "owls AND (-'
        await wait(lambda: app.feed_screen.query_text.startswith("author:"))
        assert app.is_running


async def test_a_failing_disk_is_put_into_words(
    archive: Any, run_app: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from penchant.app.errors import DiskFull
    from penchant.app.store.events import Events

    def full(self: Any, events: Any) -> None:
        raise DiskFull("the disk is full")

    async with run_app(archive) as (app, pilot):
        with monkeypatch.context() as patch:
            patch.setattr(Events, "append", full)
            await pilot.press("l")
            await wait(lambda: "the disk is full" in app.feed_screen.status.left[0])
            assert not app.feed_screen.feed.current().marks.liked
        await pilot.press("l")
        await wait(lambda: archive.kinds() == ["like"])


async def test_the_sources_screen_says_how_far_the_sentence_vectors_are(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    def tell(status: Status) -> None:
        archive.read(lambda store: store.control.remember(KEY, status.to_json()))

    tell(Status("gguf:m:1", 250, 1000))
    async with run_app(archive) as (_, pilot):
        await pilot.press("S")
        await wait(lambda: any("Sentence vectors: 250 of 1,000 texts (25 %)" in line for line in lines(pilot.app)))
        tell(Status("gguf:m:1", 250, 1000, (), "there is no model file at /a/\x1b[31mb.gguf", "Correct `sentence`."))
        await wait(lambda: "no model file" in " ".join(lines(pilot.app)))
        text = " ".join(" ".join(lines(pilot.app)).split())
        assert "Correct `sentence`." in text and "\x1b" not in text
        tell(Status("gguf:m:1", 1000, 1000))
        await wait(lambda: "Sentence" not in " ".join(lines(pilot.app)))
