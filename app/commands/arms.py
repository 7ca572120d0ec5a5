"""`penchant arms`: generated items in the feed, by which arms, marked or in a blind test."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.generating_blind import Row

DOES = ("list", "share", "add", "remove", "blind", "unblind", "report")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "An arm is a carrier of what is known of you (none, summary, history, vector ...), with a model of its own"
        " where you like (vector@FILE, history@http://127.0.0.1:8080/v1), or image. In the feed, `B` does the same."
    )
    parser.add_argument(
        "do", nargs="?", choices=DOES, default="list",
        help="list: how it stands; share N: how much of For you is generated (0: off); add, remove: arms; blind: begin"
        " a blind test; unblind: end it and see what was what; report: blind tests that are over",
    )  # fmt: skip
    parser.add_argument("value", nargs="*", metavar="VALUE", help="a share from 0 to 0.5, or arms")
    parser.add_argument("--json", action="store_true", help="JSON (list: one object; report: one object a line)")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.generating_keep import settle

    settle(context.store)
    {
        "list": _list, "share": _share, "add": _arms, "remove": _arms, "blind": _blind, "unblind": _unblind,
        "report": _report,
    }[args.do](args, context)  # fmt: skip
    return None


def _list(args: argparse.Namespace, context: Context) -> None:
    from penchant.app import generating_status as status

    found = status.standing(context.store)
    if args.json:
        say(dumps(status.facts(found)))
        return
    for line in (status.headline(found), *status.lately(found)):
        say(plain(line))
    _rows(found.marked)
    if not found.settings.share:
        note("`penchant arms share 0.1` makes one item in ten of For you a generated one, marked as such.")


def _rows(found: tuple[Row, ...]) -> None:
    from penchant.app import generating_status as status

    if found:
        table(status.HEADINGS, status.told(found), flexible=0)


def _share(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.generating import share_event

    if len(args.value) != 1:
        raise UsageError("share: how much?", hint="penchant arms share 0.1, or 10%; 0 switches it off")
    text = args.value[0].strip()
    try:
        share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        raise UsageError(f"{plain(text, 40)!r} is no share", hint="A number from 0 to 0.5, or percents: 10%") from None
    context.store.events.append([share_event(share, view="cli")])
    _list(args, context)


def _arms(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.generating import IMAGE, Arm, arm_event
    from penchant.app.store import generated

    if not args.value:
        raise UsageError(f"{args.do}: which arm?", hint=f"penchant arms {args.do} vector")
    wanted = generated.read(context.store.db)
    now = {arm.name for arm in wanted.arms}
    events = []
    for name in args.value:
        arm = Arm.of(name)
        if args.do == "add" and arm.carrier != IMAGE:
            known_carrier(arm.carrier)
        if (arm.name in now) is not (args.do == "add"):
            events.append(arm_event(arm.name, args.do == "add", view="cli"))
    context.store.events.append(events)
    if wanted.test and events:
        note("The blind test goes on; what was made already stays in it.")
    _list(args, context)


def known_carrier(name: str) -> None:
    """Raises `UsageError` for a carrier that there is not."""
    from penchant.app.voice import carriers

    known = tuple(getattr(carriers, "ALL", ()))
    if known and name not in (*known, "none"):
        raise UsageError(f"there is no carrier {plain(name, 40)}", hint=f"There are: {', '.join(known)}.")


def _blind(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.generating import blind_event
    from penchant.app.store import generated

    wanted = generated.read(context.store.db)
    if wanted.test:
        raise PenchantError("a blind test runs already", hint="`penchant arms unblind` ends it.")
    if not wanted.share:
        raise PenchantError(
            "generated items are switched off, so there is nothing to test", hint="First: penchant arms share 0.1"
        )
    context.store.events.append([blind_event(view="cli")])
    _list(args, context)


def _unblind(args: argparse.Namespace, context: Context) -> None:
    from penchant.app import generating_status as status
    from penchant.app.generating_keep import unblind
    from penchant.app.store import generated

    found = unblind(context.store, generated.read(context.store.db))
    if found is None:
        raise PenchantError("no blind test runs", hint="`penchant arms blind` begins one.")
    if args.json:
        say(dumps({"shown": found.shown, **found.facts()}))
        return
    say(status.verdict(found.rows))
    _rows(found.rows)


def _report(args: argparse.Namespace, context: Context) -> None:
    from penchant.app import generating_status as status

    found = status.standing(context.store)
    for at, rows in found.past:
        if args.json:
            say(dumps({"at": at, "arms": [row._asdict() for row in rows]}))
            continue
        say(f"{time.strftime('%d %B %Y, %H:%M', time.localtime(at))}: {status.verdict(rows)}")
        _rows(rows)
    if found.settings.test:
        note("A test runs; its arms are told by `penchant arms unblind`, which ends it.")
    elif not found.past and not args.json:
        note("No blind test is over yet. `penchant arms blind` begins one.")
