"""The header of a safetensors file, checked before a library sees it.

https://github.com/huggingface/safetensors#format: 8 bytes of length (little endian), that much JSON, then the data:
{"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {text: text}}.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.app.errors import PenchantError

#: What the library itself accepts at most.
MAX_HEADER = 100_000_000
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
}  # fmt: skip
_HINT = "The file is damaged, incomplete or no model: get it again and compare its checksum."


@dataclass(frozen=True, slots=True)
class Tensors:
    """Shapes by name, and how many numbers they are together."""

    shapes: dict[str, tuple[int, ...]]
    numbers: int


def read_header(path: Path) -> Tensors:
    """Check that every tensor lies inside the file, without a hole or an overlap. Raises `PenchantError` in words."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise _damaged(path, "it is no safetensors file")
            raw = file.read(length)
    except OSError as error:
        raise PenchantError(
            f"the model file {path} cannot be read: {error.strerror}", hint="Check that it is there."
        ) from error
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError):
        raise _damaged(path, "its header is no JSON") from None
    if not isinstance(header, dict):
        raise _damaged(path, "its header is no table")
    return _checked(path, header, size - 8 - length)


def _checked(path: Path, header: dict[str, Any], data: int) -> Tensors:
    shapes: dict[str, tuple[int, ...]] = {}
    spans = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            shape = tuple(int(axis) for axis in entry["shape"])
            begin, end = (int(each) for each in entry["data_offsets"])
            bits = _BITS[entry["dtype"]]
        except (TypeError, KeyError, ValueError):
            raise _damaged(path, f"it does not say what {name[:60]!a} is") from None
        if min(shape, default=1) < 0 or (end - begin) * 8 != math.prod(shape) * bits:
            raise _damaged(path, f"{name[:60]!a} has another size than its shape")
        shapes[name] = shape
        spans.append((begin, end))
    spans.sort()
    ends = [0, *(end for _, end in spans)]
    if not spans or any(begin != before for (begin, _), before in zip(spans, ends, strict=False)):
        raise _damaged(path, "its tensors overlap, or leave holes")
    if spans[-1][1] != data:
        raise _damaged(path, f"{data:,} bytes of {spans[-1][1]:,}")
    return Tensors(shapes, sum(math.prod(shape) for shape in shapes.values()))


def _damaged(path: Path, found: str) -> PenchantError:
    return PenchantError(f"the model file {path} cannot be used: {found}", hint=_HINT)
