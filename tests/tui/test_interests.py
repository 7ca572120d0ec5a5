"""Interests on the Tuning screen: a dial and a name for each, both undone."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.app.store import Store
from penchant.app.store.interests import Interest
from penchant.app.types import View


@pytest.fixture
def found(archive: Any) -> Any:
    """One interest whose members are about owls."""
    with Store.open(archive.paths.archive, role="cli") as store:
        cards = store.items.cards(store.items.ids(View.FOR_YOU))
        owls = tuple(card.item_id for card in cards if "owls" in card.title)[:5]
        store.interests.replace([Interest("abcdef012345", "s", b"", 5, "owls, forest", "", 1.0, owls, 0.4, 4, 5)])
    return archive


async def test_a_dial_and_a_name_by_keys_and_back(found: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(found) as (app, pilot):
        await wait(lambda: app.last_order)
        await pilot.press("T")
        await wait(lambda: type(app.screen).__name__ == "TuningScreen" and app.screen.standing is not None)
        screen = app.screen
        rows = screen.query_one("TuningList")
        place = next(i for i, row in enumerate(rows.rows) if row.dial == ("interest", "abcdef012345"))
        assert rows.rows[place].name == "owls, forest" and "owls of the northern" in rows.rows[place].about
        rows.select(place)
        await pilot.press("plus")
        key = "interest", "abcdef012345"
        await wait(lambda: found.read(lambda store: store.events.dials()).get(key) == 1.5)
        await pilot.press("n")
        await wait(lambda: type(app.screen).__name__ == "NameBox")
        await pilot.press("ctrl+u", *["space" if c == " " else c for c in "My owls"], "enter")
        await wait(lambda: found.read(lambda store: store.interests.all()[0].title) == "My owls")
        await wait(lambda: any("My owls" in line for line in lines(app)))
        await pilot.press("u")
        await wait(lambda: found.read(lambda store: store.interests.all()[0].title) == "owls, forest")
        await pilot.press("u")
        await wait(lambda: found.read(lambda store: store.events.dials()).get(key, 1.0) == 1.0)
        await pilot.press("g", "n")
        await wait(lambda: any("n names an interest" in line for line in lines(app)))
