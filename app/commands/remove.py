"""`penchant remove SOURCE`."""

from __future__ import annotations

import argparse

from .context import Context
from .output import plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="its number, address or title (`penchant sources` lists them)")


def run(args: argparse.Namespace, context: Context) -> int | None:
    source = context.source(args.source)
    context.store.subscriptions.remove(source.id)
    if source.kind == "script":
        from penchant.adapters import secrets
        from penchant.adapters.script_place import forbid

        secrets.configure(context.paths.secrets)
        forbid(source.settings)
    say(f"no longer following {plain(source.title or source.address)}; what you liked, saved or opened stays")
    return None
