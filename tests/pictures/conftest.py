"""Fixtures: a scriptable server, pictures drawn by code, a lane with a real archive and a real decoding child."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.base import Item, Media, Page
from penchant.adapters.http import Client, Limits
from penchant.app.config import Pictures
from penchant.app.pictures.lane import PictureLane
from penchant.app.store import Store
from penchant.app.store.control import Request
from penchant.app.sync import inline
from penchant.app.types import Shot

ROOT = Path(__file__).resolve().parents[2]


def _loopback() -> ModuleType:
    """The scriptable server of the adapters' tests (tests are no package, so it is loaded by its path)."""
    spec = importlib.util.spec_from_file_location("loopback_server", ROOT / "tests" / "adapters" / "conftest.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    if not hasattr(module, "Server"):
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bad_made() -> ModuleType:
    """Writes pictures made to harm (see made_bad.py)."""
    spec = importlib.util.spec_from_file_location("made_bad", Path(__file__).with_name("made_bad.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


server, answers = _loopback().server, _loopback().answers


@pytest.fixture
def draw() -> Callable[..., bytes]:
    """A file of a picture: draw("PNG", (w, h), colour or a function (x, y) -> colour, further save options)."""
    from PIL import Image

    def drawn(
        kind: str = "JPEG", size: tuple[int, int] = (64, 48), fill: Any = "red", mode: str = "RGB", **more: Any
    ) -> bytes:
        if callable(fill):
            picture = Image.new(mode, size)
            picture.putdata([fill(n % size[0], n // size[0]) for n in range(size[0] * size[1])])
        else:
            picture = Image.new(mode, size, fill)
        out = BytesIO()
        picture.save(out, kind, **more)
        return out.getvalue()

    return drawn


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


class Reader:
    """One who looks at items: a lane of the worker, fed with letters, and what the screen would see."""

    def __init__(self, store: Store, lane: PictureLane) -> None:
        self.store, self.lane = store, lane
        self.task = asyncio.create_task(lane.run())

    def follow(self, address: str, *pictures: str | Media, each: int = 1) -> list[int]:
        """Items that show `each` of the pictures, brought by a source of that address."""
        known = {s.address: s.id for s in self.store.subscriptions.all()}
        number = known.get(address) or self.store.subscriptions.add("rss", address, settings={"address": address})
        media = [each if isinstance(each, Media) else Media(each) for each in pictures]
        groups = [tuple(media[at : at + each]) for at in range(0, len(media), each)]
        items = [Item(f"{address}#{m[0].url}", f"{address}/{n}", f"item {n}", media=m) for n, m in enumerate(groups)]
        return self.store.items.put_page(number, Page(tuple(items), {}), 1000.0).item_ids

    def look(self, *ids: int) -> None:
        self.lane.hear(Request("picture", {"items": list(ids)}, time.time()))

    def shots(self, *ids: int) -> list[Shot]:
        found = self.store.pictures.of_items(ids)
        return [shot for item_id in ids for shot in found.get(item_id, ())]

    async def see(self, *ids: int, seconds: float = 30.0) -> list[Shot]:
        """Look, and wait until every picture has come or failed."""
        self.look(*ids)
        return await self.until(lambda: not {"", "wanted"} & {s.state for s in self.shots(*ids)}, ids, seconds)

    async def until(self, holds: Callable[[], object], ids: Sequence[int] = (), seconds: float = 30.0) -> list[Shot]:
        end = time.monotonic() + seconds
        while not holds():
            assert not self.task.done(), "the lane ended"
            assert time.monotonic() < end, f"it never came true: {self.shots(*ids)}"
            await asyncio.sleep(0.02)
        return self.shots(*ids)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest_asyncio.fixture
async def reader(store: Store, tmp_path: Path) -> AsyncIterator[Callable[..., Reader]]:
    """Makes a `Reader`: reader(**options of [pictures]); `allow_private` lets every request reach loopback."""
    made: list[Reader] = []
    clients: list[Client] = []

    def make(*, allow_private: bool = True, timeout: float = 10.0, **options: Any) -> Reader:
        client = Client(limits=Limits(total_seconds=timeout), allow_private=allow_private)
        clients.append(client)
        lane = PictureLane(Pictures(**options), tmp_path / "pictures", inline(store), client)
        made.append(Reader(store, lane))
        return made[-1]

    yield make
    for each in made:
        await each.stop()
    for client in clients:
        await client.aclose()
