"""`penchant worker`: fetch and learn in the background."""

from __future__ import annotations

import argparse

from .context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="do what is due now, then exit")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="exit when this process is gone")
    parser.add_argument("--wait", action="store_true", help="wait while another worker runs, then take over")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.worker import run_worker

    return run_worker(
        context.paths.ensure(), context.config, once=args.once, parent=args.parent, wait=args.wait
    )
