"""An archive with items, and the application on it without a terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from penchant.adapters.base import Author, Item, Link, Media, Page, Poll
from penchant.app.config import Config
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.tui.app import PenchantApp

#: Seconds that anything may take on a loaded machine.
PATIENCE = 20.0


def make_items(count: int, start: int = 0, **fields: Any) -> tuple[Item, ...]:
    """Distinct items, newest first."""
    now = time.time()
    topics = (
        "sqlite pages and journals",
        "owls of the northern forest",
        "trams in small cities",
        "bread with rye",
    )
    return tuple(
        Item(
            **{
                "native_id": f"item-{n}",
                "url": f"https://example.org/{n}",
                "title": f"Number {n} about {topics[n % len(topics)]}",
                "text": f"The {n}th text tells of {topics[n % len(topics)]} with word w{n}x{n * 7919}.",
                "author": Author(f"author:{n % 5}", f"Author {n % 5}"),
                "published": now - 60.0 * n,
                **fields,
            }
        )
        for n in range(start, start + count)
    )


@dataclass
class Archive:
    """The archive of a test and how to look into it."""

    paths: Paths

    def fill(
        self, items: Iterable[Item], title: str = "Example", address: str = "https://example.org/feed"
    ) -> int:
        with Store.open(self.paths.archive, role="cli") as store:
            number = store.subscriptions.add("rss", address, title, {"address": address})
            store.items.put_page(number, Page(tuple(items), {}), time.time())
            return number

    def read(self, question: Callable[[Store], Any]) -> Any:
        with Store.open(self.paths.archive) as store:
            return question(store)

    def kinds(self) -> list[str]:
        """Kinds of the live events, impressions left out."""
        return [e.kind for _, e in self.read(lambda store: store.events.live()) if e.kind != "impression"]


@pytest.fixture
def archive(home: Path) -> Archive:
    """An archive of 60 items from one source."""
    found = Archive(Paths.from_environment().ensure())
    found.fill(make_items(60))
    return found


@pytest.fixture
def archive_of_nothing(home: Path) -> Archive:
    """A first run."""
    return Archive(Paths.from_environment().ensure())


@pytest.fixture
def rich_item() -> Item:
    """Everything an article can have."""
    return Item(
        native_id="rich",
        url="https://example.org/rich",
        title="A rich item",
        text="See the plan [1] and the map [2]. " + "Many words follow here. " * 20,
        links=(Link("https://example.org/plan", "plan"), Link("https://example.org/map", "map")),
        media=(Media("https://example.org/p.png", alt="an owl on a branch"),),
        poll=Poll((("yes", 3), ("no", 1))),
        author=Author("author:rich", "Rich Author"),
        published=time.time(),
        comments_url="https://example.org/rich/comments",
        content_warning="long",
        tags=("owls",),
    )


@asynccontextmanager
async def running(
    archive: Archive, size: tuple[int, int] = (80, 24), config: Config | None = None
) -> AsyncIterator[tuple[PenchantApp, Pilot[None]]]:
    """The application, without a worker."""
    app = PenchantApp(config or Config(), archive.paths, worker=False)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def until(condition: Callable[[], Any], words: str = "") -> Any:
    """Wait for a condition; fails with `words` when it does not come true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(words or f"never came true: {condition}")


@pytest.fixture
def run_app() -> Any:
    return running


@pytest.fixture
def wait() -> Any:
    return until


def screen_text(app: PenchantApp) -> list[str]:
    """The screen as lines of text."""
    return [
        "".join(segment.text for segment in line).rstrip()
        for line in app.screen._compositor.render_strips()[: app.size.height]
    ]


@pytest.fixture
def lines() -> Any:
    return screen_text


@pytest.fixture
def make() -> Any:
    return make_items
