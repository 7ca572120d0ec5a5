"""What the reader can tune, read from the archive: dials, sources, first choices, adopted tunings. No numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from .muting import Mute, in_force
from .tuning_state import last
from .types import Event

if TYPE_CHECKING:
    from .store import Store

#: Expert -> its name on the screen, and what it looks at. One that is not listed goes by its own name.
EXPERTS: Mapping[str, tuple[str, str]] = {
    "words": ("words", "The words an item uses, and pairs of them, against those of what you liked and skipped."),
    "static": ("meaning", "What an item is about, by the bundled word vectors; sees kinship where no word is shared."),
    "sentence": ("sentence meaning", "What whole sentences say, by the sentence model."),
    "origin": ("author and source", "Who wrote it, which source and site brought it, its kind and its language."),
    "tags": ("tags", "Tags, hashtags and categories."),
    "people": ("people", "Which of the people you follow passed it on, and how many."),
    "popular": ("popularity", "Points and comments, against what is usual in its source."),
    "shape": ("length and form", "How long it is; whether it has a title, pictures or moving pictures."),
    "recency": ("age", "How old it is: whether you like what is fresh or what has settled."),
    "picture": ("pictures", "What its pictures show, against those of what you liked and skipped."),
    "caption": ("what it shows", "What its words would look like, by the model of pictures."),
    "hidden": ("judge's reading", "What the language model has in mind after reading it."),
    "judge": ("judge", "Whether the language model expects it after what you liked, or after what you skipped."),
    "asked": ("judge's answer", "Whether the language model says yes when asked if you would like it."),
}
#: Part of the ordering -> its name on the screen, and what turning it up does.
ORDER: Mapping[str, tuple[str, str]] = {
    "people": ("several people", "Lifts what several people you follow brought within two days."),
    "explore": ("exploration", "Gives places to items the ranking is unsure of, so that it goes on learning."),
    "fresh": ("freshness", "Lets items sink faster with age; turned down, old ones stay in the race longer."),
    "diverse": ("variety", "Keeps the same author, source or story from coming twice in a row."),
}
TARGETS = ("expert", "source", "order", "interest")


@dataclass(frozen=True, slots=True)
class SourceDial:
    """One source: `key` is what its dial goes by, `liked` of `judged` items were liked or saved, not skipped."""

    key: str
    title: str
    items: int
    liked: int
    judged: int
    followed: bool = True


@dataclass(frozen=True, slots=True)
class InterestDial:
    """One interest: `key` is what its dial and its name go by, `liked` of `judged` decided items near it were liked.

    `size`: liked items that make it; `examples`: titles of the nearest; `words`: what penchant would call it.
    """

    key: str
    title: str
    size: int
    liked: int
    judged: int
    examples: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Tuned:
    """One adopted tuning: values by their recipe names, the `gain` it promised (NaN: not said), over `labels`."""

    event: Event
    values: tuple[tuple[str, float], ...]
    gain: float
    labels: int
    note: str


@dataclass(frozen=True, slots=True)
class Tried:
    """The last self-tuning pass: when (Unix seconds), over how many decisions, and what came of it in words."""

    at: float
    decisions: int
    note: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything of the Tuning screen that the archive knows; `dials` by (what, key), absent ones stand at 1.

    `tuned` and `guesses` (live events "topics" and "picks") are newest first. `tried`: the last pass, adopted or not.
    """

    dials: Mapping[tuple[str, str], float]
    sources: Sequence[SourceDial]
    mutes: Sequence[Mute]
    tuned: Sequence[Tuned]
    guesses: Sequence[Event]
    tried: Tried | None
    interests: Sequence[InterestDial] = ()


def standing(store: Store, now: float) -> Standing:
    """Read it; `now` in Unix seconds. Raises `StoreError`."""
    dials = store.events.dials()
    events = store.events.of_kind("topics", "picks", "tune")[::-1]
    return Standing(
        dials,
        _sources(store, [key for what, key in dials if what == "source"]),
        in_force(store.events.mutes(), now)[::-1],
        [tuned(event) for event in events if event.kind == "tune"],
        [event for event in events if event.kind != "tune"],
        _tried(last(store)),
        interests(store),
    )


def interests(store: Store, examples: int = 3) -> list[InterestDial]:
    """Every interest with the titles of its nearest items, the largest first. Raises `StoreError`."""
    return [
        InterestDial(
            each.key, each.title, each.size, each.liked, each.judged,
            tuple(card.title or card.excerpt for card in store.items.cards(each.members[:examples])),
            each.name or each.words,
        )
        for each in store.interests.all()
    ]  # fmt: skip


def _tried(found: Mapping[str, object]) -> Tried | None:
    at, decisions = found.get("at"), found.get("decisions")
    if not _number(at):
        return None
    return Tried(float(at), int(decisions) if _number(decisions) else 0, str(found.get("note") or ""))


def _sources(store: Store, dialled: Sequence[str]) -> list[SourceDial]:
    judged = store.subscriptions.verdicts()
    out = []
    for each in store.subscriptions.all():
        liked, skipped = judged.get(each.id, (0, 0))
        key = source_key(each.kind, each.address)
        out.append(SourceDial(key, each.title or each.address, each.items, liked, liked + skipped))
    known = {each.key for each in out}
    return [*out, *(SourceDial(key, key, 0, 0, 0, False) for key in sorted(set(dialled) - known))]


def source_key(kind: str, address: str) -> str:
    """What the dial of a source goes by, also after the source was removed and added again."""
    return f"{kind}:{address}"


def tuned(event: Event) -> Tuned:
    """A "tune" event as a value; what is no number in it is left out."""
    values = event.value.get("values")
    pairs = values.items() if isinstance(values, dict) else ()
    gain, labels = event.value.get("gain"), event.value.get("labels")
    return Tuned(
        event,
        tuple((str(name), float(value)) for name, value in pairs if _number(value)),
        float(gain) if _number(gain) else math.nan,
        int(labels) if _number(labels) else 0,
        str(event.value.get("note") or ""),
    )


def _number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def dial_value(what: str, key: str, value: float) -> dict[str, object]:
    """The value of a "dial" event."""
    return {"what": what, "key": key, "value": value}


def guess_words(event: Event) -> str:
    """A "topics" or "picks" event in words."""
    if event.kind == "topics":
        return "topics: " + ", ".join(str(topic) for topic in event.value.get("topics", ()))
    chosen, offered = (len(event.value.get(name, ())) for name in ("chosen", "offered"))
    return f"chose {chosen} of {offered}" if chosen else f"chose none of {offered}"


def tuned_words(done: Tuned) -> str:
    """An adopted tuning in words: what it set, and what it promised."""
    values = ", ".join(f"{name} {value:.3g}" for name, value in done.values) or "nothing"
    gain = "" if math.isnan(done.gain) else f", gain {done.gain:+.3f}"
    return f"{values}{gain}" + (f" over {done.labels} labels" if done.labels else "")
