"""How generated items stand: switches, what waits, how each arm does, and of a blind test only how far it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .generating import IMAGE, REAL, Settings
from .generating_blind import Row, rows
from .generating_keep import reports, rows_of
from .generating_lane import State, state
from .store import generated

if TYPE_CHECKING:
    from .store import Store

#: Texts of each arm from which on a rate is worth reading.
ENOUGH = 20
#: Blind tests that are listed.
LISTED = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """`waiting` drafts are ready to be shown; `marked` is how each arm did in the open; of the blind test that runs
    `shown` texts were on screen and `liked` of them liked, both kinds together; `past` are the tests that are over,
    (when, rows), the latest first.
    """

    settings: Settings
    state: State
    waiting: int
    marked: tuple[Row, ...]
    shown: int = 0
    liked: int = 0
    past: tuple[tuple[float, tuple[Row, ...]], ...] = ()


def standing(store: Store) -> Standing:
    """As the archive has it now."""
    wanted = generated.read(store.db)
    seen = generated.shown(store.db, wanted.test) if wanted.test else []
    past = [(at, tuple(rows_of(report))) for at, report in reports(store)[:LISTED]]
    marked = rows(generated.shown(store.db))
    waiting = sum(map(len, generated.pool(store.db, wanted)))
    now = state(store)
    if wanted.test and now.resting:  # what an arm that rests did not write, the others did
        now = replace(now, resting="not every arm can write; which, and why, is told once the test is over")
    return Standing(wanted, now, waiting, tuple(marked), len(seen), sum(each.liked for each in seen), tuple(past))


def headline(found: Standing) -> str:
    """One sentence: on or off, how many, by whom."""
    wanted = found.settings
    if not wanted.share:
        return "No generated items: they are switched off."
    arms = ", ".join(name_of(arm.name) for arm in wanted.arms) or "no arm"
    how = "not marked: a blind test runs" if wanted.test else "always marked"
    return f"{wanted.share:.0%} of For you is generated, {how}. Arms: {arms}."


def lately(found: Standing) -> list[str]:
    """What is going on, in lines."""
    out = []
    if found.settings.test:
        since = time.strftime("%d %B, %H:%M", time.localtime(found.settings.test_at))
        half = "as many of them real as generated"
        out.append(f"Blind test since {since}: {found.shown} texts shown, {half}; {found.liked} liked.")
        out.append(f"What is what stays sealed until you unblind. {_advice(found)}")
        if any(arm.carrier == IMAGE for arm in found.settings.arms):
            out.append("Pictures wait until it is over: nothing real could stand beside them.")
    if found.settings.share:
        out.append(f"{found.waiting} wait to be shown{f'; {found.state.doing}' if found.state.doing else ''}.")
        if found.state.resting:
            out.append(f"Rests for now: {found.state.resting}.")
        if found.state.note:
            hint = f" {found.state.hint}" if found.state.hint else ""
            out.append(f"Nothing new: {found.state.note}.{hint}")
    return out


def _advice(found: Standing) -> str:
    arms = max(1, len(found.settings.writing))
    missing = 2 * arms * ENOUGH - found.shown
    return f"About {missing} more would tell the arms apart." if missing > 0 else "That is enough to be opened."


def name_of(arm: str) -> str:
    """An arm in words."""
    return {REAL: "real items", "none": "the model by itself", IMAGE: "image (drawn)"}.get(arm, arm)


def told(found: Sequence[Row]) -> list[list[str]]:
    """Rows as cells: arm, shown, liked, skipped, opened, rate, interval."""
    return [
        [
            name_of(row.arm), str(row.shown), str(row.liked), str(row.skipped), str(row.opened), f"{row.rate:.0%}",
            f"{row.low:.0%} to {row.high:.0%}",
        ]
        for row in found
    ]  # fmt: skip


HEADINGS = ["ARM", "SHOWN", "LIKED", "SKIPPED", "OPENED", "LIKE RATE", "95 % INTERVAL"]


def verdict(found: Sequence[Row]) -> str:
    """What a report comes to, no stronger than its intervals."""
    real = next((row for row in found if row.arm == REAL), None)
    arms = [row for row in found if row.arm != REAL]
    if real is None or not arms:
        return "Too little was shown to say anything."
    better = [name_of(row.arm) for row in arms if row.low > real.high]
    worse = [name_of(row.arm) for row in arms if row.high < real.low]
    parts = [f"You liked {' and '.join(better)} more than real items"] if better else []
    parts += [f"you liked {' and '.join(worse)} less than real items"] if worse else []
    rest = [name_of(row.arm) for row in arms if row.low <= real.high and row.high >= real.low]
    parts += [f"{' and '.join(rest)} cannot be told from real items by your likes"] if rest else []
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def facts(found: Standing) -> dict[str, Any]:
    """As JSON; of a running test nothing that tells one kind from the other."""
    wanted = found.settings
    return {
        "share": wanted.share, "arms": [arm.name for arm in wanted.arms], "on": wanted.on,
        "blind": {"since": wanted.test_at, "shown": found.shown, "liked": found.liked} if wanted.test else None,
        "waiting": found.waiting, "doing": found.state.doing, "note": found.state.note, "hint": found.state.hint,
        "resting": found.state.resting,
        "marked": [row._asdict() for row in found.marked],
        "reports": [{"at": at, "arms": [row._asdict() for row in each]} for at, each in found.past],
    }  # fmt: skip
