"""`penchant privacy`: what is stored where, and what leaves this machine to whom and when."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from penchant.adapters import secrets

from .context import Context
from .output import dumps, plain, say

if TYPE_CHECKING:
    from penchant.app.holdings import Holding
    from penchant.app.leaving import Leaving

#: Hosts named in a line; --json has all.
SHOWN = 6


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Nothing else leaves: bench/promises/privacy.py runs penchant in a network of its own to see it."
    parser.add_argument("--json", action="store_true", help="one JSON object for each thing")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.holdings import holdings
    from penchant.app.leaving import leaving

    secrets.configure(context.paths.secrets)
    store = context.store if context.paths.archive.exists() else None
    stored = holdings(context.paths, context.config, None if store is None else store.db)
    out = leaving(store, context.config, context.paths)
    if args.json:
        for each in stored:
            say(dumps({"stored": each}))
        for each_out in out:
            say(dumps({"leaves": each_out}))
        return None
    say("STORED ON THIS MACHINE, readable by your user")
    where = ("", "")
    for each in stored:
        if each.count > 0 or (each.count < 0 and each.bytes):
            where = _stored(each, where)
    say()
    say("LEAVES THIS MACHINE")
    for each_out in out:
        _leaves(each_out)
    say()
    say("There is no telemetry, no look for updates and no account. `penchant forget` removes what you name.")
    return None


def _stored(each: Holding, where: tuple[str, str]) -> tuple[str, str]:
    if (each.group, each.where) != where:
        say(f"  {each.group}  {plain(each.where)}")
    count = "" if each.count < 0 else f"{each.count:,}"
    say(f"    {plain(each.name, 40):24} {count:>10} {_size(each.bytes):>10}  {plain(each.about)}")
    return each.group, each.where


def _leaves(each: Leaving) -> None:
    more = len(each.hosts) - SHOWN
    hosts = ", ".join(each.hosts[:SHOWN]) + (f" and {more} more" if more > 0 else "")
    say(f"  {'' if each.active else '(off) '}{plain(each.what, 60)}" + (f"  ->  {plain(hosts)}" if hosts else ""))
    say(f"      {plain(each.when)}; tells: {plain(each.tells)}; off by: {plain(each.off)}")


def _size(count: int) -> str:
    if not count:
        return ""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
