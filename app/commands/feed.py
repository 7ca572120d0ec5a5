"""`penchant` without a command: the feed."""

from __future__ import annotations

import argparse
import gc
import sys

from penchant.app.errors import UsageError

from .context import Context

#: Seconds after which a thread that computes lets another have the interpreter.
SWITCH = 0.0005


def run(args: argparse.Namespace, context: Context) -> int | None:
    """Open the feed on the terminal. Raises `UsageError` where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the feed needs a terminal",
            hint="In a pipe or a script use `penchant list` and the other commands: `penchant --help`.",
        )
    # Until the first paint (`PenchantApp._painted`): what is loaded stays, collections would find nothing.
    gc.disable()
    # A key passes four threads. Beside the ranking's each of them waits so long for the interpreter, 5 ms by default.
    sys.setswitchinterval(SWITCH)
    config, paths = context.config, context.paths.ensure()
    from penchant.app.tui.app import run as run_feed

    return run_feed(config, paths, args.images or "")
