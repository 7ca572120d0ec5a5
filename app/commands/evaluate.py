"""`penchant evaluate`: the ranking beside simple recipes, on replayed judgements."""

from __future__ import annotations

import argparse

from .context import Context
from .output import dumps, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", metavar="DIR", help="a data set with items.jsonl and ratings.csv (default: your own events)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> None:
    from penchant.app import evaluation

    evaluation.run(args, context, say, dumps)
