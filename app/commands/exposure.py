"""`penchant exposure`: what you are not being shown, and why."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING, Any

from .context import Context
from .output import dumps, note, plain, say, table
from .stats import weeks

if TYPE_CHECKING:
    from penchant.app.memory.exposure import Exposure, Row

WEEKS = 8


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weeks", type=weeks, default=WEEKS, metavar="N", help=f"how far back (default: {WEEKS})")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.memory import plots
    from penchant.app.store.exposure import now_report

    found = now_report(context.store, args.weeks)
    if args.json:
        say(dumps(facts(found)))
        return None
    say(found.words)
    if found.came:
        say(found.narrowing)
        say()
        for line in plots.of_exposure(found, shutil.get_terminal_size().columns - 1):
            say(plain(line))
    if found.rows:
        table(["BY", "WHAT", "CAME", "SHOWN", "READ", "LIKED", "OF CAME", "OF SHOWN", "SHOWN %", "WHAT TO DO"],
              [cells(row) for row in found.rows], flexible=9)  # fmt: skip
    if found.cut:
        note(f"More came than is looked at: the newest {found.cut:,}.")
    return None


def cells(row: Row) -> list[str]:
    """A row as cells."""
    low, high = row.interval
    return [
        row.by, row.name, str(row.came), str(row.shown), str(row.opened), str(row.liked), f"{row.share_came:.0%}",
        f"{row.share_shown:.0%}", f"{100 * low:.0f}-{100 * high:.0f}" if row.came else "", row.advice,
    ]  # fmt: skip


def facts(found: Exposure) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "came": found.came, "shown": found.shown, "reasons": dict(found.reasons), "looked_at": found.cut or found.came,
        "narrowing": found.narrowing,
        "weeks": [
            {"week": each.monday.isoformat(), "came": each.items, "shown": each.items_shown,
             "sources_came": round(each.came, 3), "sources_shown": round(each.shown, 3),
             "simpson_came": round(each.simpson_came, 3), "simpson_shown": round(each.simpson_shown, 3),
             "topics_came": round(each.topics_came, 3), "topics_shown": round(each.topics_shown, 3)}
            for each in found.weeks
        ],
        "rows": [
            {"by": row.by, "key": row.key, "name": row.name, "came": row.came, "shown": row.shown, "opened": row.opened,
             "liked": row.liked, "share_came": round(row.share_came, 4), "share_shown": round(row.share_shown, 4),
             "interval": [round(each, 4) for each in row.interval], "verdict": row.verdict,
             "reasons": dict(row.reasons), "failing": row.failing, "advice": row.advice}
            for row in found.rows
        ],
    }  # fmt: skip
