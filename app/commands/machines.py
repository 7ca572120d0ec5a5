"""`penchant machines [FOLDER]`: keep what several machines learned together, through a folder that is synced."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import dumps, note, plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The worker does it every minute where the configuration names a folder under [machines]."
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="exchange now (default: the configured folder)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.eventlog.folder import exchange, machine_of
    from penchant.app.eventlog.lane import STATUS

    named = args.folder or context.config.machines.folder
    if not named:
        raise UsageError(
            "no folder is named", hint="Give one that is synced between your machines: penchant machines FOLDER"
        )
    machine = machine_of(context.paths)
    done = exchange(context.store, Path(named).expanduser(), machine)
    if args.json:
        say(dumps({"machine": machine, **asdict(done)}))
    else:
        say(f"this machine: {machine[:8]}, others: {done.machines}")
        say(f"took in {done.events:,} events and {done.items:,} items; left {done.written:,} lines")
        for why, count in done.unsound.most_common():
            note(f"{count:,} lines left out: {plain(why)}")
        if before := context.store.control.setting(STATUS, ""):
            note(f"the worker's last exchange: {plain(before)}")
    if done.troubles:
        raise PenchantError("; ".join(plain(each) for each in done.troubles[:3]))
    return None
