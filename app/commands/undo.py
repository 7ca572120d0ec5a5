"""`penchant undo [ID]`: an event that retracts another."""

from __future__ import annotations

import argparse

from penchant.app.errors import PenchantError
from penchant.app.types import UNDOABLE, Event

from .context import Context
from .output import plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", help="an item: take back the last decision about it")


def run(args: argparse.Namespace, context: Context) -> int | None:
    events = context.store.events
    if args.id is None:
        target = events.last_undoable()
    else:
        decisions = [e for e in events.of_item(context.item(args.id)) if e.kind in UNDOABLE]
        target = decisions[-1] if decisions else None
    if target is None:
        raise PenchantError(
            "there is nothing to undo", hint="Only decisions such as like, skip, save, later and mute can be undone."
        )
    events.append([Event("undo", target.item_id, view="cli", undoes=target.id)])
    if target.kind == "voice":
        from penchant.app.generating_keep import settle

        settle(context.store)
    cards = context.store.items.cards([target.item_id]) if target.item_id is not None else []
    title = cards[0].title or cards[0].excerpt if cards else ""
    number = "" if target.item_id is None else str(target.item_id)
    say(f"took back: {target.kind}  {number}  {plain(title, 100)}".rstrip())
    return None
