"""The self-tuning pass on a real archive: what it adopts is an event, listed and reversible."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from penchant.app import tuning, tuning_lane
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.tuning_state import last
from penchant.app.types import Event

SPOILT = {"head.caution": 2_000.0, "prior.words": 0.4, "prior.origin": 0.02, "prior.tags": 0.2, "prior.static": 0.03}


@pytest.fixture
def path(archive):  # type: ignore[no-untyped-def]
    """The sample feed, 140 decisions of somebody who likes three of its topics, and a bad recipe."""
    path = archive()
    with Store.open(path, role="worker") as store:
        ids = store.items.candidates(1_000, time.time())
        order = np.random.default_rng(3).permutation(ids)[:140].tolist()
        liked = {i.item_id for i in store.items.rank_items(order) if set(i.tags) & {"birds", "cooking", "compilers"}}
        store.events.append([Event("tune", value={"values": SPOILT}, id="spoilt", at=1.0)])
        now = time.time() - 5_000
        store.events.append(
            [Event("like" if i in liked else "skip", i, at=now + n) for n, i in enumerate(order)]
        )
    return path


def weights(path) -> list[float]:  # type: ignore[no-untyped-def]
    session = RankSession(path)
    session.load()
    try:
        return list(session.trust().values())
    finally:
        session.close()


def test_a_pass_adopts_what_wins_and_an_undo_takes_it_back(path) -> None:
    before = weights(path)
    verdict = tuning.run(path)
    assert verdict.decisions == 140 and verdict.values and verdict.gain > 0
    with Store.open(path, role="worker") as store:
        said = last(store)
        assert said["values"] == verdict.values and said["note"]
        (mine,) = [e for e in store.events.of_kind("tune") if e.id != "spoilt"]
        assert mine.value["values"] == verdict.values
    assert weights(path) != before
    with Store.open(path, role="worker") as store:
        store.events.append([Event("undo", undoes=mine.id)])
    assert weights(path) == before


def test_a_running_session_takes_a_tuning_over(path) -> None:
    session = RankSession(path)
    session.load()
    try:
        shown = session.order([]).ids[:3]  # a screen that is in use
        first = session.learned[1].batch.item_ids[0]
        like = Event("like", int(first))
        with Store.open(path) as store:
            store.events.append([like])
        session.learn(like)
        session.order(shown)
        event = Event("tune", value={"values": {"prior.words": 20.0}})
        with Store.open(path) as store:
            store.events.append([event])
        assert session.refresh() and session.order(shown).ids[:3] == shown
        fresh = RankSession(path)
        fresh.load()
        assert session.trust() == fresh.trust()
        fresh.close()
    finally:
        session.close()


def test_a_pass_runs_when_asked_or_when_the_reader_rests(path) -> None:
    now = time.time()
    with Store.open(path, role="worker") as store:
        assert tuning_lane.called_for(store, now)
        assert not tuning_lane.called_for(store, now - 4_900), "they read just then"
        store.control.remember("tuning", '{"at": %f, "through": 0}' % (now - 60))
        assert not tuning_lane.called_for(store, now), "only once a night"
        store.control.remember(tuning_lane.WANTED, now)
        assert tuning_lane.called_for(store, now) and not tuning_lane.called_for(store, now)


async def test_the_worker_lets_a_child_do_it(path) -> None:
    with Store.open(path, role="worker") as store:
        store.control.remember(tuning_lane.WANTED, 1.0)

        async def call(function):  # type: ignore[no-untyped-def]
            return function(store)

        lane = asyncio.create_task(tuning_lane.lane(path, call))
        try:
            async with asyncio.timeout(60):
                while not last(store):
                    await asyncio.sleep(0.2)
        finally:
            lane.cancel()
        assert last(store)["decisions"] == 140
