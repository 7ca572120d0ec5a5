"""What is muted, as values: which mutes hold, until when, and how a key is written. Pure.

A mute is an event {"what": MuteTarget, "key": str}, perhaps with "until" (Unix
seconds; absent: for ever) and "name" (what the reader saw when muting). The
latest event about the same thing says until when; retracting all of them ends it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlsplit

from .types import Event, MuteTarget

TARGETS: tuple[MuteTarget, ...] = get_args(MuteTarget)
#: What the dialog offers: words for the reader, seconds (None: for ever).
DURATIONS: tuple[tuple[str, float | None], ...] = (
    ("for ever", None),
    ("a day", 86_400.0),
    ("a week", 7 * 86_400.0),
    ("a month", 30 * 86_400.0),
)
_UNITS = {"h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0, "m": 30 * 86_400.0, "y": 365 * 86_400.0}
_HOST = re.compile(r"(?!-)[^\s/:@?#.-][^\s/:@?#.]*(\.[^\s/:@?#.]+)*\.?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
#: Longer keys are pasted by accident.
MOST = 200


@dataclass(frozen=True, slots=True)
class Mute:
    """One thing that is muted. `events` are all live events about it: removing it retracts each."""

    what: MuteTarget
    key: str
    name: str
    until: float | None
    at: float
    events: tuple[Event, ...]

    def holds(self, now: float) -> bool:
        """Whether it has not ended yet."""
        return self.until is None or now < self.until


def mutes_of(events: Iterable[Event]) -> list[Mute]:
    """The mutes that live mute events (in order) amount to, ended ones too; newest last."""
    found: dict[tuple[str, str], Mute] = {}
    for event in events:
        what, key = str(event.value.get("what", "")), str(event.value.get("key", "")).strip()
        if what not in TARGETS or not key:
            continue
        same = what, key if what in ("author", "source") else key.casefold()
        before = found.pop(same, None)
        named = before is not None and before.name != before.key
        name = str(event.value.get("name") or (before.name if before and named else key))
        earlier = before.events if before else ()
        until = _seconds(event.value.get("until"))
        found[same] = Mute(what, key, name, until, event.at, (*earlier, event))
    return list(found.values())


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def in_force(events: Iterable[Event], now: float) -> list[Mute]:
    """The mutes that hold at `now` (Unix seconds)."""
    return [mute for mute in mutes_of(events) if mute.holds(now)]


def next_end(events: Iterable[Event], now: float) -> float | None:
    """When the next of them ends by itself (Unix seconds), None if none does."""
    return min((mute.until for mute in in_force(events, now) if mute.until is not None), default=None)


def value_of(what: MuteTarget, key: str, name: str = "", until: float | None = None) -> dict[str, object]:
    """The value of a mute event."""
    value: dict[str, object] = {"what": what, "key": key}
    if name and name != key:
        value["name"] = name
    return value if until is None else {**value, "until": until}


def key_of(what: MuteTarget, text: str) -> str:
    """What a reader typed, as the key of a mute. ValueError says in words what is wrong with it."""
    visible = "".join(letter if letter.isprintable() else " " for letter in text)
    key = unicodedata.normalize("NFC", " ".join(visible.split()))
    if not key:
        raise ValueError(f"no {what} was given")
    if len(key) > MOST:
        raise ValueError(f"a {what} of {len(key)} characters is too long; the most are {MOST}")
    if what == "domain":
        return _domain(key)
    if what == "language":
        key = key.lower().replace("_", "-")
        if not _LANGUAGE.fullmatch(key):
            raise ValueError(f"{text.strip()!r} is not a language code, such as en, de or pt-BR")
    if what == "word" and " " in key:
        raise ValueError(f"{key!r} is more than one word: mute it as a phrase")
    return key


def _domain(text: str) -> str:
    """The host of an address, or of what is written like one."""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        host = ""
    host = host.lower().strip(".").removeprefix("www.").removeprefix("*.")
    if not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is not a domain, such as example.org")
    return host


def lasting(text: str) -> float | None:
    """Seconds of "12h", "1d", "2w", "3m" (months of 30 days), "1y"; None for "forever". ValueError otherwise."""
    wanted = text.strip().lower()
    if wanted in ("forever", "for ever"):
        return None
    match = re.fullmatch(r"(\d{1,4})\s*([hdwmy])", wanted)
    if match is None or not int(match[1]):
        raise ValueError(f"{text!r} is not a time such as 12h, 1d, 2w, 3m, 1y or forever")
    return int(match[1]) * _UNITS[match[2]]


def left(until: float | None, now: float) -> str:
    """How long a mute still holds, in words: "for ever", "3d left", "ended"."""
    if until is None:
        return "for ever"
    if until <= now:
        return "ended"
    seconds = until - now
    for unit, size in (("d", 86_400), ("h", 3_600)):
        # Rounded, so that what was muted for a week does not begin with "6d left".
        if round(seconds / size) >= (2 if unit == "d" else 1):
            return f"{round(seconds / size)}{unit} left"
    return f"{max(1, round(seconds / 60))}m left"
