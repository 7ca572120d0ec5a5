"""`penchant import fill`: what exports lack, asked of public embed endpoints after the reader agreed to it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import Exit, PenchantError

from .context import Context
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.filling import Filled, Lack



def run(args: argparse.Namespace, context: Context) -> int | None:
    """Say who would be asked and what they learn; ask only those. Exit code 5 where a service had to be left alone."""
    from penchant.app.filling import lacking

    lacks, counts = lacking(context.store, args.limit)
    if not lacks:
        note("Nothing in your imports lacks an author or a text that could be asked for.")
        if args.json:
            say(dumps({"asked": 0, "left": 0}))
        return None
    _explain(lacks, counts)
    if not (args.yes or _agreed()):
        raise PenchantError("nobody was asked", hint="`penchant import fill --yes` agrees without a question.")
    done = asyncio.run(_fill(context, lacks))
    left = sum(counts.values()) - done.filled - done.gone
    if args.json:
        say(dumps({"asked": done.asked, "filled": done.filled, "gone": done.gone, "failed": done.failed, "left": left,
                   "stopped": done.stopped}))  # fmt: skip
    else:
        say(f"{done.filled} filled, {done.gone} no longer there, {done.failed} failed, {left} left")
    for words in done.stopped:
        note(f"left alone: {plain(words)}")
    if left and not done.stopped:
        note("`penchant import fill` again goes on with the rest.")
    return Exit.SOURCES if done.stopped else None


def _explain(lacks: Sequence[Lack], counts: Counter[str]) -> None:
    from penchant.adapters.oembed import SERVICES
    from penchant.app.filling import PACE

    now = Counter(lack.service for lack in lacks)
    note("Items of your imports that lack an author, a title or a text. This would ask:")
    for name, count in now.items():
        service = SERVICES[name]
        note(f"  {' or '.join(service.hosts)}: about {count:,} of {counts[name]:,} {service.what}")
    note("They learn the ids of what you liked or saved, one by one, and your network address. No account or cookie is")
    seconds = round(len(lacks) * PACE)
    long = f"{seconds} s" if seconds < 120 else f"{seconds // 60} minutes"
    note(f"sent. One request a second, in all {long} or more; Ctrl-C stops, what was told until then stays.")


def _agreed() -> bool:
    """Without a terminal nobody agrees."""
    return sys.stdin.isatty() and input("Ask them? [y/N] ").strip().lower() in ("y", "yes")


async def _fill(context: Context, lacks: Sequence[Lack]) -> Filled:
    from penchant.app.filling import fill
    from penchant.app.network import open_client

    async with open_client(context.config, context.paths.ensure()) as client:
        if not sys.stderr.isatty():
            return await fill(context.store, client, lacks)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), MofNCompleteColumn(),
            TimeRemainingColumn(), console=Console(stderr=True, markup=False, emoji=False),
        ) as bar:  # fmt: skip
            task = bar.add_task("asking", total=len(lacks))
            return await fill(
                context.store, client, lacks,
                lambda done: bar.update(task, completed=done.asked, description=f"{done.filled:,} filled"),
            )  # fmt: skip
