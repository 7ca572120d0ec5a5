"""Files of numbers that carry a reader into a model, and a request's words for them.

Each is a `statefile` of one part, float32 (little endian), whose facts name the model that it was made for. What is
damaged, of another model, of another shape or no number is refused in words before llama.cpp sees it.

    save(path, STEER, ready.name, rows)      # [layers, width]: added behind each layer but the first
    save(path, SOFT, ready.name, rows)       # [k, width]: virtual tokens, as the model takes embeddings
    save(path, DEEP, ready.name, rows)       # [n, values]: what a model remembers of n tokens (`Runner.memories`)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from . import statefile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penchant.app.voice.values import Carried

STEER, SOFT, DEEP = "steer", "soft", "deep"
#: What a reader sees of each kind.
NAMES = {STEER: "control vector", SOFT: "file of virtual tokens", DEEP: "deep prefix"}
#: Numbers of a file at most: 64 MB.
MOST = 16 << 20
_AGAIN = "It is made again from what you liked: `penchant voice` shows its state."


def save(path: Path, kind: str, model: str, rows: NDArray[np.floating[Any]], **facts: Any) -> None:
    """Write a matrix for the model of that name (`Ready.name`), whole or not at all; `facts` go beside it.

    Raises `PenchantError` for what is no number, `OSError`.
    """
    import numpy as np

    made = np.ascontiguousarray(rows, "<f4")
    if made.ndim != 2 or not made.size or made.size > MOST or not np.isfinite(made).all():
        raise PenchantError(f"these {made.shape} numbers are no {NAMES[kind]}", hint=_AGAIN)
    about = {**facts, "kind": kind, "model": model, "shape": list(made.shape)}
    statefile.save(path, about, [made.data.cast("B")])


def load(path: Path, kind: str, model: str) -> NDArray[np.float32]:
    """The matrix of a file of this kind, made for this model. Raises `PenchantError` in words."""
    return read(path, kind, model)[1]


def read(path: Path, kind: str, model: str) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """`load`, with the facts."""
    import numpy as np

    what = f"the {NAMES[kind]} {path.name}"
    try:
        found = statefile.load(path)
    except OSError as error:
        raise PenchantError(f"{what} cannot be read: {error.strerror or error}", hint=_AGAIN) from error
    if found is None:
        raise PenchantError(f"{what} is damaged", hint=_AGAIN)
    facts, parts = found
    if facts.get("kind") != kind:
        raise PenchantError(f"{path.name} is no {NAMES[kind]}, but {facts.get('kind')!s:.40}", hint=_AGAIN)
    if facts.get("model") != model:
        raise PenchantError(
            f"{what} was made for the model {facts.get('model')!s:.80}, and this is {model}", hint=_AGAIN
        )
    shape = _shape(facts.get("shape"))
    if not shape or len(parts) != 1 or len(parts[0]) != 4 * math.prod(shape):
        raise PenchantError(f"{what} is damaged", hint=_AGAIN)
    rows = np.frombuffer(parts[0], "<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(rows).all():
        raise PenchantError(f"{what} holds what is no number", hint=_AGAIN)
    return facts, rows


def _shape(said: object) -> list[int]:
    """Rows and columns; none where this is no shape of a file."""
    whole = isinstance(said, list) and len(said) == 2 and all(isinstance(n, int) and n > 0 for n in said)
    return said if isinstance(said, list) and whole and math.prod(said) <= MOST else []


def request(carried: Carried | None) -> dict[str, Any]:
    """What of it goes to the judge's child: files and the strength; empty for none."""
    if carried is None or not carried.needs:
        return {}
    files = {"steer": carried.steer, "soft": carried.soft, "deep": carried.deep, "lora": carried.lora}
    said: dict[str, Any] = {name: str(path.absolute()) for name, path in files.items() if path is not None}
    if carried.steer is not None or carried.lora is not None:
        said["strength"] = float(carried.strength)
    return said


def marks(said: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells one state of these files from another: path, time, size and number, and the strength."""
    found: list[Any] = []
    for name in sorted(said):
        if name == "strength":
            found.append((name, said[name]))
            continue
        try:
            facts = Path(said[name]).stat()
            found.append((name, said[name], facts.st_mtime_ns, facts.st_size, facts.st_ino))
        except OSError:
            found.append((name, said[name]))
    return tuple(found)
