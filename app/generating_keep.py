"""Putting drafts into the feed, alone or beside a real item, and opening a blind test. In the store's thread."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import generating_blind as blind
from .generating import REAL, Settings
from .store import generated
from .store.drafts import Draft
from .types import Event, View

if TYPE_CHECKING:
    from penchant.adapters.base import Media

    from .store import Store

#: Real items shown in a blind test come from these places of For you: as good as what is shown, and not on screen yet.
FROM, TO = 40, 400
#: In a small archive they may stand this near to the beginning.
LEAST = 12
#: What an event on a copy says of the item that it is a copy of, once a test is over.
_MOVED = ("impression", "open", "dwell", "like", "skip", "save", "later")


@dataclass(frozen=True, slots=True)
class Opened:
    """A blind test that is over: a row for each arm, the real items among them (`generating.REAL`)."""

    rows: tuple[blind.Row, ...]
    shown: int
    began: float

    def facts(self) -> dict[str, Any]:
        """As the event of the unblinding keeps it."""
        return {"began": self.began, "arms": [row._asdict() for row in self.rows]}


def offer(store: Store, draft: Draft, wanted: Settings, draw: random.Random, media: tuple[Media, ...] = ()) -> bool:
    """Let a draft wait for its place; in a blind test with a real item beside it. False: there is none to stand there.

    Both of a pair are stored in one transaction and at the same moment, in the order of a coin, so neither their
    numbers nor their times tell them apart.
    """
    if not wanted.test:
        with store.db.write():
            store.drafts.as_item(store.drafts.add(draft), media=media)
        return True
    text = blind.shaped("", draft.text)
    found = blind.beside(text, _others(store, draw), draw) if text else None
    if found is None:
        return False
    original, words = found
    pair, now = uuid.uuid4().hex, time.time()
    facts = {**draft.facts, "topic": draft.topic, "whole": draft.text}
    two = [
        _sealed(text, wanted.test, pair, now, {"arm": draft.arm, "model": draft.model, "facts": facts}),
        _sealed(words, wanted.test, pair, now, {"arm": REAL, "original": original}),
    ]
    draw.shuffle(two)
    with store.db.write():
        settle(store)
        for each in two:
            store.drafts.add(each)
            store.drafts.as_item(each.id, at=now)
        generated.hold(store.db, wanted.test, {*generated.held(store.db)[1], original})
    return True


def _sealed(text: str, test: str, pair: str, now: float, inside: dict[str, Any]) -> Draft:
    return Draft("feed", text, facts={"blind": test, "pair": pair, "sealed": blind.seal(inside)}, made_at=now)


def _others(store: Store, draw: random.Random) -> list[tuple[int, str]]:
    """(item, shaped text) of real items that may be shown: unseen, without pictures, not among the first of a list."""
    ids = store.items.ids(View.FOR_YOU, limit=TO)
    first = FROM if len(ids) >= 2 * FROM else LEAST
    near = {*ids[:first], *store.items.ids(View.NEWEST, limit=first)}
    left = store.items.offerable([item for item in ids[first:] if item not in near], blind.SHORTEST)
    plain = [card for card in store.items.cards(left) if not card.media and card.dropped is None]
    texts = store.items.texts([card.item_id for card in plain])
    shaped = [(item, blind.shaped(title, text)) for item, (title, text, _) in texts.items()]
    return [each for each in shaped if each[1]]


def unblind(store: Store, wanted: Settings, session: str = "") -> Opened | None:
    """End the blind test: its envelopes are opened, what was decided on copies moves to the items themselves.

    None where no test runs. The report is kept with the event, so later decisions do not change it.
    """
    if not wanted.test:
        return None
    with store.db.write():
        found = blind.rows(generated.shown(store.db, wanted.test))
        report = Opened(tuple(found), sum(row.shown for row in found), wanted.test_at)
        moved = _opened(store, session)
        told = Event("voice", value={"what": "unblind", "key": wanted.test, "value": report.facts()}, session=session)
        store.events.append([*moved, told])
    return report


def settle(store: Store, session: str = "") -> bool:
    """Open what a blind test left that ended otherwise than here: its beginning was undone, or another machine opened
    it. The items that it held back were free from then on; what was decided on their copies moves to them now, and its
    drafts are marked. False: there is nothing left.
    """
    if generated.held(store.db)[0] is None:
        return False
    with store.db.write():
        test, _ = generated.held(store.db)
        running = generated.read(store.db).test
        if test is None or (running and test in ("", running)):
            return False
        store.events.append(_opened(store, session, running))
    return True


def _opened(store: Store, session: str, but: str = "") -> list[Event]:
    """Open every envelope, `but` those of one test; the events that are left to be appended. Nothing is held then."""
    drafts = store.drafts.list("feed", limit=1 << 30)
    sealed = [draft for draft in drafts if draft.facts.get("sealed") and draft.facts.get("blind") != (but or None)]
    generated.hold(store.db, "", ())
    return [event for draft in sealed for event in _open(store, draft, session)]


def _open(store: Store, draft: Draft, session: str) -> list[Event]:
    """Write down what an envelope held; the events that move the decisions on a copy to its item."""
    inside = blind.unseal(draft.facts.get("sealed"))
    arm, original = str(inside.get("arm", "")), inside.get("original")
    facts = inside.get("facts")
    more = {**(facts if isinstance(facts, dict) else {}), "original": original}
    more = {name: value for name, value in more.items() if value is not None}
    store.drafts.state(draft.id, "dropped" if arm == REAL else None, sealed=None, **more)
    with store.db.write():
        store.db.run(
            "UPDATE drafts SET arm = ?, model = ?, topic = coalesce(facts ->> 'topic', '') WHERE id = ?",
            (arm, str(inside.get("model", "")), draft.id),
        )
    return _moved(store, draft.item_id, original, session) if isinstance(original, int) and draft.item_id else []


def _moved(store: Store, copy: int, original: int, session: str) -> list[Event]:
    """The same decisions on the item itself, and none on its copy: the model learns each of them once."""
    found: list[Event] = []
    for event in store.events.of_item(copy):
        if event.kind in _MOVED:
            value = {**event.value, "blind": True}
            found.append(replace(event, id=uuid.uuid4().hex, item_id=original, value=value, clock=0.0))
        found.append(Event("undo", copy, session=session, undoes=event.id))
    return found


def reports(store: Store) -> list[tuple[float, dict[str, Any]]]:
    """(when it was opened, its report) of every blind test that is over, the latest first."""
    found = []
    for event in reversed(generated.said(store.db)):
        value = event.value.get("value")
        if event.value.get("what") == "unblind" and isinstance(value, dict):
            found.append((event.at, value))
    return found


def rows_of(report: dict[str, Any]) -> list[blind.Row]:
    """The rows that a report holds; what is none of them is left out."""
    found = []
    arms: Sequence[Any] = report.get("arms") or ()
    for each in arms:
        try:
            found.append(blind.Row(**each))
        except TypeError:
            continue
    return found
