"""Drafts that stand in the feed: what waits, how their cards read, what came of them, what a blind test holds back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.app.generating import DRAFT, FEED_KINDS, MARKED, MASKED, REAL, Settings, settings
from penchant.app.generating_blind import Shown, unseal
from penchant.app.types import Card, Event

from .held import HELD

if TYPE_CHECKING:
    from .connection import Database

_KINDS = json.dumps(FEED_KINDS)
_FEED = "d.kind IN (SELECT value FROM json_each(?))"


def read(db: Database) -> Settings:
    """How the reader has it now."""
    return settings(said(db))


def said(db: Database) -> list[Event]:
    """Live "voice" events in their order; the index that answers wants its condition word for word."""
    rows = db.rows(
        "SELECT id, value, at FROM events e WHERE kind IN ('duel', 'voice', 'draft') AND kind = 'voice' AND NOT EXISTS"
        " (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo') ORDER BY clock, id"
    )
    return [Event("voice", value=json.loads(value), id=name, at=at) for name, value, at in rows]


def pool(db: Database, wanted: Settings) -> list[list[int]]:
    """Items that wait to be shown, in their order: single ones; in a blind test each pair of it, of which one may have
    been shown already.
    """
    if not wanted.on:
        return []
    carriers = [arm.name for arm in wanted.arms]
    rows = db.rows(
        "SELECT d.item_id, d.facts ->> 'blind', d.facts ->> 'pair', d.arm, d.facts ->> 'sealed' IS NOT NULL,"
        " EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = d.item_id)"
        f" FROM drafts d WHERE {_FEED} AND d.state = 'offered' AND d.item_id IS NOT NULL ORDER BY d.made_at, d.item_id",
        (_KINDS,),
    )
    if not wanted.test:
        return [[item] for item, _, _, arm, sealed, seen in rows if not (sealed or seen) and arm in carriers]
    pairs: dict[str, list[int]] = {}
    for item, test, pair, _, _, seen in rows:
        if test == wanted.test and pair:
            waiting = pairs.setdefault(pair, [])
            waiting += [] if seen else [item]
    return [sorted(members) for members in pairs.values() if members]


def made(db: Database, wanted: Settings) -> dict[str, int]:
    """Arm -> how many drafts of it there are, of the test that runs or of all marked ones."""
    found: dict[str, int] = {}
    rows = db.rows(f"SELECT d.arm, d.facts ->> 'blind', d.facts ->> 'sealed' FROM drafts d WHERE {_FEED}", (_KINDS,))
    for arm, test, sealed in rows:
        if (test == wanted.test) if wanted.test else not sealed:
            name = str(unseal(sealed).get("arm", "")) if sealed else arm
            found[name] = found.get(name, 0) + 1
    return found


def dressed(db: Database, cards: Sequence[Card]) -> list[Card]:
    """The cards as they may be read: generated ones are marked; those of a blind test say nothing but that."""
    ids = [card.item_id for card in cards if card.kind == DRAFT]
    if not ids:
        return list(cards)
    rows = db.rows(
        "SELECT d.item_id, d.kind, d.arm, d.model, d.facts ->> 'probability', d.facts ->> 'sealed' IS NOT NULL"
        " FROM drafts d WHERE d.item_id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    known = {row[0]: row[1:] for row in rows}
    return [_dressed(card, *known[card.item_id]) if card.item_id in known else card for card in cards]


def _dressed(card: Card, kind: str, arm: str, model: str, probability: object, sealed: int) -> Card:
    if sealed:
        return replace(
            card, source=MASKED, author="", author_key="", published=None, first_seen=0.0, points=None, comments=None,
            people=0, probability=None, url="", also_in=0, note="", more=0,
        )  # fmt: skip
    if kind not in FEED_KINDS:
        return card
    number = float(probability) if isinstance(probability, int | float) else None
    who = "a real item, shown in a blind test" if arm == REAL else " · ".join(part for part in (arm, model) if part)
    return replace(card, source=MARKED, author=who, probability=number)


def masked(db: Database, item_id: int) -> bool:
    """Whether an item is of a blind test that is not over: nothing may be told of it."""
    return bool(db.value("SELECT facts ->> 'sealed' IS NOT NULL FROM drafts WHERE item_id = ?", (item_id,)))


def shown(db: Database, test: str | None = None) -> list[Shown]:
    """What became of the drafts that were on screen: of one blind test, or (None) of those that never were in one."""
    rows = db.rows(
        "SELECT d.arm, d.facts ->> 'blind', d.facts ->> 'sealed', s.liked OR s.saved, s.skipped, s.opened"
        f" FROM drafts d JOIN item_state s ON s.item_id = d.item_id WHERE {_FEED} ORDER BY d.made_at, d.item_id",
        (_KINDS,),
    )
    found = []
    for arm, of, sealed, liked, skipped, opened in rows:
        if of == test:
            name = str(unseal(sealed).get("arm", "")) if sealed else arm
            found.append(Shown(name, bool(liked), bool(skipped), bool(opened)))
    return found


def hold(db: Database, test: str, items: Iterable[int]) -> None:
    """Keep these out of every list until this blind test is over; replaces those held before. None: nothing is held."""
    kept = sorted(set(items))
    with db.write():
        if kept:
            said = json.dumps({"test": test, "items": kept})
            db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (HELD, said))
        else:
            db.run("DELETE FROM settings WHERE key = ?", (HELD,))


def held(db: Database) -> tuple[str | None, set[int]]:
    """(the blind test that holds them back, the items); (None, empty) where nothing is. "": an older version did."""
    text = db.value("SELECT value FROM settings WHERE key = ?", (HELD,))
    found = json.loads(text) if isinstance(text, str) else None
    if isinstance(found, dict):
        return str(found.get("test") or ""), {int(item) for item in found.get("items") or ()}
    return (None, set()) if not found else ("", {int(item) for item in found})
