"""The order of events that several machines agree on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.following import Following
from penchant.app.store import Store
from penchant.app.store.migrations import MIGRATIONS, migrate
from penchant.app.types import Event


def ids(store: Store) -> list[str]:
    return [event.id for _, event in store.events.in_order()]


@given(times=st.lists(st.floats(0, 4e9), min_size=1, max_size=30))
@settings(max_examples=30)
def test_on_one_machine_the_order_is_that_of_writing(
    times: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Store.open(tmp_path_factory.mktemp("clock") / "archive.db") as store:
        made = [Event("topics", at=at) for at in times]
        for event in made:
            store.events.append([event])
        assert ids(store) == [event.id for event in made]
        clocks = [event.clock for _, event in store.events.since(0)]
        assert clocks == sorted(set(clocks)) and all(c >= e.at for c, e in zip(clocks, made, strict=True))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_machines_agree_whatever_the_order_they_hear_in(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("machines")
    stores = {name: Store.open(folder / f"{name}.db") for name in ("ada", "bob", "cy")}
    shared = Event("topics", id="an export's event", at=chance.random() * 1e6)
    try:
        for _ in range(12):
            name = chance.choice(list(stores))
            if chance.random() < 0.6:
                event = shared if chance.random() < 0.2 else Event("topics", at=chance.random() * 1e6)
                stores[name].events.append([event])
            else:
                _tell(stores, name, chance)
        for _ in range(2):
            for name in stores:
                _tell(stores, name, chance)
        orders = [ids(store) for store in stores.values()]
        assert orders[0] == orders[1] == orders[2] and len(set(orders[0])) == len(orders[0])
    finally:
        for store in stores.values():
            store.close()


def _tell(stores: dict[str, Store], name: str, chance: random.Random) -> None:
    """One machine's events to all others, in any order, some twice."""
    events = [event for _, event in stores[name].events.since(0)]
    chance.shuffle(events)
    for other, store in stores.items():
        if other != name:
            told = [
                Event(e.kind, id=e.id, at=e.at, clock=e.clock, origin=e.origin or name)
                for e in events + events[: chance.randrange(3)]
            ]
            store.events.merge(told)


def test_a_clock_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path / "archive.db") as store:
        for event in (Event("topics", origin="x", clock=1e12), Event("topics", origin="x", clock=-1.0),
                      Event("topics", origin="x", clock=float("nan")), Event("topics", clock=5.0)):  # fmt: skip
            with pytest.raises(ValueError):
                store.events.merge([event])
        assert store.events.count() == 0


def test_what_came_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "archive.db") as store:
        store.events.append([Event("topics", at=50.0)])
        store.events.merge([Event("topics", origin="other", clock=20.0, at=20.0)])
        first = Following()
        assert [event.at for event in first.read(store)] == [20.0, 50.0] and not first.merged
        store.events.append([Event("topics", at=60.0)])
        assert [event.at for event in first.read(store)] == [60.0] and not first.merged
        store.events.merge([Event("topics", origin="other", clock=30.0, at=30.0)])
        assert [event.at for event in first.read(store)] == [30.0] and first.merged


def test_old_archives_keep_their_order(tmp_path: Path) -> None:
    from penchant.app.store.connection import Database

    db = Database(tmp_path / "old.db", "cli")
    migrate(db, MIGRATIONS[:8])
    for number, at in enumerate((5.0, 3.0, 3.0, 900.0, 0.0, 7.0)):
        db.run("INSERT INTO events(id, kind, at) VALUES (?, 'topics', ?)", (f"{9 - number}", at))
    migrate(db)
    db.close()
    with Store.open(tmp_path / "old.db") as store:
        store.events.append([Event("topics", id="new", at=8.0)])
        assert ids(store) == ["9", "8", "7", "6", "5", "4", "new"]
