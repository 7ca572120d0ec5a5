"""Numbers and texts of others as a Markdown table takes them (pure)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from penchant.app.rank.metrics import half_width

from .values import Record


def mean(values: Sequence[float], places: int) -> str:
    """Mean ± half the interval; a dash where nothing is known."""
    known = np.array([value for value in values if math.isfinite(value)], np.float64)
    if not len(known):
        return "-"
    half = half_width(known)
    return f"{known.mean():.{places}f}" + (f" ± {half:.{places}f}" if math.isfinite(half) else "")


def people(records: Sequence[Record], values: Sequence[float]) -> list[float]:
    """One value for each person: the mean over their numbers of likes, which are not independent."""
    found: dict[tuple[int, int], list[float]] = {}
    for record, value in zip(records, values, strict=True):
        if math.isfinite(value):
            found.setdefault(record.person, []).append(value)
    return [sum(mine) / len(mine) for mine in found.values()]


def escaped(text: str) -> str:
    """A text of others on one line, without markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|~" else c for c in flat)


def unit(values: Sequence[float | None]) -> np.ndarray:
    """From their own middle, in their own spread; NaN stays NaN."""
    found = np.array([math.nan if value is None else value for value in values], np.float64)
    ok = np.isfinite(found)
    if not ok.any():
        return found
    spread = float(found[ok].std())
    return (found - found[ok].mean()) / (spread if spread > 1e-9 else 1.0)
