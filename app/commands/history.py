"""`penchant history`: what you saw, read, liked and kept, by day."""

from __future__ import annotations

import argparse
import time
from datetime import date
from typing import TYPE_CHECKING, Any

from penchant.app.errors import UsageError

from .context import Context
from .list_items import positive
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.memory.history import Day


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "QUERY: words of what you remember, with the filters of `penchant search`, or a question:\n"
        '"when did I read about owls", "what did I like last week", "linux in May 2025", "owls since 2w".'
    )
    parser.add_argument("query", nargs="*", metavar="QUERY", help="what you remember of it")
    parser.add_argument("--day", default="", metavar="D", help="one day, month or year: 2026-11-23, 2026-11, yesterday")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--opened", dest="only", action="store_const", const="opened", help="only what you opened")
    only.add_argument("--liked", dest="only", action="store_const", const="liked", help="only what you liked")
    only.add_argument("--saved", dest="only", action="store_const", const="saved", help="only what you kept")
    only.add_argument("--on-this-day", action="store_true", help="this date in earlier years (and months)")
    parser.set_defaults(only="")
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="about how many (default: 50)")
    parser.add_argument("--before", type=date.fromisoformat, metavar="D", help="go on before this day: 2026-11-23")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.memory.deeds import local, start_of
    from penchant.app.store import memory

    now = time.time()
    older = None
    if args.on_this_day:
        found = memory.on_this_day(context.store, local(now).date())
    else:
        before = start_of(args.before) if args.before else None
        want = _want(" ".join(args.query), args.day.lower(), args.only, now)
        found, older = memory.history(context.store, want, before=before, limit=args.limit)
    titles = memory.titles(context.store, (visit.item_id for day in found for visit in day.visits))
    for line in _json(found, titles) if args.json else lines(found, titles, local(now).date()):
        say(line)
    if not found:
        note(_nothing(context, args))
    elif older is not None:
        note(f"Older: --before {local(older).date().isoformat()}")
    return None


def _want(text: str, day: str, only: str, now: float) -> Any:
    from dataclasses import replace

    from penchant.app.memory.asking import wanted
    from penchant.app.store.when import period

    want = wanted(text, now, only)
    if not day:
        return want
    span = period(day, now)
    if span is None:
        raise UsageError(f"{day} is no day", hint="Such as 2026-11-23, 2026-11, 2026, today, yesterday, 7d.")
    return replace(want, start=span[0], end=span[1])


def lines(found: list[Day], titles: dict[int, tuple[str, str, str]], today: date) -> list[str]:
    """The history as lines for a terminal."""
    from penchant.app.memory.deeds import minutes

    out: list[str] = []
    for day in found:
        out += [*([""] if out else []), plain(day.title(today))]
        for visit in day.visits:
            title, source, _ = titles.get(visit.item_id, ("(no longer in the archive)", "", ""))
            long = minutes(visit.seconds)
            about = " · ".join(part for part in (visit.words, long, source) if part)
            out.append(f"  {visit.clock}  {visit.item_id:>6}  {plain(title, 100)}  ({plain(about)})")
    return out


def _json(found: list[Day], titles: dict[int, tuple[str, str, str]]) -> list[str]:
    out = []
    for day in found:
        for visit in day.visits:
            title, source, url = titles.get(visit.item_id, ("", "", ""))
            out.append(dumps({
                "date": day.on.isoformat(), "time": visit.clock, "at": visit.at, "id": visit.item_id, "title": title,
                "source": source, "url": url, "done": list(visit.done), "seconds": round(visit.seconds, 1),
                "elsewhere": visit.afar, "ago": day.name.rstrip(": "),
            }))  # fmt: skip
    return out


def _nothing(context: Context, args: argparse.Namespace) -> str:
    from penchant.app.store import memory

    if memory.first_event(context.store) is None:
        return "There is no history yet: it begins with what you see and open in the feed."
    if args.on_this_day:
        return "Nothing was read, liked or saved on this date in an earlier year or month."
    return "Nothing in your history fits."
