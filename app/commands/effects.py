"""`penchant effects`: what the ranking and the writing do to you, and one step wider."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING, Any

from .context import Context
from .output import dumps, note, plain, say
from .stats import weeks

if TYPE_CHECKING:
    from penchant.app.effects.shares import Mix
    from penchant.app.effects.values import Effects

WEEKS = 8


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weeks", type=weeks, default=WEEKS, metavar="N", help=f"how far back (default: {WEEKS})")
    parser.add_argument("--widen", action="store_true", help="turn variety or exploration up by a step, then report")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.effects.reading import now_effects
    from penchant.app.effects.told import headline, lines

    found = now_effects(context.store, args.weeks)
    if args.widen:
        found = _widened(found, args.weeks, context)
    if args.json:
        say(dumps(facts(found)))
        return None
    width = shutil.get_terminal_size().columns - 1
    say(headline(found))
    if found.came:
        say()
        for line in lines(found, width, _fit, "--widen", "`penchant undo`"):
            say(plain(line.text))
    if found.cut:
        note(f"More came than is looked at: the newest {found.cut:,}.")
    return None


def _widened(found: Effects, weeks: int, context: Context) -> Effects:
    from penchant.app.effects.reading import now_effects
    from penchant.app.types import Event

    if found.step is None:
        note("Variety and exploration stand at their end already.")
        return found
    context.store.events.append([Event("dial", value=found.step.value)])
    note(f"Turned: {found.step.words}. `penchant undo` takes it back.")
    return now_effects(context.store, weeks)


def _fit(text: str, width: int) -> str:
    """Cut or filled to so many cells of a terminal."""
    from rich.cells import set_cell_size

    return set_cell_size(text, width)


def facts(found: Effects) -> dict[str, Any]:
    """The report as JSON."""
    step, generated = found.step, found.generated
    return {
        "weeks": found.weeks, "came": found.came, "shown": found.shown, "looked_at": found.cut or found.came,
        "sources": _mix(found.sources), "topics": {**_mix(found.topics), "by": "tag" if found.by_tags else "interest"},
        "narrowing": {
            "verdict": found.trend.verdict, "slope": round(found.trend.slope, 5),
            "chance": round(found.trend.chance, 5),
            "weeks": [
                {"week": each.monday.isoformat(), "drawn": each.size, "came": round(each.came, 3),
                 "shown": round(each.shown, 3), "share": round(each.share, 4)} for each in found.varieties
            ],
        },
        "stages": [
            {"name": each.name, "items": each.items,
             "sources": None if each.sources is None else round(each.sources, 3)} for each in found.stages
        ],
        "drawn": found.drawn,
        "ahead": {"places": found.ahead.size, "sources": round(found.ahead.ranked, 3),
                  "sources_newest": round(found.ahead.newest, 3), "in_both": found.ahead.common},
        "generated": {
            "share": round(generated.share, 5), "characters": generated.characters,
            "real_characters": generated.real_characters, "items": generated.shown, "real_items": generated.real_shown,
            "drafts": generated.offered, "written": dict(generated.written), "as_written": generated.asis,
            "until": generated.until,
            "weeks": [
                {"week": monday.isoformat(), "generated": some, "items": every}
                for monday, some, every in generated.weeks
            ],
        },
        "dials": dict(found.dials),
        "wider": None if step is None else {"dial": step.key, "from": step.before, "to": step.after},
    }  # fmt: skip


def _mix(mix: Mix) -> dict[str, Any]:
    return {
        "common": round(mix.common, 4), "came": mix.came, "shown": mix.shown,
        "rows": [
            {"key": gap.key, "name": gap.name, "came": gap.came, "shown": gap.shown, "liked": gap.liked,
             "share_came": round(gap.share_came, 4), "share_shown": round(gap.share_shown, 4), "verdict": gap.verdict}
            for gap in mix.gaps
        ],
    }  # fmt: skip
