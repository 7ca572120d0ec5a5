"""Labels of posts and people: what the author or a moderation service says about them. Pure.

https://docs.bsky.app/docs/advanced-guides/moderation
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .wire import record, records, text

#: Labels that hide pictures until asked for, in words.
_SENSITIVE = {
    "porn": "adult content",
    "sexual": "sexually suggestive",
    "nudity": "nudity",
    "graphic-media": "graphic media",
    "gore": "graphic media",
    "corpse": "graphic media",
}
#: Labels that warn about what is said.
_WARNED = {
    "!hide": "hidden by its moderators",
    "!warn": "marked by its moderators",
    "self-harm": "self-harm",
    "intolerant": "intolerance",
    "threat": "threats",
    "extremist": "extremism",
    "rude": "rudeness",
    "misleading": "misleading",
    "misinformation": "misinformation",
    "spam": "spam",
    "scam": "scam",
    "impersonation": "impersonation",
    "security": "unsafe link",
    "unsafe-link": "unsafe link",
    "illicit": "illicit",
    "sensitive": "sensitive",
    "spoiler": "spoiler",
}
MEMBERS_ONLY = "!no-unauthenticated"
MAX_LABELS = 50


def values(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels on a post or person that hold, its author's own among them; a later `neg` takes one back."""
    held: dict[str, None] = {}
    own = record(record(raw.get("record")).get("labels")).get("values")
    for label in (*records(own, MAX_LABELS), *records(raw.get("labels"), MAX_LABELS)):
        value = text(label.get("val"), 128)
        if label.get("neg") is True:
            held.pop(value, None)
        elif value:
            held[value] = None
    return tuple(held)


def warning(labels: tuple[str, ...]) -> str:
    """What to say before showing a post with these labels; "" for nothing."""
    return ", ".join(dict.fromkeys(_words(labels)))


def sensitive(labels: tuple[str, ...]) -> bool:
    """Whether pictures and films stay hidden until asked for."""
    return any(label in _SENSITIVE or label == "!hide" for label in labels)


def _words(labels: tuple[str, ...]) -> Iterator[str]:
    for label in labels:
        found = _SENSITIVE.get(label) or _WARNED.get(label)
        if found:
            yield found
