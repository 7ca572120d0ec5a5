"""`penchant collection list|show|add|remove`: the reader's named lists of items."""

from __future__ import annotations

import argparse

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .list_items import show
from .output import age, dumps, note, plain, say, table

DOES = ("list", "show", "add", "remove")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "In the feed, `L` puts an item into a collection. `in:NAME` searches one."
    parser.add_argument("do", nargs="?", choices=DOES, default="list", help="what to do (default: list)")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="the collection; add makes it where needed")
    parser.add_argument("id", nargs="*", metavar="ITEM", help="numbers of items, or beginnings of their uids")
    parser.add_argument("--all", action="store_true", help="remove: every item, and with them the collection")
    parser.add_argument("--json", action="store_true", help="one JSON object a line (list, show)")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.do == "list":
        _list(context, args.json)
    elif not args.name:
        raise UsageError(f"{args.do}: which collection?", hint=f"penchant collection {args.do} NAME")
    elif args.do == "show":
        store = context.store
        show(store.items.cards(store.collections.ids(store.collections.named(args.name))), as_json=args.json)
    elif args.do == "add":
        _change(context, context.store.collections.spelled(args.name), args.id, True)
    else:
        name = context.store.collections.named(args.name)
        if args.all and args.id:
            raise UsageError("either items or --all", hint=f"penchant collection remove '{name}' --all")
        members = [str(item_id) for item_id in context.store.collections.ids(name)] if args.all else args.id
        _change(context, name, members, False)
    return None


def _list(context: Context, as_json: bool) -> None:
    found = context.store.collections.all()
    if as_json:
        for each in found:
            say(dumps(each))
    elif found:
        table(["NAME", "ITEMS", "ADDED"], [[each.name, str(each.size), age(each.at)] for each in found], flexible=0)
    else:
        note("There are no collections yet. `penchant collection add NAME ITEM` makes one; so does L in the feed.")


def _change(context: Context, name: str, words: list[str], inside: bool) -> None:
    """Put items in or take them out: what is so already stays without an event."""
    from penchant.app.store.collections import collect

    if not words:
        raise UsageError("which items?", hint="Numbers as `penchant list` shows them.")
    store = context.store
    ids = list(dict.fromkeys(context.item(word) for word in words))
    members = set(store.collections.ids(name))
    wanted = [item_id for item_id in ids if (item_id in members) is not inside]
    if not inside and not wanted:
        raise PenchantError(f"none of these is in {name}", hint=f"`penchant collection show '{name}'` lists it.")
    store.events.append([collect(name, item_id, inside, view="cli") for item_id in wanted])
    cards = {card.item_id: card for card in store.items.cards(ids)}
    for item_id in ids:
        done = ("added" if inside else "removed") if item_id in wanted else "was there" if inside else "was not there"
        title = cards[item_id].title or cards[item_id].excerpt if item_id in cards else ""
        say(f"{done}  {item_id}  {plain(title, 100)}")
