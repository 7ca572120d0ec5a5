"""The Tuning screen as rows: headings, dials, and what can be taken back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penchant.app.muting import left
from penchant.app.rank.steps import STEPS
from penchant.app.standing import EXPERTS, ORDER, Standing, guess_words, tuned_words
from penchant.app.types import Event

from . import words

if TYPE_CHECKING:
    from penchant.app.gate import GateSummary
    from penchant.app.ranking_report import Trusted, TuningReport

#: Cells of the bar of trust; a weight of 1 fills it.
BAR = 8
DIAL = len(STEPS)


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `dial`: (what, key) that + and - turn; `events`: what `d` takes back; `opens`: a screen's command.

    `figures` stand between name and dial; `role` colours them; `about` is told below the selected row.
    """

    name: str
    figures: str = ""
    role: str = "meta"
    about: str = ""
    dial: tuple[str, str] | None = None
    events: tuple[Event, ...] = ()
    opens: str = ""
    heading: bool = False


def rows_of(
    standing: Standing, report: TuningReport | None, gate: GateSummary | None, now: float
) -> list[Row]:
    """All rows, in their order. `report` None: the ranking is still loading."""
    return [
        *_experts(report),
        Row("The order", heading=True),
        *(Row(name, about=about, dial=("order", key)) for key, (name, about) in ORDER.items()),
        *_interests(standing),
        *_sources(standing),
        *_mutes(standing, now),
        *_tuned(standing, now),
        *_guesses(standing, report, now),
        *_gate(gate, now),
    ]


def _experts(report: TuningReport | None) -> list[Row]:
    head = Row("What the ranking looks at", "right for you    trust", heading=True)
    if report is None:
        return [head, Row("Looking at what was learned ...")]
    return [head, *map(_expert, report.experts)]


def _expert(expert: Trusted) -> Row:
    name, about = EXPERTS.get(expert.name, (expert.name, ""))
    dial = ("expert", expert.name)
    if expert.failed:
        said = f"It is set aside until the next start, and the order goes on without it. {expert.failed}"
        return Row(words.one_line(name), "✗ failed", "liked", said, dial)
    if expert.right is None:
        figures, role = "    not yet", "meta"
        about = f"{about} It had a say on {words.many(expert.labels, 'label')} so far: too few to judge it by."
    else:
        half = 0.0 if expert.half is None else expert.half
        figures = f"{expert.right:4.0%}".replace("%", " %") + f" ±{100 * half:<3.0f}"
        role = "high" if expert.right - half > 0.5 else "low" if expert.right + half < 0.5 else "middle"
        about = f"{about} Orders {expert.right:.0%} of your pairs right, over {words.many(expert.labels, 'label')}."
    bar = words.bar(min(100, round(100 * expert.trust)), 100, BAR)
    return Row(name, f"{figures:<12} {bar} {expert.trust:4.2f}", role, about, dial)


def _sources(standing: Standing) -> list[Row]:
    rows = [Row("Sources", "liked     judged    items", heading=True)]
    for source in standing.sources:
        rate = f"{source.liked / source.judged:4.0%}".replace("%", " %") if source.judged else "     -"
        about = f"{source.key}. Twice as much doubles the odds of its items; off puts them below everything else."
        if not source.followed:
            about = f"No longer followed; its dial holds for what it left here. {about}"
        figures = f"{rate:>6} {source.judged:>7,} {source.items:>9,}"
        rows.append(Row(words.one_line(source.title), figures, "meta", about, ("source", source.key)))
    return rows if len(rows) > 1 else [*rows, Row("You follow nothing yet: a in the list adds sources.")]


def _interests(standing: Standing) -> list[Row]:
    head = Row("Interests", "liked     judged    items", heading=True)
    rows = []
    for each in standing.interests:
        rate = f"{each.liked / each.judged:4.0%}".replace("%", " %") if each.judged else "     -"
        figures = f"{rate:>6} {each.judged:>7,} {each.size:>9,}"
        titles = "; ".join(words.one_line(title)[:70] for title in each.examples)
        about = f"Such as: {titles}. Twice as much doubles the odds of what is like these; n names it."
        rows.append(Row(words.one_line(each.title), figures, "meta", about, ("interest", each.key)))
    nothing = Row("None yet: once you have liked half a dozen items, what they have in common stands here.")
    return [head, *(rows or [nothing])]


def _mutes(standing: Standing, now: float) -> list[Row]:
    rows = [
        Row(
            f"{mute.what} {words.one_line(mute.name)}",
            left(mute.until, now),
            "meta" if mute.until is None else "middle",
            "Kept out of For you. d takes it back.",
            events=mute.events,
        )
        for mute in standing.mutes
    ]
    nothing = Row("Nothing is muted: m on an item mutes its author, source, site, language or a word.")
    return [Row("Muted", heading=True), *(rows or [nothing])]


def _tuned(standing: Standing, now: float) -> list[Row]:
    rows = []
    for n, tuned in enumerate(standing.tuned):
        said = tuned_words(tuned)
        note = f"{words.one_line(tuned.note)} " if tuned.note else ""
        later = "" if not n else " What was tuned later builds on it and stays."
        about = f"{note}Set: {said}. d takes it back.{later}"
        rows.append(Row(said, _ago(tuned.event.at, now), "meta", about, events=(tuned.event,)))
    if not rows:
        rows.append(Row("It has changed nothing yet. t has it try now; what does not help is not kept."))
    if standing.tried is not None:
        tried = standing.tried
        said = f"Last tried {_ago(tried.at, now)}, over {words.many(tried.decisions, 'decision')}"
        rows.append(Row(said, about=words.one_line(tried.note)))
    return [Row("What self-tuning did", heading=True), *rows]


def _guesses(standing: Standing, report: TuningReport | None, now: float) -> list[Row]:
    voice = ""
    if report is not None and report.guess is not None:
        share, moved = report.guess
        voice = f"{share:.0%} of its first voice is left; it makes {moved:.0%} of the order now."
    rows = [
        Row(
            words.one_line(guess_words(event)),
            _ago(event.at, now),
            "meta",
            f"A first guess, which fades as you like and skip. {voice} d takes it back.",
            events=(event,),
        )
        for event in standing.guesses
    ]
    if voice and not rows:
        rows.append(Row("the likes of an import", about=f"A first guess, which fades as you like and skip. {voice}"))
    about = "Twelve items, as different as can be: tick those you would read. At 50 likes and skips it has faded."
    choose = Row("Which of these would you read? ⏎", about=about, opens="choice")
    return [Row("First guesses", heading=True), choose, *rows]


def _gate(gate: GateSummary | None, now: float) -> list[Row]:
    if gate is None:
        return []
    state = "on" if gate.active else "on, waiting" if gate.state == "on" else gate.state
    parts = [] if gate.note else [f"It learns from {gate.labels:,} labels"]
    if gate.last_run is not None:
        size = f"{gate.bytes / 1e6:,.1f} MB"
        parts.append(f"{_ago(gate.last_run, now)}: would drop {words.many(gate.would_drop, 'text')}, {size}")
    if gate.kept_likes is not None:
        parts.append(f"would have kept {gate.kept_likes:.1%} of what you liked")
    if gate.dropped:
        parts.append(f"dropped now: {gate.dropped:,}, of which {gate.here:,} come back without the network")
    if gate.note:
        parts.insert(0, words.one_line(gate.note))
    about = f"Drops texts that you will hardly read; what you marked is never dropped. {'; '.join(parts)}."
    row = Row(f"The gate is {state} ⏎", "", "meta", about, opens="gate")
    return [Row("Room on disk", heading=True), row]


def headline_of(report: TuningReport | None) -> str:
    """What stands above the rows."""
    if report is None:
        return "Tuning"
    first = f"Tuning: {report.sentence}" if report.sentence else "Tuning"
    return f"{first}\n{report.headline[:1].upper()}{report.headline[1:]}"


def _ago(then: float, now: float) -> str:
    age = words.age(then, now)
    return "just now" if age == "now" else f"{age} ago"


def dial_text(value: float) -> str:
    """A dial in 15 cells: where it stands between off and 4, and the number."""
    place = min(range(DIAL), key=lambda i: abs(STEPS[i] - value))
    track = "".join("●" if i == place else "┼" if STEPS[i] == 1.0 else "─" for i in range(DIAL))
    return f"{track} {'off' if value <= 0 else f'x{value:g}':<5}"


def sections(rows: Sequence[Row]) -> list[int]:
    """The first row after each heading."""
    return [i + 1 for i, row in enumerate(rows[:-1]) if row.heading]
