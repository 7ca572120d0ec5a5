"""What events say about items: each item gets at most one label, from its most telling live event."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from penchant.app.types import Event

from .types import Label


@dataclass(frozen=True, slots=True)
class LabelWeights:
    """How much each kind of evidence counts: 1 is a decision, less is a hint. There are no others.

    For: `like`, `save`, `read` (stayed on the article), `opened`. Against: `skip` (a mute of the
    author too), `passed` (on screen, not opened), `quick` (passed quickly), `less` ("less like this",
    a lesson for one expert), `duel` (of two items, this one). `exported`: likes of an import, which are no labels but
    a prior that fades.
    """

    like: float = 1.0
    save: float = 1.0
    read: float = 0.5
    opened: float = 0.25
    skip: float = 1.0
    passed: float = 0.1
    quick: float = 0.2
    less: float = 1.0
    duel: float = 1.0
    exported: float = 1.0


#: What an exported act says of taste, in quarters of a like, so that sums stay exact: passing on and keeping are
#: decisions for an item, answering need not be, and what one wrote oneself says what one is about.
EXPORTED_ACTS = {"liked": 4, "saved": 4, "reposted": 4, "quoted": 2, "authored": 2, "replied": 1}
WHOLE = 4
#: Seconds on an article from which on it was read, and on a card below which it was passed quickly.
LONG_DWELL = 30.0
QUICK_PASS = 1.5

#: Decisions: for or against, and the name of their weight.
_DECISIONS = {"like": (1, "like"), "save": (1, "save"), "skip": (0, "skip"), "mute": (0, "skip")}
_DEFAULT = LabelWeights()


def fold(events: Iterable[Event], weights: LabelWeights = _DEFAULT) -> Label | None:
    """The label of one item from its live events in order; None where they say nothing.

    The latest decision counts; of mutes only that of the author, since a muted language or word
    says little of the item at hand. Without one, "later" is neutral; else reading beats
    opening beats passing. The label stands at its event, later hints do not move it.
    Exported likes are no labels, and what was read elsewhere is neither for nor against.
    """
    decision: Event | None = None
    hint: tuple[Event, tuple[int, str]] | None = None
    later = False
    for event in events:
        if event.value.get("exported"):
            continue
        if event.kind in _DECISIONS and (event.kind != "mute" or event.value.get("what", "author") == "author"):
            decision = event
        elif event.kind == "later":
            later = True
        else:
            found = _hint(event)
            if found is not None and (hint is None or _strength(found) > _strength(hint[1])):
                hint = event, found
    if decision is not None:
        return _label(decision, _DECISIONS[decision.kind], weights)
    if later or hint is None:
        return None
    return _label(*hint, weights)


def _hint(event: Event) -> tuple[int, str] | None:
    if event.kind == "open":
        return 1, "opened"
    if event.kind == "dwell":
        return (1, "read") if float(event.value.get("seconds", 0.0)) >= LONG_DWELL else (1, "opened")
    if event.kind == "impression" and not event.value.get("elsewhere"):  # read in another reader: nobody saw why
        return (0, "quick") if float(event.value.get("dwell", 0.0)) < QUICK_PASS else (0, "passed")
    return None


#: Any sign of interest outweighs having passed it.
_STRENGTH = ("passed", "quick", "opened", "read")


def _strength(evidence: tuple[int, str]) -> int:
    return _STRENGTH.index(evidence[1])


def _label(event: Event, evidence: tuple[int, str], weights: LabelWeights) -> Label:
    assert event.item_id is not None
    return Label(event.id, event.item_id, evidence[0], getattr(weights, evidence[1]), event.at)


def labels_from_events(events: Iterable[Event], weights: LabelWeights = _DEFAULT) -> list[Label]:
    """Labels in the order of the events they stand at; undone events are left out."""
    book = LabelBook(weights)
    for event in events:
        book.add(event)
    return book.labels


def _quarters(event: Event) -> int:
    return EXPORTED_ACTS.get(str(event.value.get("act", "liked")), WHOLE)


def _lesson(event: Event, weights: LabelWeights) -> Label:
    assert event.item_id is not None
    part, key = str(event.value.get("part", "")), str(event.value.get("key", ""))
    item_id = event.item_id
    if key.startswith("item:") and key[5:].isdecimal():  # "less like that post"
        item_id, key = int(key[5:]), ""
    return Label(event.id, item_id, 0, weights.less, event.at, part, key)


def _duel(event: Event, weights: LabelWeights) -> Label | None:
    """Which of two was preferred; None where the other one is gone, or is the same."""
    assert event.item_id is not None
    other = event.value.get("other")
    if not isinstance(other, int) or other <= 0 or other == event.item_id:
        return None
    return Label(event.id, event.item_id, 1, weights.duel, event.at, other=other)


@dataclass
class LabelBook:
    """Keeps the labels of a growing list of events; adding or undoing one looks at its item only.

    `labels` is in the order of the events that the labels stand at. `add` and `undo` return the
    first place at which it changed, or None where it did not. `exported` adds up the live
    exported acts of each item, in quarters of a like (`EXPORTED_ACTS`).
    """

    weights: LabelWeights = _DEFAULT
    exported: dict[int, int] = field(default_factory=dict)
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
        if event.kind == "less":
            return self._insert(self._next - 1, _lesson(event, self.weights))
        if event.kind == "duel":
            pair = _duel(event, self.weights)
            return None if pair is None else self._insert(self._next - 1, pair)
        if event.value.get("exported"):
            self.exported[event.item_id] = self.exported.get(event.item_id, 0) + _quarters(event)
        self._of_item.setdefault(event.item_id, []).append(event.id)
        return self._refold(event.item_id)

    def undo(self, event_id: str) -> int | None:
        """Forget an event, also one that has not come yet."""
        self._undone.add(event_id)
        found = self._events.pop(event_id, None)
        if found is None or found[1].item_id is None:
            return None
        place, event = found
        item_id = found[1].item_id
        if event.kind in ("less", "duel"):
            at = bisect_left(self._places, place)
            if self._places[at : at + 1] != [place]:  # a duel that said nothing
                return None
            del self._places[at], self.labels[at]
            return at
        if event.value.get("exported"):
            self.exported[item_id] -= _quarters(event)
            if not self.exported[item_id]:
                del self.exported[item_id]
        self._of_item[item_id].remove(event_id)
        return self._refold(item_id)

    def _insert(self, place: int, label: Label) -> int:
        at = bisect_left(self._places, place)
        self._places.insert(at, place)
        self.labels.insert(at, label)
        return at

    def _refold(self, item_id: int) -> int | None:
        entries = [self._events[id_] for id_ in self._of_item[item_id]]
        label = fold((event for _, event in entries), self.weights)
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
            new = self._insert(place, label)
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
