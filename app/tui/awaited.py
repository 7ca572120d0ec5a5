"""What was asked of the worker and is awaited on a screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from penchant.app.store.answers import Answer

#: Seconds without a word after which no worker is expected to take it up.
UNTAKEN = 90.0


@dataclass(frozen=True, slots=True)
class Awaited:
    """The row's name, when it was asked, what has come, when that last changed (Unix seconds).

    `alone`: no worker was running when it was asked.
    """

    #: Seconds without a word after which one that was begun is not expected to go on.
    silence: ClassVar[float]

    name: str
    asked_at: float
    answer: Answer | None = None
    heard_at: float = 0.0
    alone: bool = False

    @property
    def over(self) -> bool:
        return self.answer is not None and self.answer.done

    @property
    def payload(self) -> Mapping[str, Any]:
        """What the worker says beside the text."""
        return self.answer.payload if self.answer is not None else {}

    def gave_up(self, now: float) -> bool:
        """Whether to wait no longer."""
        begun = self.answer is not None and self.answer.at != self.asked_at
        return not self.over and now - max(self.asked_at, self.heard_at) > (self.silence if begun else UNTAKEN)
