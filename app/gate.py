"""The gate for the other parts: what it may do, how far it is, what it would do. Imports nothing heavy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .config import GateOptions
    from .store import Store

Mode = Literal["off", "preview", "on"]
#: What the reader chose with `penchant gate`, before the configuration; and what the last run found.
_MODE, _FOUND, _JUDGED = "gate.mode", "gate.found", "gate.judged"
#: Seconds after which what was let pass is judged again.
AGAIN = 90 * 86_400.0
#: Of the labels so many must be for and so many against, or nothing can be learned from them.
EACH = 20
#: The gate may not go on where a replay of the reader's own events keeps less than this of the later likes.
KEEP = 0.95


@dataclass(frozen=True, slots=True)
class Sample:
    """One body that would be dropped."""

    item_id: int
    title: str
    probability: float
    reason: str
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """The reader's own last weeks with the gate on, had it known only what came before.

    `likes` since then; `old` of them of items older than the gate's age, `lost` of those whose bodies
    it would have dropped. `judged` of the likes as if it decided about new items too: the harder
    question, at half of everything that came; `kept` of them stay.
    """

    likes: int = 0
    old: int = 0
    lost: int = 0
    judged: int = 0
    kept: int = 0

    @property
    def share(self) -> float | None:
        """Part of the likes whose bodies stay under the harder question; None without any."""
        return self.kept / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found; `at` is 0 where none was made. `acted`: it was allowed to drop, and did if `note` is ""."""

    at: float = 0.0
    labels: int = 0
    wanted: int = 0
    would_drop: int = 0
    bytes: int = 0
    old: int = 0
    replay: Replayed = field(default_factory=Replayed)
    sample: tuple[Sample, ...] = ()
    note: str = ""
    acted: bool = False


@dataclass(frozen=True, slots=True)
class GateSummary:
    """For a screen: `state` is what the reader chose, `active` whether it may act on it.

    `labels` of `needed`; `would_drop` bodies of `bytes`; `kept_likes` 0..1 of the likes in the replay
    (None: nothing to say); `last_run` Unix seconds or None; `dropped` bodies are gone now, `here` of
    them can be restored without the network; `note` says what is missing, "" where nothing is.
    """

    state: Mode = "off"
    labels: int = 0
    needed: int = 200
    would_drop: int = 0
    bytes: int = 0
    kept_likes: float | None = None
    last_run: float | None = None
    active: bool = False
    dropped: int = 0
    here: int = 0
    note: str = ""


def mode(store: Store, options: GateOptions) -> Mode:
    """What the reader chose: with `penchant gate`, else in the configuration."""
    return chosen(store) or options.enabled  # type: ignore[return-value]


def chosen(store: Store) -> Mode | None:
    """What was chosen with `penchant gate`; None where nothing was."""
    found = store.control.setting(_MODE)
    return found if found in ("off", "preview", "on") else None


def choose(store: Store, wanted: Mode) -> None:
    """Remember the reader's choice."""
    store.control.remember(_MODE, wanted)


def summary(store: Store, options: GateOptions | None = None) -> GateSummary:
    """How the gate stands; some milliseconds. Raises `StoreError`."""
    from .config import GateOptions

    options = options or GateOptions()
    last = found(store)
    state = mode(store, options)
    labels = store.gate.labelled(options.days)
    dropped, _, here = store.gate.count()
    note = lacking(labels, options.min_labels)
    return GateSummary(
        state=state,
        labels=sum(labels),
        needed=options.min_labels,
        would_drop=last.would_drop,
        bytes=last.bytes,
        kept_likes=last.replay.share,
        last_run=last.at or None,
        active=state == "on" and not note,
        dropped=dropped,
        here=here,
        note=note or last.note,
    )


def lacking(labels: tuple[int, int], needed: int) -> str:
    """What is missing before the gate may learn, in words; "" where nothing is. `labels` are for and against."""
    total = sum(labels)
    if total < needed:
        return f"{needed - total} of {needed} labels are missing"
    for count, words in zip(labels, ("you liked, saved or opened", "you skipped or never looked at"), strict=True):
        if count < EACH:
            return f"{EACH - count} more items that {words} are needed"
    return ""


def judged(store: Store) -> tuple[float, float]:
    """(items older than this were judged, when all of them were), Unix seconds; zeros where none were."""
    try:
        through, whole_at = json.loads(store.control.setting(_JUDGED) or "")
        return float(through), float(whole_at)
    except (ValueError, TypeError):
        return 0.0, 0.0


def judged_through(store: Store, through: float, now: float) -> None:
    """Remember that every item older than `through` was judged."""
    whole_at = judged(store)[1]
    store.control.remember(_JUDGED, json.dumps([through, whole_at if 0.0 <= now - whole_at < AGAIN else now]))


def found(store: Store) -> Found:
    """What the last run found; an empty one where there is none that this version can read."""
    try:
        raw = json.loads(store.control.setting(_FOUND) or "")
        raw["replay"] = Replayed(**raw["replay"])
        raw["sample"] = tuple(Sample(**each) for each in raw["sample"])
        return Found(**raw)
    except (ValueError, TypeError, KeyError):
        return Found()


def remember(store: Store, what: Found) -> None:
    """Store what a run found."""
    store.control.remember(_FOUND, json.dumps(asdict(what), ensure_ascii=False))
