"""Text in pictures: RapidOCR (PaddleOCR's models inside a wheel), run in a child process with limits.

`read_text` runs in the child; what it is given are JPEG files that penchant made.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from penchant.adapters.text import clean_line
from penchant.app.parse_runner import ParseLimits, ParseRunner

#: Share of certainty that a line of text needs.
SURE = 0.75
#: Lines and characters that are kept of a picture.
MOST_LINES, MOST = 40, 1_000
#: A line of an 800 x 400 picture takes half a second; a page of text some ten.
LIMITS = ParseLimits(cpu_seconds=60.0, wall_seconds=180.0, megabytes=3_000)


def installed() -> bool:
    """Whether penchant[ocr] is there, without importing it."""
    return importlib.util.find_spec("rapidocr_onnxruntime") is not None


def reader() -> ParseRunner:
    """A runner for `read_text`."""
    return ParseRunner(LIMITS)


def read_text(path: str) -> str:
    """The text in a picture, a line each, cleaned; "" where there is none. Raises whatever the library does."""
    import numpy as np
    from PIL import Image

    with Image.open(Path(path), formats=["JPEG"]) as image:
        pixels = np.asarray(image.convert("RGB"))[:, :, ::-1]  # as OpenCV has them
    found, _ = _engine()(pixels)
    return joined([(line[1], float(line[2])) for line in found or ()])


def joined(lines: Sequence[tuple[str, float]]) -> str:
    """The lines that are certain enough, cleaned, within bounds."""
    sure = (clean_line(text) for text, certainty in lines if certainty >= SURE)
    kept = [text for text in sure if any(char.isalnum() for char in text)][:MOST_LINES]
    return "\n".join(kept)[:MOST]


@cache
def _engine() -> Any:
    # onnxruntime 1.32 reports each use to its maker, from C++, unless this stands there before it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
