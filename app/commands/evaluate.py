"""`penchant evaluate`: the ranking beside simple recipes, on replayed judgements."""

from __future__ import annotations

import argparse
import os
import sys

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
    evaluation.run(args, context, written, dumps, lambda line: note(plain(line)), colour=colour)
