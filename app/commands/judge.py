"""`penchant judge`: how the language model is doing; what it thinks of an item; whether it may make a faster copy."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from .context import Context
from .output import age, dumps, plain, say

if TYPE_CHECKING:
    from penchant.app.judging_status import Status

#: Bytes that a copy of the model in a faster format may take.
ROOM = 2 << 30


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("item", nargs="?", metavar="ITEM", help="what it thinks of this item (number or uid)")
    parser.add_argument(
        "--copy",
        choices=("yes", "no"),
        help="whether the model may lie on the disk a second time, in the format that this processor computes fastest",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.copy:
        _copy(context, args.copy == "yes")
    elif args.item:
        _item(context, context.item(args.item), args.json)
    else:
        _status(context, args.json)
    return None


def _status(context: Context, json: bool) -> None:
    from penchant.app import judging_status
    from penchant.app.lock import is_held
    from penchant.app.models.choice import chosen

    status = judging_status.of(context.store)
    if json:
        say(dumps({**asdict(status or judging_status.Status()), "heard": context.store.opinions.active()}))
        return
    wanted = chosen("judge", context.config.models, context.paths)
    if not wanted:
        say("judge: none")
        for line in _advice(context):
            say(f"  {line}")
    elif status is None or status.file != wanted:
        say(f"judge: {plain(wanted)}")
        say("  it has not begun: it works in the background while a feed is open, or `penchant worker` runs")
    else:
        for line in _lines(context, status):
            say(plain(line))
        if not is_held(context.paths.lock_file):
            say("  nothing happens now: it goes on while a feed is open, or `penchant worker` runs")


def _advice(context: Context) -> list[str]:
    if context.config.models.judge == "":
        return ['It is switched off: `judge = ""` in [models] of the configuration.']
    return [
        "A small starter model comes with penchant[judge]: pip install '.[judge]' in the checkout.",
        "`penchant models list --all` shows better ones, `penchant models pull NAME --use` fetches one.",
    ]


def _lines(context: Context, status: Status) -> list[str]:
    from penchant.app.judging_plan import sides
    from penchant.app.judging_said import called
    from penchant.app.judging_status import COPY

    lines = [f"judge: {called(status, status.model) or status.file}"]
    if status.note:
        lines.append(f"  {status.note}. {status.hint}".rstrip())
    elif status.doing:
        lines.append(f"  {status.doing}")
    lines.append(f"  {status.judged:,} texts judged, {status.waiting:,} wait")
    found = sides(status.history)
    if found is not None:
        skips = f"{found[1]} items never judged in place of skips" if found[2] else f"{found[1]} skips"
        lines.append(f"  the history it judges by: {found[0]} likes and {skips}")
    lines.append(f"  {status.used / 60:.1f} of {status.budget / 60:g} CPU minutes of this hour used")
    if status.speed:
        lines.append(f"  {status.speed:.1f} texts a CPU second")
    heard = context.store.opinions.active() == status.model and bool(status.model)
    lines.append("  the ranking hears it" if heard else "  the ranking does not hear it yet")
    if status.aside:
        lines.append(f"  {len(status.aside)} texts are left out because the model fails on them ({status.named()})")
    if context.store.control.setting(COPY) is None:
        lines.append("  `penchant judge --copy yes` lets it keep a copy that may be several times faster")
    return lines


def _item(context: Context, item_id: int, json: bool) -> None:
    from penchant.app.judging_said import said_of, sentences
    from penchant.app.models.choice import chosen

    said = said_of(context.store, item_id)
    lines = sentences(said)
    if said.silent and chosen("judge", context.config.models, context.paths):
        lines = ["it has not begun to judge: `penchant judge` says more"]
    if json:
        say(dumps({"item": item_id, "opinions": [each._asdict() for each in said.opinions], "words": lines}))
        return
    for card in context.store.items.cards([item_id]):
        say(plain(card.title or card.excerpt, 100))
    for line in lines:
        say(f"  {plain(line)}")
    if said.opinions:
        when = age(said.opinions[0].at)
        say(f"  said {'just now' if when == 'now' else when + ' ago'} by {plain(said.opinions[0].model)}")


def _copy(context: Context, wanted: bool) -> None:
    import shutil

    from penchant.app.judging_status import COPY

    context.store.control.remember(COPY, ROOM if wanted else 0)
    if not wanted:
        shutil.rmtree(context.paths.models / "fast", ignore_errors=True)
    context.store.control.request("models")
    if wanted:
        say(f"judge: a copy may take up to {ROOM / 1e9:.0f} GB; it is made with the next load, where it pays")
    else:
        say("judge: no copy of the model is kept")
