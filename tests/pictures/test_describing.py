"""The lane that describes pictures: resumable, each way by itself, tags made anew with another vocabulary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from penchant.adapters.base import Item, Media, Page
from penchant.app import describing
from penchant.app.config import Config, Models
from penchant.app.describing import Describing, vocabulary_file
from penchant.app.embed.runner import Limits, Runner
from penchant.app.paths import Paths
from penchant.app.pictures import ocr
from penchant.app.pictures.files import PictureFiles
from penchant.app.store import Store
from penchant.app.store.control import Request
from penchant.app.store.pictures_rows import Kept
from penchant.app.store.spaces import EACH, PICTURES_ACTIVE
from penchant.app.store_thread import StoreThread

MODEL = "clip:tiny"
#: Stands for the picture model: "a photo of WORD." lies in the direction that WORD's first letter names.
CHILD = """
import sys
import numpy as np
from penchant.app.embed.child import serve

class Model:
    name, dim = "clip:tiny", 4

def answer(model, asked):
    first = [text.removeprefix("a photo of ")[0] for text in asked["text"]]
    return np.array([np.eye(4)["abcd".index(letter)] for letter in first], np.float32)

sys.exit(serve(sys.argv, lambda model, threads: Model(), answer))
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text(CHILD)

    def runner(model: str, **options: object) -> Runner:
        options |= {"program": (str(child),), "limits": Limits(start=20.0, batch=5.0, backoff=0.0)}
        return Runner(model, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(describing, "Runner", runner)
    monkeypatch.setattr(describing, "on_battery", lambda: False)
    for name, value in {"BEGIN": 0.0, "LOOK": 0.02, "PAUSE": 0.05, "AGAIN": 0.2}.items():
        monkeypatch.setattr(describing, name, value)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path / "home").ensure()


def hash_of(n: int) -> bytes:
    return bytes([n]) * 16


def fill(paths: Paths, count: int) -> list[int]:
    """Items with a blank picture each, of which picture n lies in direction n."""
    with Store.open(paths.archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://a.example/feed", settings={"address": "x"})
        items = tuple(
            Item(f"i{n}", f"https://a.example/{n}", f"Item {n}", media=(Media(f"https://a.example/{n}.jpg"),))
            for n in range(count)
        )
        ids = store.items.put_page(source, Page(items, {}), 1000.0).item_ids
        for n, item_id in enumerate(ids):
            (wanted,) = store.pictures.ask([item_id], 2000.0 + n)
            store.pictures.put([Kept(wanted.id, hash_of(n), "jpeg", 8, 8, 1, 9, bytes(36), 7, "", "")], 2000.0 + n)
            jpeg = paths.cache / "blank.jpg"
            Image.new("RGB", (64, 64), "white").save(jpeg, "JPEG")
            PictureFiles(paths.cache / "pictures").put(hash_of(n), jpeg.read_bytes(), jpeg.read_bytes())
        store.vectors.put(MODEL + EACH, [(hash_of(n), np.eye(4, dtype="<f4")[n % 4].tobytes()) for n in range(count)])
        store.control.remember(PICTURES_ACTIVE, MODEL)
    return ids


async def work(paths: Paths, models: Models, until: Callable[[Store], bool], letter: Request | None = None) -> None:
    async with StoreThread(paths.archive) as call:
        lane = Describing(Config(models=models), paths, call)
        task = asyncio.create_task(lane.run())
        async with asyncio.timeout(30):
            while not await call(until):
                if letter is not None:
                    lane.hear(letter)
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def said(store: Store, maker: str) -> list[str]:
    return [store.descriptions.of(hash_of(n)).get(maker, "?") for n in range(4)]


async def test_pictures_are_tagged_and_again_with_another_vocabulary(paths: Paths) -> None:
    fill(paths, 4)
    vocabulary_file(paths).write_text("apple\nbird\ncat\n")
    tags = Models(picture="/models/tiny.safetensors", text_in_pictures=False)
    await work(paths, tags, lambda store: said(store, "tags") == ["apple", "bird", "cat", ""])
    with Store.open(paths.archive) as store:
        assert store.search.search("bird").hits[0].shadow
    vocabulary_file(paths).write_text("apple\ndog\n")
    await work(paths, tags, lambda store: said(store, "tags") == ["apple", "", "", "dog"])
    with Store.open(paths.archive) as store:
        assert not store.search.search("bird").hits, "tags of another vocabulary are gone"


async def test_without_a_model_there_are_no_tags_and_no_failure(paths: Paths) -> None:
    fill(paths, 2)
    off = Models(picture="", text_in_pictures=False)
    await work(paths, off, lambda store: not store.descriptions.uncast(9))
    with Store.open(paths.archive) as store:
        assert store.descriptions.counts() == {}


@pytest.mark.skipif(not ocr.installed(), reason="penchant[ocr] is not installed")
async def test_text_is_asked_of_each_picture_once_also_where_its_file_is_gone(paths: Paths) -> None:
    fill(paths, 2)
    PictureFiles(paths.cache / "pictures").remove([hash_of(1)])
    await work(paths, Models(picture="", cpu_share=1.0), lambda store: store.descriptions.counts().get("ocr") == (2, 0))


async def test_a_reader_that_dies_costs_its_picture_only(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(paths, 2)
    monkeypatch.setattr(ocr, "installed", lambda: True)
    monkeypatch.setattr(ocr, "read_text", partial(_fatal))
    await work(paths, Models(picture="", cpu_share=1.0), lambda store: store.descriptions.counts().get("ocr") == (2, 0))


def _fatal(path: str) -> str:
    import os

    os.abort()


async def test_prompts_of_another_model_tag_nothing(paths: Paths) -> None:
    fill(paths, 2)
    with Store.open(paths.archive, role="cli") as store:
        store.control.remember(PICTURES_ACTIVE, "clip:other")
        store.vectors.put("clip:other" + EACH, [(hash_of(n), np.eye(4, dtype="<f4")[n].tobytes()) for n in range(2)])
    vocabulary_file(paths).write_text("apple\nbird\ncat\n")
    async with StoreThread(paths.archive) as call:
        models = Models(picture="/models/tiny.safetensors", text_in_pictures=False)
        lane = Describing(Config(models=models), paths, call)
        assert not await lane._tag()
        assert await call(lambda store: store.descriptions.counts()) == {}
