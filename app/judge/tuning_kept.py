"""A run of tuning as a file, to go on from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from . import statefile
from .tuning import State, Words

KIND = "tuning"
_ARRAYS = ("point", "momentum", "best")


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """`words`: those found with all texts, then those for each; `cpu`: seconds spent so far."""

    state: State
    words: list[Words]
    cpu: float


def save(path: Path, job: str, kept: Kept) -> None:
    """Write it, whole or not at all; `job` is a digest of what is tuned on, and how. Raises `OSError`."""
    state = {field.name: getattr(kept.state, field.name) for field in fields(State) if field.name not in _ARRAYS}
    facts = {"kind": KIND, "job": job, "cpu": kept.cpu, "words": kept.words, "state": state}
    best = kept.state.point if kept.state.best is None else kept.state.best
    parts = [array.tobytes() for array in (kept.state.point, kept.state.momentum, best)]
    statefile.save(path, {**facts, "shape": list(kept.state.point.shape)}, parts)


def load(path: Path, job: str) -> Kept | None:
    """The run of this very job; None where there is none, or the file is damaged."""
    import numpy as np

    try:
        found = statefile.load(path)
    except OSError:
        return None
    if found is None or found[0].get("kind") != KIND or found[0].get("job") != job or len(found[1]) != len(_ARRAYS):
        return None
    facts, parts = found
    said = {**facts["state"], "looks": tuple(facts["state"]["looks"])}
    for name, part in zip(_ARRAYS, parts, strict=True):
        said[name] = np.frombuffer(part, np.float64).reshape(facts["shape"])
    return Kept(State(**said), [Words(*each) for each in facts["words"]], float(facts["cpu"]))
