"""What somebody read, liked and skipped: by week, by hour of day and by source."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .deeds import Clock, Deed, start_of
from .diversity import wilson


@dataclass(frozen=True, slots=True)
class Tally:
    """Items, each counted once, and seconds of reading. `liked` and `skipped` go by the last decision on an item."""

    seen: int = 0
    opened: int = 0
    liked: int = 0
    skipped: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> tuple[float, float, float]:
        """The share of seen items that was liked, and its 95 % interval (see `wilson`)."""
        low, high = wilson(self.liked, self.seen)
        return (self.liked / self.seen if self.seen else 0.0), low, high


@dataclass(frozen=True, slots=True)
class Numbers:
    """`weeks`: by their Mondays, oldest first. `hours`: 24 numbers of openings and of seconds read. `sources`: by name,
    most read first. `afar`: likes and reading that came from elsewhere; they are in no other number.
    """

    weeks: Sequence[tuple[date, Tally]]
    hours: Sequence[tuple[int, float]]
    sources: Sequence[tuple[str, Tally]]
    whole: Tally
    afar: int = 0

    @property
    def words(self) -> str:
        """The whole in a sentence."""
        if not self.whole.seen:
            return "Nothing was read in this time."
        from .deeds import minutes

        of, (rate, low, high) = self.whole, self.whole.rate
        long = f", {minutes(of.seconds)} of reading" if minutes(of.seconds) else ""
        return (
            f"{of.seen:,} seen, {of.opened:,} read, {of.liked:,} liked, {of.skipped:,} skipped{long}."
            f" Liked of seen: {rate:.0%} (95 %: {low:.0%} to {high:.0%})."
        )


class _Count:
    """One tally on its way; the order in which deeds come does not matter."""

    __slots__ = ("opened", "seconds", "seen", "verdicts")

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.opened: set[int] = set()
        self.verdicts: dict[int, tuple[float, str]] = {}
        #: Seconds of reading by item.
        self.seconds: dict[int, float] = defaultdict(float)

    def add(self, deed: Deed) -> None:
        """Count a deed."""
        item_id, kind = deed.item_id, deed.kind
        self.seen.add(item_id)
        if kind == "open":
            self.opened.add(item_id)
        elif kind == "dwell":
            self.seconds[item_id] += deed.seconds
        elif kind in ("like", "skip"):
            self.verdicts[item_id] = max(self.verdicts.get(item_id, (0.0, "")), (deed.at, kind))

    def merge(self, other: _Count) -> None:
        """Take another's in."""
        self.seen |= other.seen
        self.opened |= other.opened
        for item_id, seconds in other.seconds.items():
            self.seconds[item_id] += seconds
        for item_id, verdict in other.verdicts.items():
            self.verdicts[item_id] = max(self.verdicts.get(item_id, (0.0, "")), verdict)

    def tally(self) -> Tally:
        """What it came to."""
        liked = sum(kind == "like" for _, kind in self.verdicts.values())
        read = math.fsum(self.seconds.values())
        return Tally(len(self.seen), len(self.opened), liked, len(self.verdicts) - liked, read)


def count(
    deeds: Iterable[Deed], shown: Iterable[tuple[int, float]], sources: Mapping[int, str], mondays: Sequence[date]
) -> Numbers:
    """The numbers of these weeks, one after another; what lies in none of them is left out.

    `shown`: (item, Unix seconds) of what was on screen, `deeds` what was done besides, `sources`: item -> its source.
    """
    clock, whole, afar = Clock(), _Count(), 0
    edges = [start_of(monday) for monday in (*mondays, mondays[-1] + timedelta(weeks=1))]
    begin, end = edges[0], edges[-1]
    weeks = [_Count() for _ in mondays]
    opens = [0] * 24
    seconds: list[list[float]] = [[] for _ in range(24)]
    seen = [week.seen for week in weeks]
    for item_id, at in shown:
        if begin <= at < end:
            seen[bisect_right(edges, at) - 1].add(item_id)
    for deed in deeds:
        if not begin <= deed.at < end:
            continue
        if deed.afar:
            afar += 1
            continue
        weeks[bisect_right(edges, deed.at) - 1].add(deed)
        if deed.kind == "open":
            opens[clock.hour(deed.at)] += 1
        elif deed.kind == "dwell":
            seconds[clock.hour(deed.at)].append(deed.seconds)
    for week in weeks:
        whole.merge(week)
    return Numbers(
        [(monday, each.tally()) for monday, each in zip(mondays, weeks, strict=True)],
        [(opened, math.fsum(read)) for opened, read in zip(opens, seconds, strict=True)],
        _by_source(whole, sources), whole.tally(), afar,
    )  # fmt: skip


def _by_source(whole: _Count, sources: Mapping[int, str]) -> list[tuple[str, Tally]]:
    """The whole divided by source, most read first."""
    found: dict[str, _Count] = defaultdict(_Count)
    for item_id in whole.seen:
        name = sources.get(item_id)
        if name is not None:
            found[name].seen.add(item_id)
    for each in found.values():
        each.opened = whole.opened & each.seen
        each.verdicts = {item_id: whole.verdicts[item_id] for item_id in whole.verdicts.keys() & each.seen}
        each.seconds = {item_id: whole.seconds[item_id] for item_id in whole.seconds.keys() & each.seen}
    tallies = [(name, each.tally()) for name, each in found.items()]
    return sorted(tallies, key=lambda pair: (-pair[1].opened, -pair[1].liked, -pair[1].seen, pair[0]))
