"""`penchant evaluate`: the ranking beside simple recipes, on replayed judgements."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .context import Context
from .output import dumps, note, plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", metavar="DIR", help="a data set with items.jsonl and ratings.csv (default: your own events)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--plot", action="store_true", help="draw learning and calibration curves below the table")
    parser.add_argument(
        "--sentence",
        metavar="MODEL",
        default="auto",
        help="sentence vectors for --data: auto, minilm, none, or a .gguf file (default: auto)",
    )
    parser.add_argument("--cache", metavar="DIR", help="where those vectors are kept (default: the cache folder)")


def run(args: argparse.Namespace, context: Context) -> None:
    from penchant.app import evaluation

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    written = say if colour else lambda line: say(plain(line))
    with _progress() as progress:
        report = evaluation.measured(args, context, note, progress)
    if args.json:
        say(dumps(report.as_json()))
        return
    for line in [*report.lines(colour=colour), *(report.plots(colour=colour) if args.plot else [])]:
        written(line)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being done, on one line of a terminal; nothing on a pipe."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text("measuring")) as status:
        yield lambda line: status.update(Text(plain(line)))
