"""Ways to carry a reader into a model, one a module, behind the seam `voice.values.Carrier`.

make("vector", Tools(shelf)).taste(reader, voice)     # what it hands over
await arm.carried("", reader, voice, config, paths, call)   # the reader's own choice, with consent looked up
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from penchant.app.errors import UsageError

from .base import CannotCarry, Tools
from .deep import Deep
from .lora import Lora
from .mapped import Mapped
from .soft import Tuned
from .summary import Summary
from .told import History, Nothing, Typed
from .vector import Vector

if TYPE_CHECKING:
    from penchant.app.voice.values import Carrier

__all__ = ["ALL", "CannotCarry", "Tools", "make"]

#: Name -> what makes the carrier, in the order of docs/voice.md.
ALL: Mapping[str, Callable[[Tools], Carrier]] = {
    "none": Nothing,
    "typed": Typed,
    "summary": Summary,
    "history": History,
    "vector": Vector,
    "map": Mapped,
    "soft": Tuned,
    "deep": Deep,
    "lora": Lora,
}


def make(name: str, tools: Tools) -> Carrier:
    """The carrier of that name. Raises `UsageError`."""
    if name not in ALL:
        raise UsageError(f"there is no carrier {name[:40]!r}", hint=f"They are {', '.join(ALL)}.")
    return ALL[name](tools)
