"""Sources that keep us waiting do not keep others waiting."""

from __future__ import annotations

import asyncio

from penchant.app.places import MOST, PATIENCE, Gate, Places


def test_who_waits_lends_its_place_and_takes_it_back_when_something_comes() -> None:
    now = [100.0]
    places = Places(2, clock=lambda: now[0])
    places.moved(1)
    places.moved(2)
    assert places.free() == 0
    now[0] += PATIENCE + 0.1
    assert places.free() == 2
    places.moved(1)
    assert places.free() == 1
    places.ended(1)
    places.ended(7)
    assert places.free() == 2


def test_there_is_an_end_to_lending() -> None:
    now = [0.0]
    places = Places(4, clock=lambda: now[0])
    started = 0
    for _ in range(MOST):
        now[0] += PATIENCE + 0.1
        for _ in range(places.free()):
            started += 1
            places.moved(started)
    assert started == MOST and places.free() == 0
    assert Places(MOST + 10, clock=lambda: 0.0).free() == MOST + 10, "who asks for more gets more"


def test_a_silent_server_does_not_hold_the_only_place() -> None:
    async def run() -> list[str]:
        gate, done = Gate(1), []
        never = asyncio.Event()

        async def silent() -> None:
            async with gate.enter():
                await never.wait()
            done.append("silent")

        async def quick(name: str) -> None:
            async with gate.enter() as moved:
                moved()
            done.append(name)

        tasks = [asyncio.create_task(silent()), asyncio.create_task(quick("a")), asyncio.create_task(quick("b"))]
        await asyncio.wait_for(asyncio.gather(*tasks[1:]), 20)
        never.set()
        await tasks[0]
        async with gate.enter():
            pass
        return done

    assert asyncio.run(run()) == ["a", "b", "silent"]
