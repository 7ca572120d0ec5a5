"""`penchant config path|check|default`."""

from __future__ import annotations

import argparse

from .context import Context
from .output import say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", choices=["path", "check", "default"], nargs="?", default="path",
        help="path: where the files are; check: read the file; default: print a commented one",
    )  # fmt: skip


def run(args: argparse.Namespace, context: Context) -> int | None:
    paths = context.paths
    if args.what == "default":
        from penchant.app.config_default import default_text

        say(default_text().rstrip("\n"))
    elif args.what == "check":
        context.config  # noqa: B018  reading it is the check
        state = "correct" if paths.config_file.exists() else "not there; the defaults hold"
        say(f"{paths.config_file}: {state}")
    else:
        for name, place in (
            ("config", paths.config_file), ("archive", paths.archive), ("log", paths.log_file),
            ("cache", paths.cache),
        ):  # fmt: skip
            say(f"{name}\t{place}")
    return None
