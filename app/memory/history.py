"""Deeds as a history: one line for each item and day, newest first, and the same date in earlier years."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .deeds import Clock, Deed, local, start_of

#: What was done, as the reader reads it, in this order.
DONE = {
    "open": "read", "like": "liked", "save": "saved", "later": "for later", "skip": "skipped", "impression": "seen",
}  # fmt: skip
#: Kinds that a history is made of; a dwell only says how long.
KINDS = (*DONE, "dwell")
#: What a narrowed history keeps.
ONLY: dict[str, frozenset[str]] = {
    "": frozenset(DONE),
    "opened": frozenset(("open",)),
    "liked": frozenset(("like",)),
    "saved": frozenset(("save", "later")),
}
#: Days within which an archive is young: the same day of earlier months is shown too.
YOUNG = 365


@dataclass(frozen=True, slots=True)
class Visit:
    """An item on one day: `at` is the last thing done with it, `done` everything, `seconds` how long it was read."""

    item_id: int
    at: float
    done: tuple[str, ...]
    seconds: float = 0.0
    afar: bool = False

    @property
    def clock(self) -> str:
        """The time on the reader's clock, "09:41"."""
        return f"{local(self.at):%H:%M}"

    @property
    def words(self) -> str:
        """ "read, liked"; seen alone says so."""
        said = [DONE[kind] for kind in self.done if kind != "impression"] or [DONE["impression"]]
        return ", ".join(said) + (" (elsewhere)" if self.afar else "")


@dataclass(frozen=True, slots=True)
class Day:
    """A local date and its visits, the latest first. `name` heads those of an earlier year."""

    on: date
    visits: tuple[Visit, ...]
    name: str = ""

    def title(self, today: date) -> str:
        """How to head it."""
        ago = (today - self.on).days
        near = {0: "Today, ", 1: "Yesterday, "}.get(ago, "")
        return f"{self.name or near}{self.on:%A} {self.on.day} {self.on:%B %Y}"


def days(deeds: Iterable[Deed], only: str = "") -> list[Day]:
    """A history, the latest day first. `only`: a key of ONLY; a visit stays where one of its kinds is in it."""
    clock, wanted = Clock(), ONLY[only]
    found: dict[date, dict[int, list[Deed]]] = {}
    for deed in deeds:
        found.setdefault(clock.day(deed.at), {}).setdefault(deed.item_id, []).append(deed)
    out = []
    for day in sorted(found, reverse=True):
        visits = [_visit(item_id, each) for item_id, each in found[day].items()]
        kept = [visit for visit in visits if wanted.intersection(visit.done)]
        if kept:
            out.append(Day(day, tuple(sorted(kept, key=lambda visit: (-visit.at, visit.item_id)))))
    return out


def _visit(item_id: int, deeds: Sequence[Deed]) -> Visit:
    kinds = {deed.kind for deed in deeds}
    # who closed an article after midnight has read it on both days
    done = tuple(kind for kind in DONE if kind in kinds or (kind == "open" and "dwell" in kinds))
    seconds = sum(deed.seconds for deed in deeds)
    return Visit(item_id, max(deed.at for deed in deeds), done, seconds, all(deed.afar for deed in deeds))


@dataclass(frozen=True, slots=True)
class Anniversary:
    """A stretch of time to look back at: "3 years ago", from and to Unix seconds, the local date it begins with."""

    name: str
    date: date
    start: float
    end: float


def anniversaries(today: date, first: float | None) -> list[Anniversary]:
    """The same date in earlier years back to the archive's first event (Unix seconds; None: there is none).

    Where the archive is younger than YOUNG days, the same day of earlier months too. The 29th of February is looked
    back at on the 28th where a year has none; a month without a 31st is left out.
    """
    if first is None:
        return []
    began = local(first).date()
    out = []
    if (today - began).days < YOUNG:
        out += [
            _anniversary(day, f"{months} {'month' if months == 1 else 'months'} ago") for months, day in _months(today)
        ]
    for years in range(1, today.year - began.year + 1):
        day = _in_year(today, today.year - years)
        out.append(_anniversary(day, f"{years} {'year' if years == 1 else 'years'} ago", leap=_eve(today)))
    return [each for each in out if each.end > first]


def _months(today: date) -> list[tuple[int, date]]:
    found = []
    for months in range(1, 12):
        year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
        try:
            found.append((months, date(year, month + 1, today.day)))
        except ValueError:  # it has no such day
            continue
    return found


def _in_year(today: date, year: int) -> date:
    try:
        return today.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _eve(today: date) -> bool:
    """Whether today stands for the 29th of February too."""
    return (today.month, today.day) == (2, 28) and (today + timedelta(days=1)).day == 1


def _anniversary(day: date, name: str, *, leap: bool = False) -> Anniversary:
    end = day + timedelta(days=1)
    if leap and end.day == 29:
        end += timedelta(days=1)
    return Anniversary(name, day, start_of(day), start_of(end))
