"""How far each model is with this archive, from what the worker's lanes note down there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penchant.app import backfill_status

if TYPE_CHECKING:
    from penchant.app.store import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """`line` in words ("" for nothing to tell), `done` of `total` (0, 0 where that is not counted), `speed` in texts or
    pictures a second (0: not measured), `wrong` whether something failed.
    """

    line: str = ""
    done: int = 0
    total: int = 0
    speed: float = 0.0
    wrong: bool = False


def progress(store: Store) -> dict[str, Progress]:
    """By role; a role that never worked is left out."""
    found = {
        "sentence": _sentence(store),
        "picture": _of(store.control.setting("picture.status"), "done", "total", "picture_status"),
        "judge": _of(store.control.setting("judge.status"), "judged", "waiting", "judging_status"),
    }
    return {role: each for role, each in found.items() if each is not None}


def _sentence(store: Store) -> Progress | None:
    status = backfill_status.of(store)
    if status is None:
        return None
    return Progress(status.line(), status.done, status.total, status.speed, bool(status.note))


def _of(value: object, done: str, other: str, module: str) -> Progress | None:
    """A lane's note; its own module puts it into words."""
    import importlib

    try:
        raw = json.loads(value) if isinstance(value, str) else None
        status: Any = importlib.import_module(f"penchant.app.{module}").read(value)
    except (ValueError, ImportError):
        return None
    if not isinstance(raw, dict) or status is None:
        return None
    count = int(getattr(status, done, 0))
    total = int(getattr(status, other, 0)) + (count if other == "waiting" else 0)
    return Progress(status.line(), count, total, float(getattr(status, "speed", 0.0)), bool(status.note))
