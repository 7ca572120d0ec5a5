"""How far the sentence vectors are: a small record in the archive, and what a person reads of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import status_record

if TYPE_CHECKING:
    from .store import Store

#: Name under which the archive remembers it.
KEY = "backfill"


@dataclass(frozen=True, slots=True)
class Status:
    """`done` of `total` texts have their vector; `aside` names the items whose text the model cannot take;
    `speed` is texts a second while it works.
    """

    space: str = ""
    done: int = 0
    total: int = 0
    aside: tuple[int, ...] = ()
    note: str = ""
    hint: str = ""
    speed: float = 0.0

    def line(self) -> str:
        """One line; "" where there is nothing to tell."""
        parts = []
        if self.note:
            parts.append(f"{self.note}. {self.hint}".strip())
        elif self.done + len(self.aside) < self.total:
            share = int(100 * self.done / self.total)
            parts.append(f"{self.done:,} of {self.total:,} texts ({share} %)")
        if self.aside:
            named = ", ".join(map(str, self.aside[:3])) + (" ..." if len(self.aside) > 3 else "")
            parts.append(f"{len(self.aside)} left out because the model fails on them (item {named})")
        return "Sentence vectors: " + "; ".join(parts) if parts else ""

    def to_json(self) -> str:
        return status_record.write(self)


def of(store: Store) -> Status | None:
    """What the archive remembers; None where there is nothing."""
    return read(store.control.setting(KEY))


def read(value: object) -> Status | None:
    """What the archive remembers, None where it is nothing that can be read."""
    return status_record.read(Status, value)
