"""`penchant like|skip|save|later ID...`: the keys of the feed, from the shell."""

from __future__ import annotations

import argparse

from penchant.app.types import Event

from .context import Context
from .output import plain, say

_DONE = {"like": "liked", "skip": "skipped", "save": "saved", "later": "for later"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="+", help="number of an item, or the beginning of its uid")


def run(args: argparse.Namespace, context: Context) -> int | None:
    ids = [context.item(text) for text in args.id]
    cards = {card.item_id: card for card in context.store.items.cards(ids)}
    head = context.store.scores.head()
    events = [
        Event(
            args.command,
            item_id,
            view="cli",
            shown_score=cards[item_id].probability if item_id in cards else None,
            head_version=head.version if head else None,
        )
        for item_id in ids
    ]
    context.store.events.append(events)
    for item_id in ids:
        title = cards[item_id].title or cards[item_id].excerpt if item_id in cards else ""
        say(f"{_DONE[args.command]}  {item_id}  {plain(title, 100)}")
    return None
