"""Another window on the same archive: what it decides holds here too."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.app.store import Store
from penchant.app.types import Event


@pytest.mark.parametrize(("kind", "key", "mark"), [("like", "l", "liked"), ("save", "s", "saved")])
async def test_what_another_window_took_back_can_be_done_again(
    archive: Any, run_app: Any, wait: Any, kind: Any, key: str, mark: str
) -> None:
    async with run_app(archive) as (app, pilot):
        first = app.feed_screen.feed.visit.ids[0]

        def holds() -> bool:
            return bool(getattr(app.feed_screen.feed.cards[first].marks, mark))

        await pilot.press(key)
        await wait(holds)
        with Store.open(archive.paths.archive) as elsewhere:
            live = elsewhere.events.last_live(first, kind)
            elsewhere.events.append([Event("undo", first, undoes=live.id)])
        await app.look(force=True)
        await wait(lambda: not holds())
        await pilot.press(key)
        await wait(holds)
        assert archive.kinds() == [kind]


async def test_typed_twice_at_once_it_is_taken_back(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (_, pilot):
        await pilot.press("l", "l", "l", "l", "l")
        await wait(lambda: len(archive.read(lambda store: store.events.since(0))) >= 5)
        assert archive.kinds() == ["like"]
