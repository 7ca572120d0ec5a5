"""`penchant doctor [--rebuild]`."""

from __future__ import annotations

import argparse

from penchant.app.errors import Exit

from .context import Context
from .output import say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rebuild", action="store_true", help="make everything derived anew")
