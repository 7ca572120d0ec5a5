"""The first choice from an archive, and its effect on the session's order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from penchant.app.ranking import RankSession
from penchant.app.ranking_choice import choice
from penchant.app.ranking_report import report
from penchant.app.ranking_wishes import Wishes
from penchant.app.store import Store
from penchant.app.types import Event


def load(path: Path) -> RankSession:
    session = RankSession(path, seed=5)
    session.load()
    return session


def test_twelve_that_differ_unseen_and_again_others(archive: Callable[[], Path]) -> None:
    path = archive()
    session = load(path)
    first = choice(session)
    assert len(first) == 12 and len({card.author_key for card in first}) == 12
    with Store.open(path, role="cli") as store:
        store.events.append([Event("skip", first[0].item_id)])
    session.refresh()
    assert first[0].item_id not in {card.item_id for card in choice(session)}
    again = choice(session, [card.item_id for card in first])
    assert len(again) == 12 and not {c.item_id for c in again} & {c.item_id for c in first}
    session.close()


def test_a_choice_changes_the_order_is_reported_and_undone(archive: Callable[[], Path]) -> None:
    session = load(archive())
    cards = choice(session)
    before = session.order().ids
    offered = [card.item_id for card in cards]
    event = Event("picks", value={"chosen": offered[:3], "offered": offered})
    assert session.learn(event)
    after = session.order().ids
    places = {item_id: place for place, item_id in enumerate(after)}
    chosen, others = ([places.get(i, len(after)) for i in ids] for ids in (offered[:3], offered[3:]))
    assert after != before and sum(chosen) / 3 < sum(others) / len(others)
    guess = report(session).guess
    assert guess is not None and guess[0] == 1.0
    assert session.undo(event.id)
    assert session.order().ids == before and report(session).guess is None
    session.close()


def test_several_choices_make_one_profile() -> None:
    wishes = Wishes()
    wishes.take(Event("picks", value={"chosen": [1, 2], "offered": [1, 2, 3]}))
    wishes.take(Event("picks", value={"chosen": [3], "offered": [2, 3, 4]}))
    assert wishes.picks() == ([1, 3], [2, 4])
