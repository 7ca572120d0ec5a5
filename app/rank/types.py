"""Values of the ranking: what goes in, what comes out. Times are Unix seconds UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class RankItem:
    """One item as the experts see it.

    `about`: its own address and, of a post, those it links to or quotes. `people` holds
    (key, name, how, at) of everybody the reader follows who brought the item; `text_len` counts
    characters; `media` counts attachments, `moving` says that a video or a sound is among them;
    `counted` is when points and comments were last counted (None: when it was first seen).
    """

    item_id: int
    content_hash: bytes
    title: str = ""
    text_len: int = 0
    tags: tuple[str, ...] = ()
    lang: str = ""
    kind: str = ""
    source_key: str = ""
    source: str = ""
    author_key: str = ""
    author: str = ""
    domain: str = ""
    about: tuple[str, ...] = ()
    published: float | None = None
    first_seen: float = 0.0
    points: int | None = None
    comments: int | None = None
    people: tuple[tuple[str, str, str, float], ...] = ()
    media: int = 0
    moving: bool = False
    counted: float | None = None

    @property
    def at(self) -> float:
        """When it appeared: its own date, or when it arrived here if that is unknown or in the future."""
        if self.published is None or self.published > self.first_seen > 0:
            return self.first_seen
        return self.published


@dataclass(frozen=True, slots=True)
class Label:
    """What one event says of one item: `y` is 1 for, 0 against; `weight` is in (0, 1].

    With `part` ("less like this") it is a lesson for that expert alone, on the feature `key` of
    the item where it names one: the head and the like rate do not hear of it. With `other` (a duel) `item_id` was
    preferred to that item; the like rate does not hear of it.
    """

    event_id: str
    item_id: int
    y: int
    weight: float
    at: float = 0.0
    part: str = ""
    key: str = ""
    other: int = 0

    @property
    def whole(self) -> bool:
        """Whether it says of one item, as a whole, that it was liked or not."""
        return not self.part and not self.other


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model says of n items.

    `logit` float64[n]; `parts` float64[n, E+1] sums to `logit` along its rows, one
    column for each of `names` (the last is "base", the reader's own like rate);
    `variance` float64[n] is the uncertainty of the logit, for exploration.
    """

    logit: np.ndarray
    parts: np.ndarray
    variance: np.ndarray
    names: tuple[str, ...]

    @property
    def probability(self) -> np.ndarray:
        import numpy as np

        return 1.0 / (1.0 + np.exp(-np.clip(self.logit, -30.0, 30.0)))


@dataclass(frozen=True, slots=True)
class Thing:
    """One real thing that a part names: `key` is what "less like this" sends back, `logit` its own share."""

    text: str
    key: str
    logit: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """One line of Why: an expert's share of the logit (`key` is its name), and the real things it names.

    `words` are the printed lines; `things` those among them that the reader can answer.
    """

    name: str
    logit: float
    words: tuple[str, ...] = ()
    key: str = ""
    things: tuple[Thing, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """Parts sum to `logit` within 1e-6; `probability` is the number on the card."""

    item_id: int
    logit: float
    probability: float
    parts: tuple[Part, ...]
    labels: int = 0


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Where an item stands in For You, or would stand: `place` counts from 0 of `of` (None: not among them).

    `reasons` say what holds it down, the strongest first.
    """

    place: int | None
    of: int
    reasons: tuple[str, ...]


class RankedId(NamedTuple):
    """One place of the ranked feed. `note` is "", "explored" or "people"."""

    item_id: int
    probability: float
    note: str = ""


@dataclass(frozen=True, slots=True, eq=True)
class Ranking(Sequence[RankedId]):
    """A ranked feed as parallel lists (10,000 tuples would wake the garbage collector at every key)."""

    ids: list[int]
    probabilities: list[float]
    notes: dict[int, str] = field(default_factory=dict)
    #: An item that stands for a story -> the other items of the story, which are not in `ids`.
    stories: dict[int, tuple[int, ...]] = field(default_factory=dict)
    #: How many followed people brought an item, or its story, lately; where there are several.
    people: dict[int, int] = field(default_factory=dict)

    def without(self, gone: set[int]) -> Ranking:
        """Without some items."""
        kept = [at for at, item_id in enumerate(self.ids) if item_id not in gone]
        return replace(self, ids=[self.ids[at] for at in kept], probabilities=[self.probabilities[at] for at in kept])

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, at: int) -> RankedId: ...
    @overload
    def __getitem__(self, at: slice) -> Ranking: ...
    def __getitem__(self, at: int | slice) -> RankedId | Ranking:
        if isinstance(at, slice):
            return replace(self, ids=self.ids[at], probabilities=self.probabilities[at])
        return RankedId(self.ids[at], self.probabilities[at], self.notes.get(self.ids[at], ""))

    def __iter__(self) -> Iterator[RankedId]:
        for item_id, probability in zip(self.ids, self.probabilities, strict=True):
            yield RankedId(item_id, probability, self.notes.get(item_id, ""))
