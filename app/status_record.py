"""Small records of how a lane is doing: a dataclass as JSON, read back whatever version wrote it (pure)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeVar, cast

T = TypeVar("T")


def write(record: Any) -> str:
    """A record of numbers, texts and tuples of whole numbers as JSON."""
    return json.dumps(asdict(record))


def read(kind: type[T], value: object) -> T | None:
    """The record of that kind in a JSON text; None where there is none.

    An entry that is missing, or of another type than its default, keeps the default: another version may have
    written it.
    """
    try:
        raw = json.loads(value) if isinstance(value, str) else None
        if not isinstance(raw, dict) or not raw:
            return None
        found = {name: _fitting(raw.get(name), default) for name, default in asdict(cast(Any, kind())).items()}
    except (ValueError, RecursionError, OverflowError):
        return None
    return kind(**{name: each for name, each in found.items() if each is not None})


def _fitting(value: object, default: object) -> object:
    """The value as its default's type; None where it is of another."""
    if isinstance(default, tuple):
        whole = isinstance(value, list) and all(type(each) is int for each in value)
        return tuple(value) if isinstance(value, list) and whole else None
    if isinstance(default, float) and type(value) is int:
        return float(value)
    return value if type(value) is type(default) else None
