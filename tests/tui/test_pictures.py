"""Pictures on the screens: beside cards, in articles, blurred, hidden, and gone at the end."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from PIL import Image

from penchant.adapters.base import Media
from penchant.app.config import Config, Pictures
from penchant.app.pictures.files import PictureFiles
from penchant.app.store.pictures_rows import Failed, Kept
from penchant.app.tui.app import PenchantApp
from penchant.app.tui.pictures.painter import wanted
from penchant.app.tui.pictures.raster import CLEAR, Placed, pairs
from penchant.app.tui.pictures.wish import Way

COLOURS = ((200, 30, 30), (30, 160, 60), (40, 60, 200))


def picture_files(archive: Any) -> PictureFiles:
    return PictureFiles(archive.paths.cache / "pictures")


def jpeg(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def fetched(archive: Any, failing: tuple[int, ...] = (), frames: int = 1) -> dict[str, bytes]:
    """What the worker does: every picture of the archive in the cache; returns {url: hash}."""
    from penchant.app.store import Store

    names: dict[str, bytes] = {}
    with Store.open(archive.paths.archive, role="worker") as store:
        outcomes: list[Any] = []
        for place, each in enumerate(store.pictures.ask(store.items.ids("newest", limit=100), time.time())):
            name = bytes([place + 1]) * 16
            colour = COLOURS[place % 3]
            if place in failing:
                outcomes.append(Failed(each.id, "the server says 404", None))
                continue
            picture_files(archive).put(name, jpeg(colour, (320, 200)), jpeg(colour, (1280, 800)))
            names[each.url] = name
            outcomes.append(Kept(each.id, name, "jpeg", 1280, 800, frames, 9, bytes(colour) * 12, None, "", ""))
        store.pictures.put(outcomes, time.time())
    return names


@pytest.fixture
def pictured(archive_of_nothing: Any, make: Any) -> Any:
    """Twenty items with a picture each, not fetched yet."""
    media = [(Media(f"https://example.org/{n}.png", alt=f"drawing {n}"),) for n in range(20)]
    items = [make(1, n, media=media[n], sensitive=n == 2)[0] for n in range(20)]
    archive_of_nothing.fill(items)
    return archive_of_nothing


class Running:
    """The application with pictures drawn in one way, without a terminal."""

    def __init__(self, archive: Any, way: Way, **options: Any) -> None:
        config = Config(start_view="newest", pictures=Pictures(**options))
        self.app = PenchantApp(config, archive.paths, worker=False, images=(way, b""))

    async def __aenter__(self) -> tuple[PenchantApp, Any]:
        self.test = self.app.run_test(size=(80, 24), notifications=True)
        pilot = await self.test.__aenter__()
        await pilot.pause()
        return self.app, pilot

    async def __aexit__(self, *error: Any) -> None:
        await self.test.__aexit__(*error)


def shown(app: PenchantApp) -> list[Placed]:
    return wanted(app.screen)


def painted(app: PenchantApp) -> set[tuple[int, int, int]]:
    """Colours of the half blocks on screen."""
    strips = app.screen._compositor.render_strips()
    return {
        tuple(s.style.color.triplet)
        for strip in strips
        for s in strip
        if s.style and s.style.color and s.style.color.triplet and s.text and set(s.text) == {"▀"}
    }


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 12


async def test_a_column_of_pictures_that_can_be_switched_off(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "kitty") as (app, pilot):
        await wait(lambda: len(shown(app)) == 9, "no pictures came")
        placed = shown(app)
        assert placed[0].tile.rows == 6 and {p.tile.rows for p in placed[1:]} == {2}
        assert all(p.x > 0 and p.x + p.part.cols <= 79 and p.y >= 1 for p in placed)
        widths = {strip.cell_length for strip in app.feed_screen.feed.strips(0, 20)}
        assert widths == {79}
        await pilot.press("I")
        assert shown(app) == []
        await pilot.press("I")
        await wait(lambda: len(shown(app)) == 9)


async def test_a_dialog_hides_them_and_its_end_shows_them(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "kitty") as (app, pilot):
        await wait(lambda: len(shown(app)) == 9)
        before = shown(app)
        await pilot.press("?")
        assert shown(app) == []
        await pilot.press("escape")
        await wait(lambda: shown(app) == before)


async def test_a_notification_covers_only_what_lies_below_it(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "kitty") as (app, _pilot):
        await wait(lambda: len(shown(app)) == 9)
        before = len(shown(app))
        app.notify("something happened", timeout=60)
        await wait(lambda: 0 < len(shown(app)) < before, "the pictures lie over the notification")


async def test_scrolling_moves_and_crops(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "kitty") as (app, pilot):
        await wait(lambda: len(shown(app)) == 9)
        app.feed_screen.feed.jump(1)
        await pilot.pause()
        first = shown(app)[0]
        assert first.y == 1 and first.part.y == 1 and first.part.rows == 5


async def test_half_blocks_in_the_cells(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "block") as (app, _pilot):
        await wait(lambda: len({c for c in COLOURS if any(near(c, p) for p in painted(app))}) == 3)
        assert shown(app) == []
        assert app.gallery is not None
        gallery, second = app.gallery, app.feed_screen.feed.visit.ids[1]
        await wait(lambda: (made := gallery.thumb(second, 2)) is not None and made.raster is not None)
        frame = gallery.thumb(second, 2)
        assert frame is not None and frame.raster is not None
        assert next(pairs(frame.raster.cells[-1]))[1] == CLEAR  # neighbours do not run into one another


async def test_none_draws_nothing_and_says_it_in_words(pictured: Any, lines: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "none") as (app, pilot):
        assert app.gallery is None and shown(app) == [] and painted(app) == set()
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert any("drawing 0" in line for line in lines(app))
        await pilot.press("escape", "I", "v")
        assert any("Pictures are off" in line for line in lines(app))


async def test_what_is_on_screen_is_asked_of_the_worker_once(pictured: Any, wait: Any) -> None:
    def letters() -> list[Any]:
        return pictured.read(lambda store: store.db.rows("SELECT payload FROM control WHERE kind = 'picture'"))

    async with Running(pictured, "kitty") as (app, _pilot):
        await wait(letters)
        asked = json.loads(letters()[0][0])["items"]
        ids = app.feed_screen.feed.visit.ids
        assert asked[: len(app.feed_screen.feed.shown_rows())] == ids[: len(app.feed_screen.feed.shown_rows())]
        fetched(pictured)
        await wait(lambda: len(shown(app)) == 9, "what the worker brought is not shown")
        assert sum(len(json.loads(row[0])["items"]) for row in letters()) == len(set(asked))


async def test_a_card_does_with_a_small_copy_and_an_article_asks_for_the_whole(pictured: Any, wait: Any) -> None:
    def letters() -> list[Any]:
        rows = pictured.read(lambda store: store.db.rows("SELECT payload FROM control WHERE kind = 'picture'"))
        return [json.loads(row[0]) for row in rows]

    async with Running(pictured, "kitty") as (_, pilot):
        first = await wait(letters)
        assert all(letter["small"] for letter in first)
        await pilot.press("enter")
        asked = await wait(lambda: [letter for letter in letters() if "small" not in letter])
        assert [letter["items"] for letter in asked] == [first[0]["items"][:1]]


async def test_with_fetching_off_nobody_is_asked(pictured: Any) -> None:
    async with Running(pictured, "kitty", fetch="none") as (_app, pilot):
        await pilot.pause(0.6)
        assert not pictured.read(lambda store: store.db.rows("SELECT 1 FROM control WHERE kind = 'picture'"))


async def test_sensitive_pictures_are_blurred_until_a_key(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "kitty") as (app, pilot):
        await wait(lambda: len(shown(app)) == 9)
        await pilot.press("j", "j")

        def name() -> str:
            here = next((p for p in shown(app) if p.tile.rows == 6), None)
            return here.tile.name if here else ""

        await wait(lambda: name().split("/")[0].endswith("0010"), "it is not blurred")
        await pilot.press("v")
        await wait(lambda: name().split("/")[0].endswith("0000"), "it is still blurred")
        await pilot.press("v")
        await wait(lambda: name().split("/")[0].endswith("0010"))
        await pilot.press("k", "v")
        assert "No picture of this item is blurred" in app.feed_screen.status.left[0]


async def test_a_failed_picture_leaves_the_card_to_its_text(pictured: Any, wait: Any, lines: Any) -> None:
    fetched(pictured, failing=(0,))
    async with Running(pictured, "kitty") as (app, pilot):
        await wait(lambda: len(shown(app)) >= 6)
        assert app.gallery is not None and app.gallery.thumb(app.feed_screen.feed.visit.ids[0], 6) is None
        await pilot.press("enter")
        await wait(lambda: any("did not come: the server says 404" in line for line in lines(app)))
        assert any("drawing 0" in line for line in lines(app))


async def test_a_missing_file_leaves_a_placeholder(pictured: Any, wait: Any) -> None:
    names = fetched(pictured)
    picture_files(pictured).remove(names.values())
    async with Running(pictured, "kitty") as (app, pilot):
        await pilot.pause(0.5)
        assert shown(app) == []
        assert app.gallery is not None
        frame = app.gallery.thumb(app.feed_screen.feed.visit.ids[1], 2)
        assert frame is not None and frame.raster is None and frame.preview


async def test_an_article_shows_its_pictures_with_their_words(
    archive_of_nothing: Any, make: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = (
        Media("https://example.org/a.gif", alt="a wave\x1b[31m\x07 and\u202e a boat"),
        Media("https://example.org/film.mp4", "video", alt="the harbour", preview_url="https://example.org/film.jpg"),
    )
    archive_of_nothing.fill(make(1, media=media, text="Words. " * 20))
    fetched(archive_of_nothing, frames=2)
    async with Running(archive_of_nothing, "kitty") as (app, pilot):
        await pilot.press("enter")
        await wait(lambda: any(p.tile.cols > 20 for p in shown(app)), "no picture in the article")
        await pilot.press("G")
        await wait(lambda: any("video ▶ the harbour" in line for line in lines(app)))
        await pilot.press("g")
        await pilot.pause()
        text = "\n".join(lines(app))
        for _ in range(40):
            await pilot.press("j")
            text += "\n".join(lines(app))
        assert "GIF ▶ a wave" in text
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        opened: list[str] = []
        monkeypatch.setattr(app, "browse", lambda url, here=None: opened.append(url))
        await pilot.press("i")
        await wait(lambda: opened == ["https://example.org/a.gif"])
        await pilot.press("2", "i")
        await wait(lambda: opened[1:] == ["https://example.org/film.jpg"])
        await pilot.press("9", "i")
        await wait(lambda: any("There is no picture 9" in line for line in lines(app)))


async def test_a_video_has_a_mark_on_its_card(archive_of_nothing: Any, make: Any, wait: Any, lines: Any) -> None:
    still = Media("https://example.org/a.png")
    film = Media("https://example.org/film.mp4", "video", preview_url="https://example.org/film.jpg")
    archive_of_nothing.fill([make(1, n, media=(media,))[0] for n, media in enumerate((still, film, still, film))])
    fetched(archive_of_nothing)
    async with Running(archive_of_nothing, "block") as (app, _):
        await wait(lambda: sum(line.rstrip().endswith("▶") for line in lines(app)) == 2, "no mark on the videos")


async def test_going_back_shows_the_list_s_pictures_again(pictured: Any, wait: Any) -> None:
    fetched(pictured)
    async with Running(pictured, "kitty") as (app, pilot):
        await wait(lambda: len(shown(app)) == 9)
        before = shown(app)
        await pilot.press("enter")
        await wait(lambda: app.screen is not app.feed_screen and any(p.tile.cols > 20 for p in shown(app)))
        await pilot.press("escape")
        await wait(lambda: shown(app) == before)


@pytest.mark.parametrize("way", ["kitty", "none"])
async def test_what_machines_say_is_marked_as_theirs(pictured: Any, wait: Any, lines: Any, way: Way) -> None:
    from penchant.app.store import Store

    names = fetched(pictured)
    with Store.open(pictured.paths.archive, role="worker") as store:
        store.descriptions.put("tags", [(name, "a lighthouse \x1b[31m") for name in names.values()])
    async with Running(pictured, way) as (app, pilot):
        await pilot.press("enter", "G")
        await wait(lambda: any("machine-made: looks like: a lighthouse" in line for line in lines(app)))
        assert "\x1b" not in "\n".join(lines(app))
