"""What somebody is not being shown, and why: shares of what came against shares of what was on screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from .deeds import Clock
from .diversity import shannon, simpson, wilson

#: Fewer items than this say nothing about a share, fewer shown nothing about a week's variety.
FEW = 10
#: Scored items on screen from which on "likely enough" has a meaning.
ENOUGH = 20
#: Reason for not having been on screen -> its words, in the order in which they are asked.
REASONS = {
    "muted": "muted",
    "gated": "dropped by the gate",
    "silenced": "dial at 0",
    "folded": "folded into a story",
    "unranked": "not ranked yet",
    "unlikely": "low probability",
    "flood": "more than you look at",
}
BY = ("source", "interest", "language", "kind")


class Came(NamedTuple):
    """An item that came in: `at` Unix seconds, `source` and `interest` their keys ("": none)."""

    item_id: int
    at: float
    source: str
    kind: str
    lang: str
    seen: bool
    opened: bool
    liked: bool
    probability: float | None = None
    muted: bool = False
    gated: bool = False
    silenced: bool = False
    folded: bool = False
    interest: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One source, interest, language or kind. Of `came` items `shown` were on screen; `usual`: that share over all.

    `dial`: what to turn, as Tuning names it; None where no dial helps. `reasons`: how many were not shown for which.
    """

    by: str
    key: str
    name: str
    came: int
    shown: int
    opened: int
    liked: int
    share_came: float
    share_shown: float
    usual: float
    reasons: Mapping[str, int] = field(default_factory=dict)
    failing: str = ""
    dial: tuple[str, str] | None = None
    advice: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share that was shown (Wilson)."""
        return wilson(self.shown, self.came)

    @property
    def verdict(self) -> str:
        """Whether less or more of it is shown than of everything; "" where the numbers cannot tell."""
        low, high = self.interval
        if self.came < FEW:
            return "few"
        return "less" if high < self.usual else "more" if low > self.usual else ""


@dataclass(frozen=True, slots=True)
class Week:
    """Effective numbers of sources (Shannon; `simpson_*`: Simpson) and topics of what came in a week, and was shown."""

    monday: date
    items: int
    items_shown: int
    came: float
    shown: float
    simpson_came: float
    simpson_shown: float
    topics_came: float = 0.0
    topics_shown: float = 0.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """The report. `cut`: how many items were looked at where more came, 0 for all."""

    rows: Sequence[Row]
    weeks: Sequence[Week]
    came: int
    shown: int
    reasons: Mapping[str, int]
    cut: int = 0

    @property
    def words(self) -> str:
        """The whole in a sentence or two."""
        if not self.came:
            return "Nothing came in during this time."
        missed = ", ".join(f"{number:,} {REASONS[name]}" for name, number in self.reasons.items())
        rest = f" Not shown: {missed}." if missed else ""
        return f"{self.came:,} items came, {self.shown:,} were on screen ({self.shown / self.came:.0%}).{rest}"

    @property
    def narrowing(self) -> str:
        """How varied the screen was against what came, early and late."""
        told = [week for week in self.weeks if week.items_shown >= FEW and week.came > 0]
        if len(told) < 4:
            return f"Too few weeks with {FEW} shown items to say whether your screen narrows."
        half = len(told) // 2
        early, late = (sum(w.shown / w.came for w in part) / len(part) for part in (told[:half], told[-half:]))
        change = "narrower" if late < 0.9 * early else "wider" if late > 1.1 * early else "about as varied"
        return f"Variety of sources on screen against what came: {early:.0%} early, {late:.0%} lately: {change}."


class Names(NamedTuple):
    """`names`: (by, key) -> what it is called; `failing`: key of a source that cannot be fetched -> why."""

    names: Mapping[tuple[str, str], str]
    failing: Mapping[str, str]


def report(items: Iterable[Came], names: Names, mondays: Sequence[date], cut: int = 0) -> Exposure:
    """The report over these items. `mondays`: the weeks in question, oldest first."""
    all_items = list(items)
    bar = _bar(all_items)
    why = {each.item_id: reason(each, bar) for each in all_items}
    came, shown = len(all_items), sum(each.seen for each in all_items)
    rows: list[Row] = []
    for by in BY:
        groups: dict[str, list[Came]] = {}
        for each in all_items:
            groups.setdefault(_key(each, by), []).append(each)
        extra: dict[str, list[Came]] = {key: [] for key in names.failing if by == "source" and key not in groups}
        made = [
            _row(by, key, group, (came, shown), why, names) for key, group in {**groups, **extra}.items() if key
        ]  # fmt: skip
        rows += sorted(made, key=lambda row: (-row.came, row.name))
    totals = Counter(found for found in why.values() if found)
    return Exposure(rows, _weeks(all_items, mondays), came, shown, _ordered(totals), cut)


def reason(of: Came, bar: float | None) -> str:
    """Why an item was not on screen, "" where it was. `bar`: what a quarter of the shown ones did not reach."""
    if of.seen:
        return ""
    for name in ("muted", "gated", "silenced", "folded"):
        if getattr(of, name):
            return name
    if of.probability is None:
        return "unranked"
    return "unlikely" if bar is not None and of.probability < bar else "flood"


def _bar(items: Sequence[Came]) -> float | None:
    """The lower quartile of the probabilities of what was on screen; None where that is too little."""
    known = sorted(each.probability for each in items if each.seen and each.probability is not None)
    return known[len(known) // 4] if len(known) >= ENOUGH else None


def _key(of: Came, by: str) -> str:
    return {"source": of.source, "interest": of.interest, "language": of.lang, "kind": of.kind}[by]


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in REASONS if counts.get(name)}


def _row(by: str, key: str, group: Sequence[Came], whole: tuple[int, int], why: Mapping[int, str], names: Names) -> Row:
    came, shown = len(group), sum(each.seen for each in group)
    reasons = _ordered(Counter(found for each in group if (found := why[each.item_id])))
    failing = names.failing.get(key, "") if by == "source" else ""
    row = Row(
        by, key, names.names.get((by, key), key), came, shown,
        sum(each.opened for each in group), sum(each.liked for each in group),
        came / whole[0] if whole[0] else 0.0, shown / whole[1] if whole[1] else 0.0,
        whole[1] / whole[0] if whole[0] else 0.0, reasons, failing,
    )  # fmt: skip
    dial, advice = advised(row)
    return replace(row, dial=dial, advice=advice)


def advised(row: Row) -> tuple[tuple[str, str] | None, str]:
    """Which dial to turn, and what to do in words; nothing where it is shown as much as the rest."""
    own = (row.by, row.key) if row.by in ("source", "interest") else None
    if row.failing:
        return own, f"It cannot be fetched: S says what to do ({row.failing})"
    if not row.reasons:
        return own, "Everything that came was on screen"
    if not row.usual:
        return own, "Nothing of this time was on screen yet"
    main = max(row.reasons, key=lambda name: row.reasons[name])
    if main == "muted":
        return own, "M shows what is muted and takes a mute back"
    if main == "gated":
        return own, "The gate let their texts go: Tuning has the gate at its end"
    if main == "silenced":
        return own, "Its dial is at 0: T turns it up"
    if row.came < FEW:
        return own, f"Only {row.came} came: too few to say"
    if row.verdict != "less":
        return (
            own,
            "As much of it is shown as of the rest" if not row.verdict else "More of it is shown than of the rest",
        )
    if main == "folded":
        return ("order", "diverse"), "Others tell the same story: e opens what is folded"
    if main == "unlikely" and row.shown < FEW:
        return ("order", "explore"), "You have hardly seen any: T turns exploration up"
    if main == "unlikely":
        turn = "T turns its dial up" if own else "T turns exploration up"
        return own or ("order", "explore"), f"The ranking expects you not to like it: {turn}"
    if main == "unranked":
        return own, "The worker has not ranked it yet"
    return own or ("order", "diverse"), "More comes than you look at: T turns its dial up, or variety"


def _weeks(items: Sequence[Came], mondays: Sequence[date]) -> list[Week]:
    clock = Clock()
    groups: dict[date, list[Came]] = {monday: [] for monday in mondays}
    for each in items:
        groups.get(clock.week(each.at), []).append(each)
    return [_week(monday, group) for monday, group in groups.items()]


def _week(monday: date, group: Sequence[Came]) -> Week:
    on = [each for each in group if each.seen]
    by_source = [Counter(each.source for each in part).values() for part in (group, on)]
    topics = [Counter(each.interest for each in part if each.interest).values() for part in (group, on)]
    return Week(
        monday, len(group), len(on), shannon(by_source[0]), shannon(by_source[1]), simpson(by_source[0]),
        simpson(by_source[1]), shannon(topics[0]), shannon(topics[1]),
    )  # fmt: skip
