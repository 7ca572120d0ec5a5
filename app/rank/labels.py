"""What events say about items: each item gets at most one label, from its most telling live event."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from penchant.app.types import Event

from .types import Label

#: Kind of evidence: (for or against, weight). A weight of 1 is a decision, less is a hint.
LIKED = (1, 1.0)
SAVED = (1, 1.0)
READ = (1, 0.5)  # stayed on the article
OPENED = (1, 0.25)  # looked at it
SKIPPED = (0, 1.0)
PASSED = (0, 0.1)  # on screen, not opened
PASSED_QUICKLY = (0, 0.2)

#: Seconds on an article from which on it was read, and on a card below which it was passed quickly.
LONG_DWELL = 30.0
QUICK_PASS = 1.5

_DECISIONS = {"like": LIKED, "save": SAVED, "skip": SKIPPED, "mute": SKIPPED}


def fold(events: Iterable[Event]) -> Label | None:
    """The label of one item from its live events in order; None where they say nothing.

    The latest decision counts. Without one, "later" is neutral; else reading beats
    opening beats passing. The label stands at its event, later hints do not move it.
    """
    decision: Event | None = None
    hint: tuple[Event, tuple[int, float]] | None = None
    later = False
    for event in events:
        if event.kind in _DECISIONS:
            decision = event
        elif event.kind == "later":
            later = True
        else:
            found = _hint(event)
            if found is not None and (hint is None or _strength(found) > _strength(hint[1])):
                hint = event, found
    if decision is not None:
        return _label(decision, _DECISIONS[decision.kind])
    if later or hint is None:
        return None
    return _label(*hint)


def _hint(event: Event) -> tuple[int, float] | None:
    if event.kind == "open":
        return OPENED
    if event.kind == "dwell":
        return READ if float(event.value.get("seconds", 0.0)) >= LONG_DWELL else OPENED
    if event.kind == "impression":
        return PASSED_QUICKLY if float(event.value.get("dwell", 0.0)) < QUICK_PASS else PASSED
    return None


def _strength(evidence: tuple[int, float]) -> float:
    return evidence[0] * 10 + evidence[1]  # any sign of interest outweighs having passed it


def _label(event: Event, evidence: tuple[int, float]) -> Label:
    assert event.item_id is not None
    return Label(event.id, event.item_id, evidence[0], evidence[1], event.at)


def labels_from_events(events: Iterable[Event]) -> list[Label]:
    """Labels in the order of the events they stand at; undone events are left out."""
    book = LabelBook()
    for event in events:
        book.add(event)
    return book.labels


@dataclass
class LabelBook:
    """Keeps the labels of a growing list of events; adding or undoing one looks at its item only.

    `labels` is in the order of the events that the labels stand at. `add` and `undo` return the
    first place at which it changed, or None where it did not.
    """

    labels: list[Label] = field(default_factory=list)
    _places: list[int] = field(default_factory=list)
    _events: dict[str, tuple[int, Event]] = field(default_factory=dict)
    _of_item: dict[int, list[str]] = field(default_factory=dict)
    _place_of: dict[int, int] = field(default_factory=dict)
    _undone: set[str] = field(default_factory=set)
    _next: int = 0

    def add(self, event: Event) -> int | None:
        """Take in one event (an undo too). A known id changes nothing."""
        if event.kind == "undo":
            return self.undo(event.undoes or "")
        if event.id in self._events or event.id in self._undone or event.item_id is None:
            return None
        self._events[event.id] = (self._next, event)
        self._next += 1
        self._of_item.setdefault(event.item_id, []).append(event.id)
        return self._refold(event.item_id)

    def undo(self, event_id: str) -> int | None:
        """Forget an event, also one that has not come yet."""
        self._undone.add(event_id)
        found = self._events.pop(event_id, None)
        if found is None or found[1].item_id is None:
            return None
        self._of_item[found[1].item_id].remove(event_id)
        return self._refold(found[1].item_id)

    def _refold(self, item_id: int) -> int | None:
        entries = [self._events[id_] for id_ in self._of_item[item_id]]
        label = fold(event for _, event in entries)
        old = self._place_of.get(item_id)
        at = bisect_left(self._places, old) if old is not None else len(self.labels)
        if old is not None:
            if label == self.labels[at]:
                return None
            del self._places[at], self.labels[at], self._place_of[item_id]
        elif label is None:
            return None
        if label is not None:
            place = next(place for place, event in entries if event.id == label.event_id)
            new = bisect_left(self._places, place)
            self._places.insert(new, place)
            self.labels.insert(new, label)
            self._place_of[item_id] = place
            at = min(at, new)
        return at

    def item_of(self, event_id: str) -> int | None:
        """The item that a live event names."""
        found = self._events.get(event_id)
        return None if found is None else found[1].item_id

    def touched(self, item_id: int) -> bool:
        """Whether any live event names the item: it has been seen."""
        return bool(self._of_item.get(item_id))
