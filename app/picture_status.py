"""How far the picture vectors are: a small record in the archive, and what a person reads of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import status_record

if TYPE_CHECKING:
    from .store import Store

#: Name under which the archive remembers it.
KEY = "picture.status"


@dataclass(frozen=True, slots=True)
class Status:
    """`done` of `total` pictures and `texts_done` of `texts` texts have their vector by the model `model`.

    `aside` counts what it cannot take, `speed` is in pictures a second. `note` and `hint` say what is wrong, `waits`
    why it rests.
    """

    model: str = ""
    done: int = 0
    total: int = 0
    texts_done: int = 0
    texts: int = 0
    aside: int = 0
    note: str = ""
    hint: str = ""
    waits: str = ""
    speed: float = 0.0

    def line(self) -> str:
        """One line; "" where there is nothing to tell."""
        parts = []
        if self.note:
            parts.append(f"{self.note}. {self.hint}".strip())
        else:
            if self.done < self.total:
                parts.append(f"{self.done:,} of {self.total:,} pictures")
            if self.texts_done < self.texts:
                parts.append(f"{self.texts_done:,} of {self.texts:,} texts")
            if parts and self.waits:
                parts.append(self.waits)
        if self.aside:
            parts.append(f"{self.aside} left out because the model fails on them")
        return "Picture vectors: " + "; ".join(parts) if parts else ""

    def to_json(self) -> str:
        return status_record.write(self)


def of(store: Store) -> Status | None:
    """What the archive remembers; None where there is nothing."""
    return read(store.control.setting(KEY))


def read(value: object) -> Status | None:
    """What the archive remembers, None where it is nothing that can be read."""
    return status_record.read(Status, value)
