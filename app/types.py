"""Values that the store, the ranking, the worker and the screens hand to one another."""

from __future__ import annotations

import enum
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from penchant.adapters.base import Link, Media, Poll

EventKind = Literal[
    "impression", "open", "dwell", "like", "skip", "save", "later", "mute", "less",
    "topics", "picks", "dial", "tune", "undo", "collect", "saved-search", "find", "interest",
    "duel", "voice", "draft",
]  # fmt: skip
#: Kinds that `u` takes back; the others are observations, not decisions.
UNDOABLE: tuple[EventKind, ...] = (
    "like", "skip", "save", "later", "mute", "less", "dial", "collect", "saved-search", "interest",
    "duel", "voice",
)  # fmt: skip
MuteTarget = Literal["author", "source", "domain", "word", "phrase", "language"]


class View(enum.StrEnum):
    """The lists that keys 1-7 show."""

    FOR_YOU = "for-you"
    NEWEST = "newest"
    FOLLOWING = "following"
    SAVED = "saved"
    LIKED = "liked"
    LATER = "later"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Event:
    """One append-only record of what the reader did.

    `value` by kind: impression {"dwell": seconds}, dwell {"seconds": s},
    mute {"what": MuteTarget, "key": str} and perhaps "until" (Unix seconds) and "name", topics {"topics": [str]},
    less {"part": expert, "key": feature} ("less like this"; item_id is the item explained),
    picks {"chosen": [item_id], "offered": [item_id]} (the choice among twelve),
    dial {"what": "expert" | "source" | "order" | "interest", "key": str, "value": 0..4},
    tune {"values": {name of a recipe's value: number}, ...}, collect {"collection": name, "in": bool},
    saved-search {"name": str, "query": str, "notify": bool, "gone": bool},
    find {"query": str, "ranks": {part of the search: place from 1}} (a result that was opened or decided),
    interest {"key": str, "name": str} (the reader's name for one),
    duel {"chosen": item_id, "other": item_id} (of two texts, the funnier one; item_id is the chosen one),
    voice {"what": "description" | "dial" | "arm" | "blind" | "share" ..., "value": ...} (how a model writes for you),
    draft {"draft": id, "act": "kept" | "edited" | "copied" | "posted" | "dropped", ...}; others {}. A like or save with
    {"exported": True} comes from an import; an impression or save with
    {"elsewhere": True} from another reader. `position` counts from 0 in `view`; `shown_score` is the
    probability on screen at the time. `undoes` is the id of the event that
    an "undo" retracts; an undo is never itself undone. `clock` orders events across machines and `origin`
    names the machine that one came from ("": this one); the archive sets the clock of its own.
    """

    kind: EventKind
    item_id: int | None = None
    value: Mapping[str, Any] = field(default_factory=dict)
    view: str = ""
    position: int | None = None
    shown_score: float | None = None
    head_version: int | None = None
    session: str = ""
    undoes: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: float = field(default_factory=time.time)
    clock: float = field(default=0.0, compare=False)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What the live events say of one item."""

    seen: bool = False
    opened: bool = False
    liked: bool = False
    skipped: bool = False
    saved: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What one row of a list needs. Times are Unix seconds UTC."""

    item_id: int
    kind: str
    title: str
    excerpt: str
    url: str
    source: str
    subscription_id: int | None
    author: str
    author_key: str
    published: float | None
    first_seen: float
    points: int | None
    comments: int | None
    people: int
    probability: float | None
    marks: Marks
    media: int = 0
    content_warning: str = ""
    also_in: int = 0
    #: When the gate dropped its body (Unix seconds); None: it is whole.
    dropped: float | None = None
    #: Unseen items of the same story that the stored order folds behind this one, and why it stands there.
    more: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """A whole item for the article view."""

    card: Card
    text: str
    links: tuple[Link, ...]
    media: tuple[Media, ...]
    tags: tuple[str, ...]
    lang: str
    comments_url: str
    updated: float | None
    poll: Poll | None
    sightings: tuple[str, ...]
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One post of a fetched thread. `depth` counts from 0 below the item; None: it stands above the item."""

    author: str
    text: str
    url: str
    published: float | None
    points: int | None
    depth: int | None


@dataclass(frozen=True, slots=True)
class Thread:
    """What surrounds an item, as its server had it at `fetched_at`; `error` says why there is nothing newer."""

    replies: tuple[Reply, ...] = ()
    fetched_at: float = 0.0
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A source the reader added, with its health."""

    id: int
    kind: str
    address: str
    title: str
    settings: Mapping[str, Any]
    folder: tuple[str, ...] = ()
    paused: bool = False
    cursor: Mapping[str, Any] = field(default_factory=dict)
    added_at: float = 0.0
    last_attempt: float | None = None
    last_success: float | None = None
    next_due: float = 0.0
    interval: float = 3600.0
    failures: int = 0
    error: str = ""
    hint: str = ""
    items: int = 0
    state: Literal["idle", "queued", "fetching"] = "idle"
    done: int = 0
    total: int | None = None
    #: How it is kept up to date, where that is not polling alone.
    note: str = ""


class Shot(NamedTuple):
    """A picture of an item as it stands at the moment; `place` counts from 0 among the item's pictures.

    `state`: "" nobody asked for it (or its files had to make room), "wanted" asked for, "there" its files are in
    the cache, "failed" to be tried again, "refused" for good; `note` then says why, in words. `hash` names the
    files (16 bytes) and stays known after they went. `width` and `height` are the original's in pixels, 0 where
    unknown. `frames` is 2 for anything that moves. `preview` is RGB of 4 by 3 pixels, b"" where there is none.
    `small`: it was made of the smaller copy that the item names; a letter without "small" brings the whole one.
    `video`: it is what a video shows before it plays.
    """

    place: int
    url: str
    state: Literal["", "wanted", "there", "failed", "refused"] = ""
    hash: bytes | None = None
    width: int = 0
    height: int = 0
    frames: int = 1
    preview: bytes = b""
    alt: str = ""
    sensitive: bool = False
    note: str = ""
    small: bool = False
    video: bool = False

    @property
    def moves(self) -> bool:
        """Whether a mark on the picture tells that there is more to see."""
        return self.video or self.frames > 1
