"""What carriers share: what they are given, what they need, and how they say that they cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.voice.shelf import Shelf
    from penchant.app.voice.values import Reader, Voice


#: CPU seconds of tuning for who waits.
TUNING = 1200.0


class CannotCarry(PenchantError):
    """This carrier cannot carry this reader into this model (yet), and why."""

    hint = "`penchant voice` shows every way to carry your taste and what each lacks."


@dataclass(frozen=True, slots=True)
class Tools:
    """`shelf` keeps what is made; `tokens`: how long a told history may be; `lora`: the reader's own adapter file.

    `making`: whether all texts may be read now, which takes minutes; `seconds`: CPU seconds for tuning now.
    """

    shelf: Shelf
    tokens: int = 700
    lora: str = ""
    making: bool = True
    seconds: float = TUNING

    @classmethod
    def of(cls, shelf: Shelf, config: Config, *, making: bool = False) -> Tools:
        """As the reader configured it."""
        return cls(shelf, config.judge.history_tokens, config.voice.lora, making, TUNING if making else 0.0)


class Inside(Protocol):
    """A model that can be looked into: the judge's child (`app.llm.local.Local`). `key` names it in files."""

    name: str
    key: str
    can: frozenset[str]
    ready: Any

    async def loglik(self, texts: Sequence[str], carried: Any) -> list[float | None]:
        """See `Voice`."""
        ...

    async def states(self, texts: Sequence[str], layers: Sequence[int] = ()) -> list[bytes | None]:
        """float32[layers, width] of each text."""
        ...

    async def embeddings(self, texts: Sequence[str], parts: int = 1) -> list[bytes | None]:
        """float32[parts, width] of each text."""
        ...

    async def memories(self, texts: Sequence[str], tokens: int = 8) -> list[bytes | None]:
        """float32[tokens, numbers] of each text."""
        ...

    def tune(self, job: Mapping[str, Any], checkpoint: Path) -> AsyncGenerator[dict[str, Any], None]:
        """Forward-only tuning of virtual tokens."""
        ...


def inside(voice: Voice, needs: frozenset[str], name: str) -> Inside:
    """The voice as a model that can be looked into. Raises `CannotCarry` where it lacks what is needed."""
    missing = needs - voice.can
    if missing:
        raise CannotCarry(
            f"the carrier {name} cannot be put into {voice.name}: it lacks {', '.join(sorted(missing))}",
            hint="A GGUF model on this machine takes it; a server takes none, typed, summary and history.",
        )
    return voice  # type: ignore[return-value]


def liked_enough(reader: Reader, few: int, name: str) -> None:
    """Raises `CannotCarry` where there are fewer likes than that."""
    if len(reader.liked) < few:
        raise CannotCarry(
            f"the carrier {name} needs {few} liked items, and there are {len(reader.liked)}",
            hint="Like some more (l), import your likes, or say what you like: `penchant voice describe`.",
        )
