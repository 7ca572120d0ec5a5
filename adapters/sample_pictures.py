"""Pictures of the sample feed, drawn by code: `draw("bird-3", (640, 400))` gives a PNG.

A name is KIND-NUMBER. The number picks the subject where a kind has several
and seeds the rest, so that equal names give equal bytes. Pillow is imported
with this module: import it only when a picture is wanted.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO

from . import sample_patterns, sample_scenes, sample_subjects
from .sample_canvas import Canvas

Drawing = Callable[[Canvas, int, random.Random], None]

KINDS: dict[str, Drawing] = {
    "bird": sample_subjects.bird,
    "board": sample_patterns.board,
    "chart": sample_patterns.chart,
    "letter": sample_subjects.letter,
    "loaf": sample_subjects.loaf,
    "mountain": sample_scenes.mountain,
    "stars": sample_scenes.stars,
    "street": sample_scenes.street,
    "tram": sample_scenes.tram,
    "tree": sample_patterns.tree,
    "wave": sample_patterns.wave,
    "weave": sample_patterns.weave,
}


def draw(name: str, size: tuple[int, int]) -> bytes:
    """Return the PNG called `name`. Raises `ValueError` for an unknown kind or a bad number."""
    kind, _, number = name.partition("-")
    if kind not in KINDS or not (number.isascii() and number.isdigit()) or len(number) > 6:
        known = ", ".join(KINDS)
        raise ValueError(f"no such picture: {name!r}; a name is KIND-NUMBER with KIND one of {known}")
    canvas = Canvas()
    KINDS[kind](canvas, int(number), random.Random(name))
    out = BytesIO()
    canvas.finished(size).save(out, format="PNG")
    return out.getvalue()
