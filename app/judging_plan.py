"""What the judge does next, and when it must not: pure functions of values.

A text is named by its content hash. Times are Unix seconds, computing is CPU seconds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, NamedTuple

#: Another one when a history comes to be put to the model in other words: opinions then are of another history.
PROMPT = "2"
#: Likes, and as many skips (real or assumed), below which the judge waits.
FEWEST = 8
#: A history has moved once more than this share of it changed, or so many decisions came.
MOVED, NEW = 0.25, 20
#: Decided texts that are judged, the latest: what the ranking learns its trust in experts from.
MOST_DECIDED = 256
#: So many places of the stored order, and this share of them, need opinions before the ranking hears a model.
FIRST_PLACES, NEARLY = 50, 0.9
#: A text that has an opinion of an older history waits behind those of nearly its worth that have none.
OLD_IS_WORTH = 0.3
#: Places behind the first ones after which being shown soon counts half; what not knowing at all counts.
SOON, UNSURE = 30.0, 0.9
#: Seconds after a keypress during which nothing is begun.
CALM = 5.0
HOUR, MINUTE = 3600.0, 60.0


class Item(NamedTuple):
    """An item that may be judged; `at` is when it appeared, of a decided one when it was decided."""

    item_id: int
    text: bytes
    at: float
    place: int | None = None
    probability: float = 0.5


class Known(NamedTuple):
    """The opinion that there is: formed when, with which history."""

    history: str
    at: float


def worth(place: int | None, probability: float) -> float:
    """0 to 1, in tenths: how soon it may be shown, or how unsure the ranking is of it, whichever is more.

    The first places stand before everything else: the ranking hears a model once it knows them.
    """
    soon = 0.0 if place is None else 1.0 / (1.0 + max(0, place - FIRST_PLACES) / SOON)
    return round(max(soon, UNSURE * 4.0 * probability * (1.0 - probability)), 1)


def due(
    unseen: Iterable[Item],
    decided: Iterable[Item],
    known: Mapping[bytes, Known],
    history: str,
    aside: Set[bytes] = frozenset(),
) -> list[Item]:
    """What lacks an opinion of this history, what matters most first; a text once.

    Unseen and decided items take turns: without the decided ones the ranking cannot learn how far to believe any.
    """
    second = sorted(
        (item for item in decided if _untold(item, known.get(item.text), history)),
        key=lambda item: (item.text in known, -item.at, -item.item_id),
    )
    taken = {item.text for item in second} | aside
    first = sorted(
        (item for item in unseen if item.text not in taken and _wanting(known.get(item.text), history)),
        key=lambda item: (-_worth(item, known), -item.at, -item.item_id),
    )
    found: dict[bytes, Item] = {}
    for item in chain.from_iterable(zip_longest(first, second)):
        if item is not None and item.text not in aside:
            found.setdefault(item.text, item)
    return list(found.values())


def covered(unseen: Iterable[Item], decided: Iterable[Item], texts: Collection[bytes]) -> bool:
    """Whether `texts` hold what the ranking needs to make use of a model: nearly every decided item, and of the first
    places nearly all too, since new items come all the time.
    """
    first = {item.text for item in unseen if item.place is not None and item.place < FIRST_PLACES}
    sides, known = (first, {item.text for item in decided}), set(texts)
    return any(sides) and all(len(side & known) >= NEARLY * len(side) for side in sides)


def _worth(item: Item, known: Mapping[bytes, Known]) -> float:
    return worth(item.place, item.probability) - (OLD_IS_WORTH if item.text in known else 0.0)


def _wanting(opinion: Known | None, history: str) -> bool:
    return opinion is None or opinion.history != history


def _untold(item: Item, opinion: Known | None, history: str) -> bool:
    """A decided text's opinion from before the decision never knew of it, and stays for good."""
    return opinion is None or (opinion.at >= item.at and opinion.history != history)


# -- the history
@dataclass(frozen=True, slots=True)
class History:
    """The items that opinions are formed with, frozen until the reader's decisions have moved on.

    `assumed`: the skips are items never judged, since nothing was ever skipped. `version` names it all, the way that
    it is put to a model too.
    """

    version: str
    likes: tuple[int, ...]
    skips: tuple[int, ...]
    assumed: bool = False

    def to_json(self) -> str:
        return json.dumps([PROMPT, self.version, self.likes, self.skips, self.assumed])

    @classmethod
    def from_json(cls, value: object) -> History | None:
        try:
            prompt, version, likes, skips, assumed = json.loads(value if isinstance(value, str) else "")
            if prompt != PROMPT:
                return None
            return cls(str(version), tuple(map(int, likes)), tuple(map(int, skips)), bool(assumed))
        except (ValueError, TypeError):
            return None


def history_of(likes: Sequence[int], skips: Sequence[int], assumed: bool, texts: Mapping[int, bytes]) -> History:
    """A history of items, named by their number and texts: "32+30:9f86d081", "32+30?:..." for assumed skips."""
    digest = hashlib.blake2b(key=PROMPT.encode(), digest_size=6)
    for side in (likes, skips):
        digest.update(b"".join(sorted(texts.get(item, b"") for item in side)) + b"|")
    version = f"{len(likes)}+{len(skips)}{'?' if assumed else ''}:{digest.hexdigest()}"
    return History(version, tuple(likes), tuple(skips), assumed)


def sides(version: str) -> tuple[int, int, bool] | None:
    """How many likes and skips a version names, and whether the skips were assumed; None where it names none."""
    found = re.match(r"(\d{1,9})\+(\d{1,9})(\??):", version)
    return (int(found[1]), int(found[2]), bool(found[3])) if found else None


def moved(history: History, likes: Iterable[int], skips: Iterable[int], assumed: bool) -> bool:
    """Whether the decisions of today differ so much that opinions formed with `history` are old.

    Assumed skips are drawn anew with every history and say nothing of the reader: they are not compared.
    """
    if history.assumed != assumed:
        return True
    before = {(item, 1) for item in history.likes} | {(item, 0) for item in history.skips if not assumed}
    now = {(item, 1) for item in likes} | {(item, 0) for item in skips if not assumed}
    new, gone = len(now - before), len(before - now)
    return max(new, gone) > MOVED * len(before) or new >= NEW


def enough(likes: int, skips: int) -> bool:
    return likes >= FEWEST and skips >= FEWEST


# -- when
@dataclass(frozen=True, slots=True)
class Budget:
    """CPU seconds spent in the last hour: (minute, seconds) pairs, oldest first. Survives restarts as JSON."""

    used: tuple[tuple[float, float], ...] = ()

    def spend(self, now: float, seconds: float) -> Budget:
        """With so much more, and without what is older than an hour or lies in a future that a clock went back from."""
        minute = now // MINUTE * MINUTE
        kept = dict(self._lately(now))
        kept[minute] = kept.get(minute, 0.0) + max(0.0, seconds)
        return Budget(tuple(sorted(kept.items())))

    def spent(self, now: float) -> float:
        return sum(seconds for _, seconds in self._lately(now))

    def wait(self, now: float, allowed: float) -> float:
        """Seconds until less than `allowed` is spent; infinite where nothing is allowed."""
        if allowed <= 0.0:
            return float("inf")
        lately = Budget(tuple(self._lately(now)))  # a future that a clock went back from would never let it end
        if lately.spent(now) < allowed:
            return 0.0
        ends = (minute + HOUR for minute, _ in lately.used)
        return next(max(0.0, end - now) for end in ends if lately.spent(max(now, end)) < allowed)

    def _lately(self, now: float) -> list[tuple[float, float]]:
        return [(minute, seconds) for minute, seconds in self.used if now - HOUR < minute <= now + MINUTE]

    def to_json(self) -> str:
        return json.dumps(self.used)

    @classmethod
    def from_json(cls, value: object) -> Budget:
        try:
            raw: Any = json.loads(value) if isinstance(value, str) else ()
            return cls(tuple(sorted((float(minute), float(seconds)) for minute, seconds in raw)))
        except (ValueError, TypeError):
            return cls()


def calm_in(last_event: float | None, now: float) -> float:
    """Seconds until the reader has been still for `CALM`; 0 where that is so, or the event lies in the future."""
    since = CALM if last_event is None else now - last_event
    return CALM - since if 0.0 <= since < CALM else 0.0
