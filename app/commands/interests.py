"""`penchant interests [list|rename|fit]`: what you read about, found in what you liked."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .context import Context
from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.store.interests import Interest

#: Titles shown of each.
EXAMPLES = 3


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    rename = actions.add_parser("rename", help="give one a name of your own")
    rename.add_argument("key", help="as `penchant interests` shows it, or its name")
    rename.add_argument("name", help='the new name; "" brings back penchant\'s own')
    actions.add_parser("fit", help="find them anew now; the worker does so by itself after some more likes")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.action == "rename":
        _rename(context, args.key, args.name)
    else:
        if args.action == "fit":
            from penchant.app.interests import refit

            refit(context.store)
        _list(context, args.json)
    return None


def one(store: Store, text: str) -> Interest:
    """The interest that a key, its beginning or a name means. Raises `PenchantError`."""
    from penchant.app.store.interests import found

    matches = found(store.interests.all(), text)
    if len(matches) == 1:
        return matches[0]
    what = "no interest is" if not matches else "several interests are"
    raise PenchantError(f"{what} called {plain(text, 60)!r}", hint="`penchant interests` shows their keys and names.")


def _rename(context: Context, key: str, name: str) -> None:
    from penchant.app.store.interests import named

    interest = one(context.store, key)
    event = named(interest.key, plain(name))
    context.store.events.append([event])
    given = str(event.value["name"])
    say(f"{plain(interest.title)} is called {given} now" if given else f"{plain(interest.title)}: its own name again")


def _list(context: Context, as_json: bool) -> None:
    from penchant.app.standing import interests

    dials = context.store.events.dials()
    rows = interests(context.store, EXAMPLES)
    if as_json:
        for each in rows:
            say(dumps({
                "key": each.key, "name": each.title, "words": each.words, "size": each.size, "liked": each.liked,
                "judged": each.judged, "dial": dials.get(("interest", each.key), 1.0), "examples": each.examples,
            }))  # fmt: skip
        return
    if not rows:
        note("No interests yet: they are found in what you like and save, from half a dozen items on.")
        note("A worker looks for them by itself; `penchant interests fit` does so now.")
        return
    table(
        ["KEY", "NAME", "ITEMS", "LIKED", "DIAL", "SUCH AS"],
        [
            [
                each.key, each.title, str(each.size), f"{each.liked}/{each.judged}" if each.judged else "-",
                f"x{dials.get(('interest', each.key), 1.0):g}", "; ".join(each.examples),
            ]
            for each in rows
        ],
        flexible=5,
    )  # fmt: skip
