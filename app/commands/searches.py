"""`penchant searches list|add|remove|notify`: the reader's saved searches."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from penchant.app.errors import UsageError

from .context import Context
from .list_items import show
from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.store.saved_searches import SavedSearch

DOES = ("list", "add", "remove", "notify")
USES = {"add": "add NAME QUERY", "remove": "remove NAME", "notify": "notify NAME on|off"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "In the feed, `F` lists them, ctrl+s in a search saves it. `penchant list --search NAME` shows one."
    parser.add_argument("do", nargs="?", choices=DOES, default="list", help="what to do (default: list)")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="the saved search")
    parser.add_argument("words", nargs="*", metavar="QUERY", help="add: what to look for; notify: on or off")
    parser.add_argument("--json", action="store_true", help="one JSON object a line (list)")


def run(args: argparse.Namespace, context: Context) -> int | None:
    words = " ".join(word.strip() for word in args.words)
    if args.do == "list":
        _list(context, args.json)
        return None
    if not args.name or bool(words) is (args.do == "remove"):
        raise UsageError(f"{args.do} needs something else", hint=f"penchant searches {USES[args.do]}")
    if args.do == "add":
        _add(context, args.name, words)
    elif args.do == "remove":
        found = context.store.saved.named(args.name)
        _record(context, found, gone=True)
        say(f"removed  {plain(found.name)}")
    else:
        _notify(context, args.name, words)
    return None


def show_saved(context: Context, name: str, limit: int, as_json: bool) -> None:
    """What a saved search finds; its news are looked at by that."""
    from .search import found

    saved = context.store.saved.named(name)
    result = found(context, saved.query, limit)
    show(context.store.items.cards([hit.item_id for hit in result.hits]), as_json=as_json)
    if result.notice:
        note(plain(result.notice))
    if not result.hits:
        note("Nothing was found.")
    context.store.saved.looked(saved.name)


def _list(context: Context, as_json: bool) -> None:
    found = context.store.saved.all()
    if as_json:
        for each in found:
            say(dumps(asdict(each)))
    elif found:
        rows = [[each.name, str(each.news or ""), "on" if each.notify else "", each.query] for each in found]
        table(["NAME", "NEW", "NOTIFY", "QUERY"], rows, flexible=3)
    else:
        note("There is no saved search yet. `penchant searches add NAME QUERY` makes one, so does ctrl+s in a search.")


def _add(context: Context, name: str, words: str) -> None:
    from penchant.app.store.saved_searches import asked, called, keep

    query = asked(words)
    before = context.store.saved.get(called(name))
    name = before.name if before else called(name)
    notify = before is not None and before.notify
    context.store.events.append([keep(name, query, notify=notify, view="cli")])
    if before is not None and before.query != query:
        context.store.saved.looked(name)
    say(f"{'changed' if before else 'saved'}  {plain(name)}: {plain(query)}")


def _notify(context: Context, name: str, word: str) -> None:
    from penchant.app.store.saved_searches import announces

    if word not in ("on", "off"):
        raise UsageError(f"on or off, not {plain(word, 40)}", hint=f"penchant searches {USES['notify']}")
    found = context.store.saved.named(name)
    if word == "on" and not announces(found.query):
        raise UsageError(
            f"{plain(found.name)} cannot tell what is new",
            hint="`like:` puts every item in an order; add words or a filter.",
        )
    if found.notify is not (word == "on"):
        _record(context, found, notify=word == "on")
    say(f"notify {word}  {plain(found.name)}")


def _record(context: Context, found: SavedSearch, *, notify: bool = False, gone: bool = False) -> None:
    from penchant.app.store.saved_searches import keep

    context.store.events.append([keep(found.name, found.query, notify=notify, gone=gone, view="cli")])
    if gone or not notify:
        context.store.saved.looked(found.name)
