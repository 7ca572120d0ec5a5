"""The report in words and bars, the same for a terminal's command and its screen. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from penchant.app.commands.output import plain
from penchant.app.memory.deeds import local

from .narrowing import ENOUGH, FEW
from .shares import Gap, Mix, leaning
from .values import Effects, Generated
from .widen import NAMES

#: Sources or topics that are named on either side, weeks in the table, cells of a bar.
NAMED, WEEKS, BAR = 6, 12, 10
#: What a trend is called.
TRENDS = {
    "narrower": "Your screen narrows",
    "wider": "Your screen widens",
    "steady": "No trend beyond chance",
    "unknown": f"Too few weeks with {FEW} shown items to tell ({ENOUGH} at least)",
}
_WRITTEN = {
    "kept": "kept", "edited": "edited", "copied": "copied", "posted": "posted", "dropped": "dropped",
}  # fmt: skip


class Line(NamedTuple):
    """`role`: head, text, meta, plus (more than there was) or minus (less)."""

    text: str
    role: str = "text"


#: Cuts or fills a text to so many cells of a terminal.
Fit = Callable[[str, int], str]


def headline(found: Effects) -> str:
    """The whole in some sentences."""
    if not found.came:
        return "Nothing came in during this time."
    if not found.shown:
        return f"{found.came:,} items came; nothing of it was on screen yet."
    counts = f"{found.came:,} items came, {found.shown:,} were on screen"
    said = f"{counts}. By sources the screen is {found.sources.common:.0%} the mix that came"
    topics = f", by topics {found.topics.common:.0%}" if found.topics.gaps else ""
    share = f" {found.generated.share:.0%} of the words were a model's." if found.generated.share >= 0.005 else ""
    return f"{said}{topics}. {trend_words(found)}.{share}"


def trend_words(found: Effects) -> str:
    """The trend in words."""
    trend = found.trend
    if trend.verdict == "unknown":
        return TRENDS["unknown"]
    chance = f"{trend.chance:.1%}" if trend.chance >= 0.001 else "less than 0.1%"
    return f"{TRENDS[trend.verdict]} ({100 * trend.slope:+.1f} points a week, by chance in {chance} of cases)"


def lines(found: Effects, width: int, fit: Fit, turn: str = "w", back: str = "u") -> list[Line]:
    """The page below the headline; every line within `width` cells but those of words, which may be wrapped.

    `turn` and `back`: what the reader presses or types for a step wider, and to take it back.
    """
    width = max(40, width)
    out: list[Line] = []
    for part in (_mixes(found, width, fit), _weeks(found, width), _stages(found, width, fit), _ahead(found),
                 _generated(found.generated, width), _wider(found, turn, back)):  # fmt: skip
        made = list(part)
        out += [Line(""), *made] if out and made else made
    return out


def _mixes(found: Effects, width: int, fit: Fit) -> Iterator[Line]:
    topic = "Tags" if found.by_tags else "Topics"
    for name, mix in (("Sources", found.sources), (topic, found.topics)):
        if len(mix.gaps) > 1:
            yield from _mix(name, mix, width, fit)


def _mix(name: str, mix: Mix, width: int, fit: Fit) -> Iterator[Line]:
    room = max(8, width - 20 - 2 * _cells(width))
    yield Line(f"{name}: of what came, of what was on screen", "head")
    more, less = leaning(mix.gaps, "more", NAMED), leaning(mix.gaps, "less", NAMED)
    full = max((max(gap.share_came, gap.share_shown) for gap in [*more, *less]), default=1.0)
    for gap in more:
        yield Line(_gap(gap, room, full, _cells(width), fit), "plus")
    for gap in sorted(less, key=lambda gap: gap.points, reverse=True):
        yield Line(_gap(gap, room, full, _cells(width), fit), "minus")
    rest = len(mix.gaps) - len(more) - len(less)
    if not more and not less:
        yield Line("  As much of each was on screen as of the others, as far as the numbers can tell.", "meta")
    elif rest:
        yield Line(f"  and {rest:,} more", "meta")


def _gap(gap: Gap, room: int, full: float, cells: int, fit: Fit) -> str:
    """A line whose longest bar is `full`."""
    return (
        f"  {fit(plain(gap.name), room)} {_bar(gap.share_came / full, cells)} {gap.share_came:4.0%}"
        f"  {_bar(gap.share_shown / full, cells)} {gap.share_shown:4.0%} {gap.points:+4.0f}"
    )


def _weeks(found: Effects, width: int) -> Iterator[Line]:
    if not found.varieties:
        return
    yield Line("Over time: different sources among as many items, of what came and on screen", "head")
    for week in found.varieties[-WEEKS:]:
        share = 0.0 if math.isnan(week.share) else week.share
        room = max(0, min(30, width - 41))
        yield Line(
            f"  {week.monday:%d %b}  {week.size:2} items: {week.came:4.1f} and {week.shown:4.1f}"
            f"  {_bar(min(share, 1.0), room)} {share:4.0%}"
        )
    if found.trend.verdict != "unknown":
        yield Line(f"  {trend_words(found)}.", "meta")


def _stages(found: Effects, width: int, fit: Fit) -> Iterator[Line]:
    known = [stage for stage in found.stages if stage.sources is not None]
    if len(known) < 2:
        return
    most = max(stage.sources or 0.0 for stage in known)
    yield Line(f"Who narrows: different sources among {found.drawn} items of each", "head")
    for stage in found.stages:
        name = fit(stage.name, max(10, min(22, width - 26)))
        if stage.sources is None:
            yield Line(f"  {name} {stage.items:7,} items: too few to say", "meta")
        else:
            bar = _bar(stage.sources / most if most else 0.0, max(0, min(30, width - 47)))
            yield Line(f"  {name} {stage.items:7,} items {stage.sources:5.1f} {bar}")


def _ahead(found: Effects) -> Iterator[Line]:
    ahead = found.ahead
    if ahead.size:
        yield Line("What comes next", "head")
        yield Line(
            f"  The next {ahead.size} places of For you are as varied as {ahead.ranked:.1f} equal sources, the newest"
            f" {ahead.size} as {ahead.newest:.1f}; {ahead.common} items are in both."
        )


def _generated(found: Generated, width: int) -> Iterator[Line]:
    yield Line("What a model wrote", "head")
    if found.until is not None:
        at = local(found.until)
        yield Line(f"  A blind test runs since {at:%d %b %H:%M}: what it shows is counted once it is over.", "meta")
    if not found.shown and not found.offered:
        yield Line("  No generated text was on screen.", "meta")
        return
    yield Line(
        f"  About {found.characters:,} of {found.characters + found.real_characters:,} characters ({found.share:.1%}):"
        f" {found.shown:,} generated item{'s'[: found.shown != 1]} in the feed, {found.offered:,} draft"
        f"{'s'[: found.offered != 1]} that you asked for."
    )
    first = next((n for n, week in enumerate(found.weeks) if week[1]), len(found.weeks))
    for monday, generated, whole in [week for week in found.weeks[first:] if week[2]][-WEEKS:]:
        share = generated / whole
        yield Line(f"  {monday:%d %b}  {generated:4} of {whole:5} items {_bar(share, _cells(width))} {share:4.0%}")
    acts = [f"{found.written[act]:,} {word}" for act, word in _WRITTEN.items() if found.written.get(act)]
    if acts:
        asis = f"; {found.asis:,} left as the model wrote them" if found.asis else ""
        yield Line(f"  Drafts: {', '.join(acts)}{asis}.")


def _wider(found: Effects, turn: str, back: str) -> Iterator[Line]:
    yield Line("Wider", "head")
    stand = ", ".join(f"{name} x{found.dials.get(key, 1.0):g}" for key, name in NAMES.items())
    why = ""
    if found.step is not None and found.step.key == "explore" and found.unlikely > found.flood:
        why = f" ({found.unlikely:,} items were not shown because they were thought unlikely)"
    yield Line(f"  Now: {stand}.")
    if found.step is None:
        yield Line("  Both stand at their end: Tuning turns sources and interests one by one.", "meta")
    else:
        yield Line(f"  {turn} turns {found.step.words}{why}; {back} takes it back.", "meta")


def _cells(width: int) -> int:
    """Cells of a bar of shares."""
    return BAR if width >= 60 else 4


def _bar(share: float, cells: int = BAR) -> str:
    filled = round(max(0.0, min(share, 1.0)) * cells)
    return "█" * filled + "░" * (cells - filled)


