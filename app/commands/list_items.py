"""`penchant list`: a view of the feed as a table or as JSON."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from penchant.app.types import Card, Marks, View

from .context import Context
from .output import age, dumps, note, say, table

#: Why an item stands where it does.
NOTES = {"explored": "exploring", "people": "around you"}


def configure(parser: argparse.ArgumentParser) -> None:
    views = [v.value for v in View if v is not View.SEARCH]
    parser.add_argument("--view", choices=views, default=None, help="which view (default: the start view)")
    parser.add_argument("--source", default="", help="only this source (with --view following)")
    parser.add_argument("--collection", default="", metavar="NAME", help="the items of a collection instead of a view")
    parser.add_argument("--search", default="", metavar="NAME", help="what a saved search finds")
    parser.add_argument("--limit", type=positive, default=30, metavar="N", help="how many (default: 30)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def positive(text: str) -> int:
    """A number from 1, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def run(args: argparse.Namespace, context: Context) -> int | None:
    store = context.store
    if args.collection:
        name = store.collections.named(args.collection)
        show(store.items.cards(store.collections.ids(name)[: args.limit]), as_json=args.json)
        return None
    if args.search:
        from .searches import show_saved

        show_saved(context, args.search, args.limit, args.json)
        return None
    source = context.source(args.source) if args.source else None
    view = View(args.view or (View.FOLLOWING if source else context.config.start_view))
    ids = store.items.ids(view, subscription_id=source.id if source else None, limit=args.limit)
    cards = store.items.cards(ids)
    show(cards, as_json=args.json, told=view is View.FOR_YOU)
    if not cards:
        note(_why_empty(context, view))
    return None


def show(cards: Sequence[Card], *, as_json: bool, told: bool = False) -> None:
    """Print cards, in the order given; `told`: with how many of its story stand behind each, and why it is there."""
    if as_json:
        for card in cards:
            say(dumps(facts(card)))
    elif cards:
        rows = [
            [
                str(c.item_id), percent(c.probability), age(c.published or c.first_seen or None), marks(c.marks),
                c.source, _with_others(c, told),
            ]
            for c in cards
        ]  # fmt: skip
        table(["ID", "%", "AGE", "MARKS", "SOURCE", "TITLE"], rows, flexible=5)


def _with_others(card: Card, told: bool) -> str:
    title = card.title or card.excerpt
    if not told:
        return title
    more = f"and {card.more} more" if card.more else ""
    notes = ", ".join(part for part in (more, NOTES.get(card.note, "")) if part)
    return f"({notes}) {title}" if notes else title


def percent(probability: float | None) -> str:
    """The probability as a whole number of per cent."""
    return "" if probability is None or math.isnan(probability) else f"{100 * probability:.0f}"


def marks(of: Marks) -> str:
    """liked L, skipped X, saved S, later T, opened O, seen ."""
    letters = [
        (of.liked, "L"), (of.skipped, "X"), (of.saved, "S"), (of.later, "T"), (of.opened, "O"), (of.seen, ".")
    ]  # fmt: skip
    return "".join(letter for is_set, letter in letters if is_set)


def facts(card: Card) -> dict[str, Any]:
    """A card as JSON."""
    return {**asdict(card), "marks": [name for name, is_set in asdict(card.marks).items() if is_set]}


def _why_empty(context: Context, view: View) -> str:
    if not context.store.subscriptions.all():
        return "You follow nothing yet. `penchant add sample` is a start without any network."
    if not context.store.items.count(View.NEWEST):
        return "Nothing was fetched yet: `penchant sync`."
    if view is View.FOR_YOU:
        return "You have seen everything there is. `penchant sync` looks for more; `--view newest` shows all."
    return f"Nothing in the view {view.value}."
