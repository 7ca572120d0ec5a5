"""`penchant duel`: which of two texts is funnier to you; how well that is foretold; packs of jokes and captions."""

from __future__ import annotations

import argparse
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError
from penchant.app.types import Event

from .context import Context
from .list_items import positive
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.duels.ring import Pair
    from penchant.app.ranking import RankSession

#: Cells of the curve.
WIDTH = 60


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "  penchant duel                 compare: answer 1 or 2, n for neither, u to take one back, q to end\n"
        "  penchant duel stats           how well your answers are foretold\n"
        "  penchant duel add FILE        bring jokes or captions (text, JSON Lines, CSV)\n"
        "  penchant duel 12 34           say that item 12 is funnier than item 34"
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="play, stats, add FILE, or two items")
    parser.add_argument(
        "--of", choices=("jokes", "captions", "posts"), default="jokes", help="what to compare (default: jokes)"
    )
    parser.add_argument("--count", type=positive, default=1_000, metavar="N", help="end after N duels")
    parser.add_argument("--name", default="", help="add: what the pack is called (default: the file's name)")
    parser.add_argument("--json", action="store_true", help="stats, add: one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    first, *rest = args.words or (["play"] if sys.stdin.isatty() else ["stats"])
    if first == "play" and not rest:
        _play(args, context)
    elif first == "stats" and not rest:
        _stats(args, context)
    elif first == "add" and len(rest) == 1:
        _add(Path(rest[0]).expanduser(), args, context)
    elif len(rest) == 1:
        _said(context, context.item(first), context.item(rest[0]))
    else:
        raise UsageError(f"`penchant duel {plain(' '.join(args.words), 60)}` says nothing that is known",
                         hint="play, stats, add FILE, or the numbers of two items.")  # fmt: skip
    return None


def _add(path: Path, args: argparse.Namespace, context: Context) -> None:
    from penchant.app.duels import packs

    name = re.sub(r"[^\w.-]+", "-", args.name or path.stem)[:40].strip("-") or "pack"
    found = packs.read(path)
    new, source = packs.put(context.store, name, found)
    captions = sum(bool(joke.about) for joke in found)
    if args.json:
        say(dumps({"pack": name, "source": source, "texts": len(found), "captions": captions, "new": new}))
        return
    say(f"{plain(name)}: {len(found)} texts ({captions} captions), {new} new; J compares them in the feed")


def _stats(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.duels.curve import SPAN, curve, spark

    found = curve(context.store.events.of_kind("duel"))
    low, high = found.interval
    if args.json:
        say(dumps({"duels": len(found.said), "foretold": found.share, "lately": found.hits[-1] if found.hits else None,
                   "interval": [round(low, 3), round(high, 3)], "log_loss": found.loss,
                   "curve": [round(each, 3) for each in found.hits]}))  # fmt: skip
        return
    if found.share is None or found.loss is None:
        say("No duels yet: J in the feed, or `penchant duel play`.")
        return
    say(f"duels: {len(found.said)}, foretold {found.share:.0%}")
    say(f"the last {min(SPAN, len(found.said))}: {found.hits[-1]:.0%} (95 %: {low:.0%} to {high:.0%}), "
        f"log loss {found.loss:.2f} (a coin: 0.69)")  # fmt: skip
    say(f"curve: {spark(found.hits, WIDTH)}")


def _said(context: Context, chosen: int, other: int) -> None:
    if chosen == other:
        raise UsageError("an item cannot be funnier than itself", hint="Name two items.")
    context.store.events.append([_event(chosen, other, None)])
    say(f"{chosen} is funnier than {other}; `penchant undo` takes it back")


def _event(chosen: int, other: int, chance: float | None, pool: str = "cli") -> Event:
    return Event("duel", chosen, {"chosen": chosen, "other": other}, f"duel:{pool}", shown_score=chance)


def _play(args: argparse.Namespace, context: Context) -> None:
    """Asks line by line; every answer is stored before the next question."""
    from penchant.app.duels import packs
    from penchant.app.ranking import RankSession

    packs.ensure(context.store)
    session = RankSession(context.paths.archive)
    session.load()
    try:
        made = _rounds(args, context, session)
    finally:
        session.close()
    note(f"{made} duels; `penchant duel stats` shows how well they were foretold")


def _rounds(args: argparse.Namespace, context: Context, session: RankSession) -> int:
    from penchant.app.duels.ring import pick

    asked = _pairs(context.store.events.of_kind("duel"))
    own: list[Event] = []
    seed = random.getrandbits(31)
    while len(own) < args.count:
        pair = pick(session, args.of, asked, seed)
        if pair is None:
            raise PenchantError(
                f"there are no two {args.of} left to compare",
                hint="`penchant duel add FILE` brings more, --of posts compares short posts of your feed.",
            )
        answer = _answer(pair)
        if answer == "q":
            break
        asked.add((min(pair.first, pair.second), max(pair.first, pair.second)))
        if answer == "u":
            if own:
                _retract(context, session, own.pop())
            continue
        if answer in "12":
            side = int(answer) - 1
            ids = pair.first, pair.second
            event = _event(ids[side], ids[1 - side], pair.chance if side == 0 else 1.0 - pair.chance, args.of)
            context.store.events.append([event])
            session.learn(event)
            own.append(event)
            note(f"it gave your choice {event.shown_score:.0%}")
    return len(own)


def _answer(pair: Pair) -> str:
    """One of 1, 2, n, u, q; the end of the input is q."""
    say()
    if pair.about:
        say(f"[{plain(pair.about)}]")
    for number, text in enumerate(pair.texts, 1):
        say(f"{number}) " + "\n   ".join(plain(line) for line in text.splitlines() if line.strip()))
    while True:
        sys.stdout.write("funnier (1, 2, n, u, q): ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        answer = line.strip().lower()[:1]
        if not line or answer == "q":
            say()
            return "q"
        if answer and answer in "12nu":
            return answer


def _retract(context: Context, session: RankSession, event: Event) -> None:
    context.store.events.append([Event("undo", event.item_id, view=event.view, undoes=event.id)])
    session.undo(event.id)
    note("the last duel is taken back")


def _pairs(events: list[Event]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for event in events:
        other: Any = event.value.get("other")
        if event.item_id is not None and isinstance(other, int):
            found.add((min(event.item_id, other), max(event.item_id, other)))
    return found
