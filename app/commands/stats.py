"""`penchant stats`: what you read, like and skip, as numbers and plots."""

from __future__ import annotations

import argparse
import shutil
import time
from typing import TYPE_CHECKING, Any

from .context import Context
from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.memory.numbers import Numbers, Tally

#: Weeks looked back at: as many as anybody asks for.
WEEKS, MOST = 12, 520


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weeks", type=weeks, default=WEEKS, metavar="N", help=f"how far back (default: {WEEKS})")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def weeks(text: str) -> int:
    """A number of weeks, for argparse."""
    number = int(text)
    if not 1 <= number <= MOST:
        raise ValueError
    return number


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.memory import plots
    from penchant.app.store.memory import numbers

    found = numbers(context.store, time.time(), args.weeks)
    if args.json:
        say(dumps(facts(found)))
        return None
    say(f"{args.weeks} weeks: {found.words}")
    if not found.whole.seen:
        note("It counts what you see and open in the feed, from the first day on.")
    else:
        say()
        for line in plots.of_numbers(found, shutil.get_terminal_size().columns - 1):
            say(plain(line))
        table(list(HEADINGS), rows(found), flexible=0)
    if found.afar:
        note(f"{found.afar:,} likes and readings came from elsewhere (exports, other readers) and are not counted.")
    return None


HEADINGS = ("SOURCE", "SEEN", "READ", "LIKED", "SKIPPED", "LIKED %", "95 %", "READING")


def rows(found: Numbers, most: int = 200) -> list[list[str]]:
    """A line for each source."""
    from penchant.app.memory.deeds import minutes

    out = []
    for name, each in found.sources[:most]:
        rate, low, high = each.rate
        numbers = [str(each.seen), str(each.opened), str(each.liked), str(each.skipped)]
        out.append([name, *numbers, f"{100 * rate:.0f}", f"{100 * low:.0f}-{100 * high:.0f}", minutes(each.seconds)])
    return out


def facts(found: Numbers) -> dict[str, Any]:
    """The numbers as JSON."""
    return {
        "whole": _tally(found.whole), "elsewhere": found.afar,
        "weeks": [{"week": monday.isoformat(), **_tally(each)} for monday, each in found.weeks],
        "hours": [{"hour": n, "opened": opened, "seconds": round(s)} for n, (opened, s) in enumerate(found.hours)],
        "sources": [{"source": name, **_tally(each)} for name, each in found.sources],
    }  # fmt: skip


def _tally(of: Tally) -> dict[str, Any]:
    rate, low, high = of.rate
    return {
        "seen": of.seen, "opened": of.opened, "liked": of.liked, "skipped": of.skipped, "seconds": round(of.seconds),
        "rate": round(rate, 4), "low": round(low, 4), "high": round(high, 4),
    }  # fmt: skip
