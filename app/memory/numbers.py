"""What somebody read, liked and skipped: by week, by hour of day and by source."""

from __future__ import annotations

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
    """One tally on its way."""

    __slots__ = ("opened", "seconds", "seen", "verdicts")

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.opened: set[int] = set()
        self.verdicts: dict[int, tuple[float, str]] = {}
        self.seconds = 0.0

    def add(self, deed: Deed) -> None:
        """Count a deed; the order in which they come does not matter."""
        self.seen.add(deed.item_id)
        if deed.kind == "open":
            self.opened.add(deed.item_id)
        elif deed.kind == "dwell":
            self.seconds += deed.seconds
        elif deed.kind in ("like", "skip"):
            self.verdicts[deed.item_id] = max(self.verdicts.get(deed.item_id, (0.0, "")), (deed.at, deed.kind))

    def tally(self) -> Tally:
        """What it came to."""
        liked = sum(kind == "like" for _, kind in self.verdicts.values())
        return Tally(len(self.seen), len(self.opened), liked, len(self.verdicts) - liked, self.seconds)


def count(
    deeds: Iterable[Deed], shown: Iterable[tuple[int, float]], sources: Mapping[int, str], mondays: Sequence[date]
) -> Numbers:
    """The numbers of these weeks, one after another; what lies in none of them is left out.

    `shown`: (item, Unix seconds) of what was on screen, `deeds` what was done besides, `sources`: item -> its source.
    """
    clock, whole, afar = Clock(), _Count(), 0
    edges = [start_of(monday) for monday in (*mondays, mondays[-1] + timedelta(weeks=1))]
    weeks = [_Count() for _ in mondays]
    by_source: dict[str, _Count] = defaultdict(_Count)
    opens, seconds = [0] * 24, [0.0] * 24
    seen = [week.seen for week in weeks]
    for item_id, at in shown:
        if edges[0] <= at < edges[-1]:
            seen[bisect_right(edges, at) - 1].add(item_id)
    for deed in deeds:
        if not edges[0] <= deed.at < edges[-1]:
            continue
        if deed.afar:
            afar += 1
            continue
        weeks[bisect_right(edges, deed.at) - 1].add(deed)
        whole.add(deed)
        if deed.item_id in sources:
            by_source[sources[deed.item_id]].add(deed)
        if deed.kind in ("open", "dwell"):
            hour = clock.hour(deed.at)
            opens[hour] += deed.kind == "open"
            seconds[hour] += deed.seconds
    whole.seen.update(*seen)
    for item_id in whole.seen:
        if item_id in sources:
            by_source[sources[item_id]].seen.add(item_id)
    tallies = sorted(
        ((name, each.tally()) for name, each in by_source.items()),
        key=lambda pair: (-pair[1].opened, -pair[1].liked, -pair[1].seen, pair[0]),
    )
    return Numbers(
        [(monday, each.tally()) for monday, each in zip(mondays, weeks, strict=True)],
        list(zip(opens, seconds, strict=True)), tallies, whole.tally(), afar,
    )  # fmt: skip
