"""`penchant mute [add|list|remove]`: what stays out of For you, and until when."""

from __future__ import annotations

import argparse
import contextlib
import time
from typing import Any

from penchant.app import muting
from penchant.app.errors import PenchantError
from penchant.app.muting import TARGETS, Mute
from penchant.app.types import Event, MuteTarget, View

from .context import Context
from .output import dumps, plain, say, table


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listed = actions.add_parser("list", help="what is muted and until when (also without an action)")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    add = actions.add_parser("add", help="mute an author, source, domain, word, phrase or language")
    add.add_argument("what", choices=TARGETS)
    add.add_argument("key", nargs="+", help="its name, address, words or code")
    add.add_argument("--for", dest="lasting", default="forever", metavar="TIME", help="12h, 1d, 2w, 3m, 1y, forever")
    remove = actions.add_parser("remove", help="no longer mute something")
    remove.add_argument("name", nargs="+", metavar="NUMBER | WHAT KEY", help="as `penchant mute list` shows it")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.action == "add":
        _add(context, args.what, " ".join(args.key), args.lasting)
    elif args.action == "remove":
        _remove(context, args.name)
    else:
        _list(context, getattr(args, "json", False))
    return None


def _add(context: Context, what: MuteTarget, typed: str, lasting: str) -> None:
    try:
        seconds = muting.lasting(lasting)
        key, name = _named(context, what, muting.key_of(what, typed))
    except ValueError as error:
        raise PenchantError(plain(str(error)), hint="`penchant mute add --help` shows what can be muted.") from error
    store, now = context.store, time.time()
    before = store.items.count(View.FOR_YOU, now=now)
    until = None if seconds is None else now + seconds
    store.events.append([Event("mute", value=muting.value_of(what, key, name, until), view="cli", at=now)])
    gone = before - store.items.count(View.FOR_YOU, now=now)
    how_long = muting.left(until, now).removesuffix(" left")
    say(f"muted {what} {plain(name)}, {how_long}: {gone:,} item{'' if gone == 1 else 's'} gone from For you")


def _named(context: Context, what: MuteTarget, key: str) -> tuple[str, str]:
    """(key, name) of a source or author that was named in one of several ways."""
    if what == "source":
        source = context.source(key)
        return f"{source.kind}:{source.address}", source.title or source.address
    if what != "author":
        return key, key
    found = context.store.items.authors(key)
    if not found:
        raise PenchantError(
            f"nobody in the archive is called {plain(key)!r}",
            hint="Give a name or handle as a list shows it; `penchant search author:NAME` finds it.",
        )
    if len(found) > 1:
        several = ", ".join(f"{plain(name)} = {plain(key)}" for key, name in found)
        raise PenchantError(f"several people are called {plain(key)!r}: {several}", hint="Give the part after =.")
    return found[0]


def _spellings(context: Context, what: str, typed: str) -> set[str]:
    """What was typed, and what `add` makes of it."""
    keys = {typed.casefold()}
    if what in TARGETS:
        with contextlib.suppress(ValueError, PenchantError):
            keys |= {key.casefold() for key in _named(context, what, muting.key_of(what, typed))}
    return keys


def _list(context: Context, as_json: bool) -> None:
    now = time.time()
    held = [mute for mute in muting.mutes_of(context.store.events.mutes()) if mute.holds(now)]
    if as_json:
        for mute in held:
            say(dumps(_facts(mute)))
    elif not held:
        say("Nothing is muted.")
    else:
        rows = [[str(n), m.what, m.name, muting.left(m.until, now), m.key] for n, m in enumerate(held, 1)]
        table(["NO", "WHAT", "NAME", "LEFT", "KEY"], rows, flexible=4)


def _facts(mute: Mute) -> dict[str, Any]:
    return {"what": mute.what, "key": mute.key, "name": mute.name, "until": mute.until, "at": mute.at}


def _remove(context: Context, named: list[str]) -> None:
    mutes = muting.mutes_of(context.store.events.mutes())
    held = [mute for mute in mutes if mute.holds(time.time())]
    typed = " ".join(named)
    if typed.isdecimal():
        found = held[int(typed) - 1 : int(typed)] if int(typed) else []
    else:
        keys = _spellings(context, named[0], " ".join(named[1:]))
        found = [m for m in mutes if m.what == named[0] and keys & {m.key.casefold(), m.name.casefold()}]
    if not found:
        raise PenchantError(f"{plain(typed)!r} is not muted", hint="`penchant mute list` shows what is.")
    for mute in found:
        context.store.events.append(
            Event("undo", event.item_id, view="cli", undoes=event.id) for event in mute.events
        )
        say(f"no longer muted: {mute.what} {plain(mute.name)}")
