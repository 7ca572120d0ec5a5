"""`penchant sync [SOURCE...]`: fetch now, derive and rank; with progress bars on a terminal."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING

from penchant.app.errors import AlreadyRunning, PenchantError, SourcesFailed

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.sync import Visit
    from penchant.app.types import Subscription

    from .progress import Bars, Lines


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="*", help="only these (default: everything that is not paused)")
    parser.add_argument("--quiet", action="store_true", help="no progress, only what fails")
    parser.add_argument(
        "--no-rank", action="store_true",
        help="leave the ranking to the next sync, or to the worker of the next open feed",
    )  # fmt: skip


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.lock import WorkerLock
    from penchant.app.sync import summary

    from .progress import reporter

    context.start_log()
    _economise()
    wanted = [context.source(name) for name in args.source] or [
        s for s in context.store.subscriptions.all() if not s.paused and s.kind != "export"
    ]
    for own in (source for source in wanted if source.kind == "export"):
        raise PenchantError(
            f"{own.title or own.address} is an archive of your own: there is nothing to fetch",
            hint="`penchant import PATH` takes in a newer export of it.",
        )
    if not wanted:
        raise PenchantError(
            "there is nothing to fetch",
            hint="`penchant add ADDRESS` follows a source; `penchant add sample` is a start.",
        )
    with reporter(quiet=args.quiet) as report:
        try:
            with WorkerLock(context.paths.lock_file):
                visits = asyncio.run(_here(context, wanted, report, rank=not args.no_rank))
        except AlreadyRunning:
            visits = _by_worker(context, wanted, report)
    for visit in visits:
        if visit.error:
            name = visit.subscription.title or visit.subscription.address
            note(f"{plain(name)}: {plain(visit.error)}\n  {plain(visit.hint)}")
    if not args.quiet:
        say(summary(visits))
    failed = sum(bool(visit.error) for visit in visits)
    if failed:
        raise SourcesFailed(f"{failed} of {len(visits)} sources could not be fetched")
    return None


def _economise() -> None:
    """What a long batch wants: no spinning threads of the matrix library, few looks for cycles."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    gc.set_threshold(50_000, 20, 100)


async def _here(
    context: Context, wanted: list[Subscription], report: Bars | Lines, *, rank: bool
) -> list[Visit]:
    """Do the worker's work in this process: fetch, derive, rank."""
    from penchant.app.derive import Deriver
    from penchant.app.network import open_client
    from penchant.app.store_thread import StoreThread
    from penchant.app.sync import Intervals, sync_once

    config = context.config
    async with StoreThread(context.paths.archive) as store:
        async with open_client(config, context.paths) as client:
            visits = await sync_once(
                store, client, wanted, report.visit,
                concurrency=config.worker.concurrency,
                intervals=Intervals(config.worker.shortest_interval, config.worker.longest_interval),
            )  # fmt: skip
        total = await store(lambda s: s.changes.count())
        deriver = await store(Deriver)
        while done := await store(lambda _: deriver.step()):
            report.derived(done, total)
        if total:
            await store(lambda s: s.scores.put_off())
        if rank and await store(_unranked):
            report.ranking()
            await _rank(context)
    return visits


async def _rank(context: Context) -> None:
    from penchant.app.ranker import Ranker

    async with Ranker(context.paths.archive, context.config.ranking.explore) as ranker:
        ranker.changed()
        await ranker.publish_now()
        if ranker.failed:
            note(
                f"the ranking failed ({ranker.failed}); the old one stays."
                f" The log says more: {context.paths.log_file}"
            )


def _unranked(store: Store) -> bool:
    """Whether items or events came after the last ranking."""
    head = store.scores.head()
    return head is None or store.scores.was_put_off() or head.through_seq < store.events.last_seq()


def _by_worker(context: Context, wanted: list[Subscription], report: Bars | Lines) -> list[Visit]:
    """A worker runs: let it fetch, and watch."""
    from penchant.app.watch import follow

    if sys.stderr.isatty():
        note("a worker is running; it fetches for you")
    return follow(context.store, wanted, report.visit, context.paths.lock_file)
