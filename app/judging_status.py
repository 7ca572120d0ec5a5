"""How the judge is doing: a small record in the archive, and what a person reads of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import status_record

if TYPE_CHECKING:
    from .store import Store

#: Names under which the archive remembers it, the history and what folds of it say of any text, and what was spent.
KEY, HISTORY, CENTRES, USED = "judge.status", "judge.history", "judge.centres", "judge.used"
#: Bytes that a faster copy of the model may take: there where the reader agreed to one.
COPY = "judge.copy"
#: And, followed by the model's name, the texts it cannot take: {content hash (hex): item}.
ASIDE = "judge.aside:"


@dataclass(frozen=True, slots=True)
class Status:
    """`judged` texts have an opinion of this model and `waiting` ones are to get one.

    `model` is what its file calls it, with a digest; `name` is what the reader calls it.

    `used` of `budget` CPU seconds are spent in this hour; `aside` names the items that the model cannot take;
    `doing` says why nothing happens just now ("": it works, or has nothing to do); `speed` is texts a CPU second.
    """

    model: str = ""
    file: str = ""
    name: str = ""
    history: str = ""
    judged: int = 0
    waiting: int = 0
    used: float = 0.0
    budget: float = 0.0
    doing: str = ""
    note: str = ""
    hint: str = ""
    speed: float = 0.0
    aside: tuple[int, ...] = ()

    def line(self) -> str:
        """One line; "" where there is nothing to tell."""
        parts = []
        if self.note:
            parts.append(f"{self.note}. {self.hint}".strip())
        elif self.waiting:
            doing = f" ({self.doing})" if self.doing else ""
            parts.append(f"{self.judged:,} texts judged, {self.waiting:,} to go{doing}")
        elif self.doing:
            parts.append(self.doing)
        if self.aside:
            parts.append(f"{len(self.aside)} left out because the model fails on them ({self.named()})")
        return "Judge: " + "; ".join(parts) if parts else ""

    def named(self) -> str:
        """ "item 3, 4, 5 ...": what is set aside."""
        return "item " + ", ".join(map(str, self.aside[:3])) + (" ..." if len(self.aside) > 3 else "")

    def to_json(self) -> str:
        return status_record.write(self)


def of(store: Store) -> Status | None:
    """What the archive remembers; None where there is nothing."""
    return read(store.control.setting(KEY))


def read(value: object) -> Status | None:
    """What the archive remembers, None where it is nothing that can be read."""
    return status_record.read(Status, value)
