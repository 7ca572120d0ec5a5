"""`penchant sources`: what is followed and how it is doing."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from .context import Context
from .output import age, dumps, plain, say, table

if TYPE_CHECKING:
    from penchant.app.types import Subscription


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--pause", metavar="SOURCE", help="stop fetching a source for now")
    change.add_argument("--resume", metavar="SOURCE", help="fetch a paused source again")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.pause or args.resume:
        source = context.source(args.pause or args.resume)
        context.store.subscriptions.pause(source.id, bool(args.pause))
        say(f"{'paused' if args.pause else 'resumed'} {plain(source.title or source.address)}")
        return None
    known = context.store.subscriptions.all()
    if args.json:
        for source in known:
            say(dumps(_facts(source)))
    elif not known:
        say("You follow nothing yet. `penchant add sample` is a start without any network.")
    else:
        rows = [
            [
                str(s.id), s.title or s.address, s.kind, str(s.items), age(s.last_success), _due(s), health(s)
            ]
            for s in known
        ]  # fmt: skip
        table(["ID", "SOURCE", "KIND", "ITEMS", "OK", "NEXT", "HEALTH"], rows, flexible=6)
    return None


def health(source: Subscription) -> str:
    """One line for a person: paused, what went wrong and what it means, or that all is well."""
    parts = ["paused"] if source.paused else []
    if source.error:
        times = f" ({source.failures} times in a row)" if source.failures > 1 else ""
        parts.append(f"{source.error}{times} {source.hint}".strip())
    if parts:
        return "; ".join(parts)
    return (f"ok; {source.note}" if source.note else "ok") if source.last_success else "not fetched yet"


def _due(source: Subscription) -> str:
    if source.paused or source.kind == "export":
        return ""
    if source.state != "idle":
        return "now"
    seconds = source.next_due - time.time()
    return age(then=0, now=seconds) if seconds > 60 else "now"


def _facts(source: Subscription) -> dict[str, Any]:
    return {
        "id": source.id,
        "kind": source.kind,
        "address": source.address,
        "title": source.title,
        "folder": list(source.folder),
        "paused": source.paused,
        "items": source.items,
        "state": source.state,
        "last_attempt": source.last_attempt,
        "last_success": source.last_success,
        "next_due": source.next_due,
        "interval": source.interval,
        "failures": source.failures,
        "error": source.error,
        "hint": source.hint,
        "note": source.note,
    }
