"""`penchant evaluate`: the ranking beside simple recipes, on replayed events."""

from __future__ import annotations

import argparse

from .context import Context
