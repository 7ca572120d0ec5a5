"""What the ranking and the writing do to a reader, as values. Times in Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from .narrowing import Trend, Variety
from .shares import Mix
from .widen import Step


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way from what there was to what was liked: `items`, and the sources that `size` of them hold.

    `sources` is None where fewer than ten items say nothing.
    """

    name: str
    items: int
    sources: float | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next `size` places of For you beside the newest unseen: as many equal sources as varied, items in both."""

    size: int = 0
    ranked: float = 0.0
    newest: float = 0.0
    common: int = 0


@dataclass(frozen=True, slots=True)
class Generated:
    """Texts of models that were on screen. `weeks`: (Monday, generated, all items shown); `written`: by act of drafts.

    `characters` and `real_characters`: about what was there to read. `asis`: posted without a change. `until`: a blind
    test began then, and later ones are not counted until it is over (None: all are).
    """

    shown: int = 0
    real_shown: int = 0
    characters: int = 0
    real_characters: int = 0
    offered: int = 0
    weeks: Sequence[tuple[date, int, int]] = ()
    written: Mapping[str, int] = field(default_factory=dict)
    asis: int = 0
    until: float | None = None

    @property
    def share(self) -> float:
        """Of the characters, those that a model wrote."""
        whole = self.characters + self.real_characters
        return self.characters / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class Effects:
    """The report over items that came in the last `weeks` weeks; `cut`: only so many were looked at, 0 for all.

    `topics` are interests and `OUTSIDE` of them, or tags where there are no interests yet (`by_tags`).
    """

    weeks: int
    came: int
    shown: int
    sources: Mix
    topics: Mix
    by_tags: bool
    varieties: Sequence[Variety]
    trend: Trend
    stages: Sequence[Stage]
    drawn: int
    ahead: Ahead
    generated: Generated
    dials: Mapping[str, float]
    step: Step | None
    unlikely: int = 0
    flood: int = 0
    cut: int = 0
