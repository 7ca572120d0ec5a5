"""`penchant pictures [status|failed|retry|clear]`: the cache of pictures, and what did not come."""

from __future__ import annotations

import argparse
import time

from penchant.app.pictures.files import PictureFiles

from .context import Context
from .output import dumps, note, plain, say, table


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    status = actions.add_parser("status", help="how many there are and what room they take (also without an action)")
    failed = actions.add_parser("failed", help="what did not come, and why")
    failed.add_argument("--limit", type=int, default=20, metavar="N")
    actions.add_parser("retry", help="try again what failed or was refused, when it is next shown")
    actions.add_parser("clear", help="empty the cache; pictures are fetched again when they are shown")
    for each in (status, failed):
        each.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    action = args.action or "status"
    if action == "failed":
        _failed(context, args.limit, args.json)
    elif action == "retry":
        count = context.store.pictures.forgive()
        say(f"{count:,} pictures are asked for again when they are shown" if count else "no picture failed")
    elif action == "clear":
        _clear(context)
    else:
        _status(context, getattr(args, "json", False))
    return None


def _files(context: Context) -> PictureFiles:
    return PictureFiles(context.paths.cache / "pictures")


def _status(context: Context, json: bool) -> None:
    counts, options = context.store.pictures.counts(), context.config.pictures
    used = sum(_files(context).sizes(tidy=False).values())
    if json:
        disk = {"disk": used, "disk_limit": options.disk_megabytes << 20}
        say(dumps({**counts._asdict(), **disk, "fetch": options.fetch}))
        return
    say(f"pictures: {counts.files:,} in the cache, {used / 2**20:.1f} MiB of {options.disk_megabytes:,}")
    for number, words in (
        (counts.wanted, "wait for the worker"),
        (counts.evicted, "not here (made room, or too many at once); fetched when they are shown"),
        (counts.failed, "did not come and will be tried again"),
        (counts.refused, "are not shown"),
    ):
        if number:
            say(f"  {number:,} {words}")
    if counts.failed or counts.refused:
        say("  `penchant pictures failed` says why")
    if options.fetch == "none":
        say('  none are fetched: fetch = "none" in [pictures]')


def _failed(context: Context, limit: int, json: bool) -> None:
    rows = context.store.pictures.failures(max(limit, 0))
    if json:
        for url, state, words, retry_at in rows:
            say(dumps({"url": url, "state": state, "note": words, "retry_at": retry_at}))
    elif rows:
        lines = [[plain(words, 200), _when(retry_at), plain(url, 300)] for url, _, words, retry_at in rows]
        table(["why", "again", "address"], lines, flexible=0)
    else:
        note("Every picture that was asked for came.")


def _when(retry_at: float | None) -> str:
    if retry_at is None:
        return "no"
    seconds = retry_at - time.time()
    if seconds <= 0:
        return "when shown"
    return f"in {seconds / 60:.0f} min" if seconds < 5_400 else f"in {seconds / 3600:.0f} h"


def _clear(context: Context) -> None:
    files = _files(context)
    sizes = files.sizes(tidy=False)
    context.store.pictures.clear()
    files.remove(sizes)
    say(f"{len(sizes):,} pictures removed, {sum(sizes.values()) / 2**20:.1f} MiB; what models made of them stays")
