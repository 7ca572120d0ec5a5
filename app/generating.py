"""Generated items in the feed: how many, by which arms, blind or marked. What the reader set, from their events. Pure.

Every switch is a "voice" event: {"what": "share", "value": 0..0.5}, {"what": "feed-arm", "key": arm, "value": bool},
{"what": "blind", "value": True} (a test begins; the event's id names it) and {"what": "unblind", "key": test,
"value": report}. So undo, replay and a merge between machines come for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .errors import UsageError
from .types import Event

#: More than every second item would be no feed of what others write any more.
MOST_SHARE = 0.5
#: The arm that pictures come from, and that of real items shown masked in a blind test.
IMAGE, REAL = "image", "real"
#: Arms of a reader who chose none: the model left to itself, and one that knows them.
USUAL = ("none", "vector")
#: The kind of items that are drafts, and what stands on their cards in the place of a source.
DRAFT, MARKED, MASKED = "draft", "generated", "blind test"
#: Kinds of drafts that stand in the feed.
FEED_KINDS = ("feed", "image")
#: Drafts that wait to be shown: at least, and at most.
FEWEST, MOST = 2, 16
#: Characters of the name of an arm.
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Arm:
    """A carrier, by a model ("": the judge's): "vector", "history@http://127.0.0.1:8080"; or "image"."""

    carrier: str
    model: str = ""

    @property
    def name(self) -> str:
        return f"{self.carrier}@{self.model}" if self.model else self.carrier

    @classmethod
    def of(cls, name: str) -> Arm:
        """Raises `UsageError` for what can be no arm."""
        carrier, _, model = name.strip().partition("@")
        if not carrier.replace("-", "").isalnum() or len(name) > LONGEST or not name.isprintable():
            raise UsageError(
                f"{name[:60]!r} is no arm",
                hint="An arm is a carrier such as vector, or a carrier and a model: vector@FILE or history@http://...",
            )
        return cls(carrier, model.strip())


@dataclass(frozen=True, slots=True)
class Settings:
    """`share` of For you that is generated (0: off), by `arms` in turn; `test` is the blind test that runs, or ""."""

    share: float = 0.0
    arms: tuple[Arm, ...] = ()
    test: str = ""
    test_at: float = 0.0

    @property
    def on(self) -> bool:
        return self.share > 0.0 and bool(self.writing or (self.draws and not self.test))

    @property
    def writing(self) -> tuple[Arm, ...]:
        """The arms that write texts."""
        return tuple(arm for arm in self.arms if arm.carrier != IMAGE)

    @property
    def draws(self) -> bool:
        """Whether pictures are wanted (not while a blind test runs: nothing real would stand beside them)."""
        return any(arm.carrier == IMAGE for arm in self.arms)

    @property
    def step(self) -> int:
        """One place in so many is a draft's; in a blind test a real item takes a place in as many."""
        share = min(self.share, MOST_SHARE) * (2 if self.test else 1)
        return max(2, round(1.0 / share)) if share else 0

    @property
    def waiting(self) -> int:
        """So many drafts are made ahead: what the next hundred places take."""
        return max(FEWEST, min(MOST, round(100 * self.share)))


def settings(events: Iterable[Event]) -> Settings:
    """What live "voice" events in their order come to; what makes no sense in them is passed over."""
    share, arms, test, at = 0.0, dict.fromkeys(USUAL, True), "", 0.0
    for event in events:
        what, key, value = (event.value.get(name) for name in ("what", "key", "value"))
        if what == "share" and isinstance(value, int | float) and math.isfinite(value):
            share = min(max(float(value), 0.0), MOST_SHARE)
        elif what == "feed-arm" and isinstance(key, str):
            arms.pop(key, None)
            if value is True:
                arms[key] = True
        elif what == "blind" and not test:
            test, at = event.id, event.at
        elif what == "unblind" and key == test:
            test, at = "", 0.0
    return Settings(share, tuple(found for name in arms if (found := _arm(name)) is not None), test, at)


def _arm(name: str) -> Arm | None:
    try:
        return Arm.of(name)
    except UsageError:
        return None


def share_event(share: float, **more: Any) -> Event:
    """Raises `UsageError` for a share that is none."""
    if not 0.0 <= share <= MOST_SHARE:
        raise UsageError(
            f"a share is a number from 0 to {MOST_SHARE:g}, not {share:g}",
            hint="0.1 makes one item in ten a generated one; 0 switches them off.",
        )
    return Event("voice", value={"what": "share", "value": round(share, 4)}, **more)


def arm_event(name: str, on: bool, **more: Any) -> Event:
    """Raises `UsageError` for what can be no arm."""
    return Event("voice", value={"what": "feed-arm", "key": Arm.of(name).name, "value": on}, **more)


def blind_event(**more: Any) -> Event:
    """A blind test begins; the id of the event is its name."""
    return Event("voice", value={"what": "blind", "value": True}, **more)
