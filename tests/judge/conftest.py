"""A judge's lane on a real archive, with a judge that counts words."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app import judging, judging_status
from penchant.app.config import Config, JudgeOptions, Models
from penchant.app.judging import Judging
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.control import Request
from penchant.app.store_thread import StoreThread
from penchant.app.types import Event

SPEC = importlib.util.spec_from_file_location("fake_judge", Path(__file__).with_name("fake_judge.py"))
assert SPEC is not None and SPEC.loader is not None
fake_judge = importlib.util.module_from_spec(SPEC)
sys.modules["fake_judge"] = fake_judge
SPEC.loader.exec_module(fake_judge)

CHILD_OF = judging.child_of
OWLS, TRAMS = "owls hoot in the forest number {}", "trams run through towns number {}"


class World:
    """An archive, the runners that were made, the processor's battery."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.runners: list[Any] = []
        self.told: list[str] = []
        self.battery = False
        self.tune: Callable[[Any], None] = lambda runner: None

    def real(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run real children from now on."""

        def made(*arguments: Any) -> Any:
            self.runners.append(CHILD_OF(*arguments))
            return self.runner

        monkeypatch.setattr(judging, "child_of", made)

    @property
    def runner(self) -> Any:
        return self.runners[-1]

    def made(self, model: str, *_: Any) -> Any:
        self.runners.append(fake_judge.FakeJudge(model))
        self.tune(self.runner)
        return self.runner

    def fill(self, texts: list[str], start: int = 0) -> list[int]:
        """Items of those titles, each a minute newer than the one before."""
        with Store.open(self.paths.archive, role="cli") as store:
            source = store.subscriptions.add("rss", "https://feed.example/")
            items = tuple(
                Item(
                    native_id=f"n{start + n}", url=f"https://feed.example/{start + n}", title=text,
                    published=1_600_000_000.0 + 60 * (start + n),
                )
                for n, text in enumerate(texts)
            )  # fmt: skip
            return store.items.put_page(source, Page(items, {}), 1_700_000_000.0).item_ids

    def decide(self, kind: Any, ids: list[int], ago: float = 1000.0) -> None:
        with Store.open(self.paths.archive, role="cli") as store:
            store.events.append([Event(kind, item_id, at=time.time() - ago) for item_id in ids])

    def read(self, question: Callable[[Store], Any]) -> Any:
        with Store.open(self.paths.archive) as store:
            return question(store)

    def history(self) -> tuple[list[int], list[int]]:
        """Twelve liked owls and twelve skipped trams."""
        owls = self.fill([OWLS.format(n) for n in range(12)])
        trams = self.fill([TRAMS.format(n) for n in range(12)], 100)
        self.decide("like", owls)
        self.decide("skip", trams)
        return owls, trams

    def settled(self, store: Store) -> bool:
        """Whether the lane has looked and found nothing to do."""
        return self.lane._outlook is not None and not self.lane._outlook.due

    def status(self) -> judging_status.Status:
        found = self.read(judging_status.of)
        assert found is not None
        return found

    async def work(
        self,
        until: Callable[[Store], Any],
        model: str = "/x/m.gguf",
        letters: tuple[Request, ...] = (),
        **options: Any,
    ) -> Judging:
        """Run the lane until something holds."""
        config = replace(
            Config(), models=Models(judge=model, cpu_share=1.0), judge=replace(JudgeOptions(), **options)
        )
        async with StoreThread(self.paths.archive) as call:
            self.lane = lane = Judging(config, self.paths, call, lambda: self.told.append("changed"))
            for letter in letters:
                lane.hear(letter)
            task = asyncio.create_task(lane.run())
            try:
                async with asyncio.timeout(60):
                    while not await call(until):
                        await asyncio.sleep(0.01)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return lane


@pytest.fixture
def world(home: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(Paths.from_environment().ensure())
    for name, value in {"BEGIN": 0.0, "LOOK": 0.02, "AGAIN": 0.1, "TELL": 0.0}.items():
        monkeypatch.setattr(judging, name, value)
    monkeypatch.setattr(judging, "child_of", found.made)
    monkeypatch.setattr(judging.power, "on_battery", lambda: found.battery)
    monkeypatch.setattr(judging.power, "HOLDS", 0.05)
    return found
