"""How often the window's ranking takes in what the worker brings."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penchant.app.rank.types import Ranking
from penchant.app.tui import lessons
from penchant.app.tui.lessons import Lessons, Order


class Slow:
    """A ranking that takes 30 ms of the processor for news."""

    def __init__(self) -> None:
        self.refreshed = 0
        self.store = SimpleNamespace(drafts=SimpleNamespace(item_ids=set))

    def refresh(self) -> bool:
        self.refreshed += 1
        until = time.thread_time() + 0.03
        while time.thread_time() < until:
            pass
        return True

    def order(self, *_: Any) -> Ranking:
        return Ranking([], [], {}, {}, {})

    def close(self) -> None:
        pass


async def test_news_is_taken_in_for_a_share_of_the_time_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lessons, "mixed", lambda _, ids, fixed: ids)
    orders: list[Order] = []
    taught = Lessons(tmp_path, 1, lambda: ((), (), 0.0, None), orders.append, lambda error: pytest.fail(str(error)))
    slow = taught._session = Slow()  # type: ignore[assignment]
    monkeypatch.setattr(lessons, "NEWS_EVERY", 0.0)

    async def settled() -> None:
        while taught.busy:
            await asyncio.sleep(0.01)

    assert taught.news()
    await settled()
    assert (slow.refreshed, len(orders)) == (1, 1)
    monkeypatch.setattr(lessons, "SHARE", 1e6)
    assert not taught.news()  # 30 ms of work ask for more rest than this
    taught.refresh()  # what the reader asks for is not put off
    await settled()
    assert slow.refreshed == 2
    monkeypatch.setattr(lessons, "SHARE", 0.0)
    assert taught.news()
    await settled()
    monkeypatch.setattr(lessons, "NEWS_EVERY", 3600.0)
    assert not taught.news()
    await settled()
    assert slow.refreshed == 3
    taught.close()


def test_the_window_lets_a_key_in_soon_while_the_ranking_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key passes several threads, and each would wait 5 ms for the interpreter."""
    import argparse
    import gc
    import sys

    from penchant.app.commands import feed
    from penchant.app.tui import app

    seen: list[float] = []
    monkeypatch.setattr(app, "run", lambda *_: seen.append(sys.getswitchinterval()) or 0)
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    context = SimpleNamespace(config=None, paths=SimpleNamespace(ensure=lambda: None))
    before = sys.getswitchinterval()
    try:
        assert feed.run(argparse.Namespace(images=""), context) == 0  # type: ignore[arg-type]
    finally:
        gc.enable()
        sys.setswitchinterval(before)
    assert seen[0] <= 0.001
