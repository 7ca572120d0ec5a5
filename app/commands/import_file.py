"""`penchant import opml FILE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from penchant.app.errors import PenchantError

from .context import Context
from .output import note, plain, say

#: An OPML file of 100,000 feeds is about 20 MB.
MAX_BYTES = 32 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("format", choices=["opml"], help="opml: the subscriptions of another reader")
    parser.add_argument("file", help="the file, or - for standard input")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.adapters import opml
    from penchant.adapters.base import SourceError

    data = _read(args.file)
    try:
        feeds = opml.parse(data)
    except SourceError as error:
        raise PenchantError(f"{args.file}: {error}", hint=error.hint) from error
    if not feeds:
        raise PenchantError(
            f"{args.file} names no feeds",
            hint="An OPML file lists feeds as <outline xmlUrl=...>; export it again.",
        )
    before = {(s.kind, s.address) for s in context.store.subscriptions.all()}
    new = 0
    for feed in feeds:
        context.store.subscriptions.add("rss", feed.url, feed.title, {"address": feed.url}, feed.folder)
        if ("rss", feed.url) not in before:
            before.add(("rss", feed.url))
            new += 1
            say(f"{plain(feed.title or feed.url)}")
    note(f"{new} new, {len(feeds) - new} followed already. `penchant sync` fetches them.")
    return None


def _read(name: str) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).expanduser().open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PenchantError(
            f"{name} cannot be read: {error.strerror}", hint="Check the name of the file."
        ) from error
    if len(data) > MAX_BYTES:
        raise PenchantError(f"{name} is larger than {MAX_BYTES >> 20} MB", hint="That is no list of feeds.")
    return data
