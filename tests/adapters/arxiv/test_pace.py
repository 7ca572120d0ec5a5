"""One request every three seconds, one at a time: whoever asks, on a clock that the test turns."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.arxiv import Api
from penchant.adapters.arxiv_pace import Pace
from penchant.adapters.arxiv_place import FEEDS, Place


class Clock:
    """Time moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        target = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, target)


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=6))
def test_requests_never_overlap_and_are_three_seconds_apart(lengths: list[float]) -> None:
    clock = Clock()
    pace = Pace(3.0, clock, clock.sleep)
    spans: list[tuple[float, float]] = []

    async def request(length: float) -> None:
        async with pace.turn():
            start = clock.now
            if length:
                await clock.sleep(length)
            spans.append((start, clock.now))

    async def everybody() -> None:
        await asyncio.gather(*map(request, lengths))

    asyncio.run(everybody())
    assert len(spans) == len(lengths)
    for (_, end), (start, _) in zip(sorted(spans), sorted(spans)[1:], strict=False):
        assert start >= end + 3.0 - 1e-6


async def test_a_request_that_was_given_up_gives_its_turn_back() -> None:
    clock = Clock()
    pace = Pace(3.0, clock, clock.sleep)

    async def fails() -> None:
        async with pace.turn():
            raise ValueError

    for _ in range(2):
        (outcome,) = await asyncio.gather(fails(), return_exceptions=True)
        assert isinstance(outcome, ValueError)
    assert clock.now >= 103.0


async def test_all_of_arxiv_waits_for_its_turn_and_a_server_of_ones_own_does_not(
    archive: Any, make: Any, client: Any, pages: Any, monkeypatch: Any
) -> None:
    turns = []

    class Counted(Pace):
        def turn(self) -> Any:
            turns.append(1)
            return super().turn()

    class Elsewhere:
        """Stands for the network: what is asked for, and nothing behind it."""

        async def get(self, url: str, **_: Any) -> Any:
            raise ConnectionError(url)

    clock = Clock()
    pace = Counted(3.0, clock, clock.sleep)
    api = Api(Elsewhere(), Place("list", "cs.CL"), pace)  # type: ignore[arg-type]
    for call in (api.ask("x"), api.feed("", "")):
        (outcome,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(outcome, ConnectionError)
    assert len(turns) == 2 and clock.now >= 103.0, "both hosts of arXiv share one turn"
    assert FEEDS in str(outcome)
    archive.papers = [make.paper(1)]
    place = Place("query", "cat:cs.IR", archive.settings("x")["api"])
    await Api(client, place, pace).ask("search_query=x")
    assert len(turns) == 2
