"""An archive with likes, skips and texts of the reader's own; a tiny model in a real child."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.types import Event


class World:
    """A store with `ids`: text -> item."""

    LIKED = tuple(f"the night train number {n} leaves for the sea at ten" for n in range(12))
    SKIPPED = tuple(f"interest rates rise again says bank number {n}" for n in range(12))
    OTHERS = tuple(f"a hedgehog number {n} sleeps under dry leaves" for n in range(40))

    def __init__(self, path: Path) -> None:
        self.store = Store.open(path, role="cli")
        source = self.store.subscriptions.add("rss", "https://feed.example/", "Feed")
        texts = [*self.LIKED, *self.SKIPPED, *self.OTHERS]
        items = tuple(
            Item(native_id=str(n), url=f"https://feed.example/{n}", title=text, text="", published=1_700_000_000.0 + n)
            for n, text in enumerate(texts)
        )
        found = self.store.items.put_page(source, Page(items, {}), 1_700_000_000.0).item_ids
        self.ids = dict(zip(texts, found, strict=True))

    def say(self, kind: str, text: str, at: float = 0.0, **value: object) -> str:
        event = Event(kind, self.ids[text], value, at=1_700_001_000.0 + at)  # type: ignore[arg-type]
        self.store.events.append([event])
        return event.id

    def decide(self) -> None:
        for at, text in enumerate(self.LIKED):
            self.say("like", text, at)
        for at, text in enumerate(self.SKIPPED):
            self.say("skip", text, at)

    def undo(self, name: str) -> None:
        self.store.events.append([Event("undo", undoes=name, at=1_700_002_000.0)])

    async def call(self, work: Callable[[Store], Any]) -> Any:
        return work(self.store)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "archive.db")
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers with a chat template, made on the spot."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: pip install -e '.[judge,test]'")
    place = Path(__file__).resolve().parents[1] / "judge" / "tiny_eyes.py"
    spec = importlib.util.spec_from_file_location("tiny_eyes_of_voice", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path: Path = module.write_text(tmp_path_factory.mktemp("model") / "tiny.gguf", chat=True)
    return path
