"""How well readers are foretold: each arm's likelihood ratio, the head, both, and the judge that may abstain (pure).

The head and the ratio are put together as on other readers: weights and thresholds of one reader come from the labels
of all the others, so that nothing is measured on what it was fitted to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from penchant.app.rank.metrics import auc
from penchant.app.voice import abstain

from . import plots
from .tables import mean, people, unit
from .values import ARMS, Record

Key = tuple[int, int, int]
Person = tuple[int, int]


def scoring(made: Sequence[Record], readers: Sequence[Record]) -> list[str]:
    """A table: AUC of the ratio, of head and ratio, and what the ratio adds to the head."""
    of = {record.key[1:]: record for record in readers}
    out = ["| arm | ratio | head + ratio | more than the head |", "|---|---|---|---|"]
    for arm in ARMS:
        mine = [record for record in made if record.arm == arm and record.key[1:] in of]
        if not any(math.isfinite(record.values.get("auc", math.nan)) for record in mine):
            continue
        both, heads = together(mine, of), [of[record.key[1:]].values["auc"] for record in mine]
        gain = [a - b for a, b in zip(both, heads, strict=True)]
        out.append(
            f"| {arm} | {mean(people(mine, [r.values['auc'] for r in mine]), 3)} "
            f"| {mean(people(mine, both), 3)} | {mean(people(mine, gain), 3)} |"
        )
    out.append(f"| *the head* | | {mean(people(readers, [r.values['auc'] for r in readers]), 3)} | |")
    verbal = [r.values.get("verbal", math.nan) for r in readers]
    if any(map(math.isfinite, verbal)):
        out.append(f"| *asked yes or no* | {mean(people(readers, verbal), 3)} | | |")
    judge = mean(people(readers, [r.values["jury"] for r in readers]), 3)
    return [*out, "", f"The head that judges what is written (from other labels) reaches {judge} on the same texts."]


def together(mine: Sequence[Record], of: Mapping[Key, Record]) -> list[float]:
    """AUC of head and ratio for each reader, weighed by what the others' labels say; NaN with one reader."""
    rows = [_opinions(record, of[record.key[1:]]) for record in mine]
    found = []
    for place, (opinions, y) in enumerate(rows):
        others = [row for other, row in enumerate(rows) if mine[other].person != mine[place].person]
        if not others:
            found.append(math.nan)
            continue
        judge = abstain.fit(np.vstack([o for o, _ in others]), np.concatenate([y for _, y in others]))
        found.append(auc(judge.probability(opinions), y))
    return found


def _opinions(record: Record, reader: Record) -> tuple[np.ndarray, np.ndarray]:
    """(float64[n, 2]: head and ratio, each in the reader's own unit; y)."""
    columns = [reader.scores["head"], record.scores.get("ratio", [])]
    y = np.array(reader.scores["y"], np.float64)
    return np.column_stack([unit(column if len(column) == len(y) else [None] * len(y)) for column in columns]), y


def coverage(made: Sequence[Record], readers: Sequence[Record]) -> list[str]:
    """The judge that may abstain, of each reader by what the others say, with the verbal judge beside it."""
    of = {record.key[1:]: record for record in readers}
    arms = [arm for arm in ("vector", "history", "soft-prompt") if any(record.arm == arm for record in made)]
    if len({record.person for record in readers}) < 2:
        return []
    kinds: dict[str, list[tuple[np.ndarray, np.ndarray, Person]]] = {
        "head": [(unit(r.scores["head"])[:, None], np.array(r.scores["y"]), r.person) for r in readers]
    }
    for arm in arms[:1]:
        mine = [record for record in made if record.arm == arm and record.key[1:] in of]
        kinds[f"head + {arm}"] = [(*_opinions(r, of[r.key[1:]]), r.person) for r in mine]
    if any(r.scores.get("verbal") for r in readers):
        kinds["asked yes or no"] = [
            (unit(r.scores["verbal"])[:, None], np.array(r.scores["y"]), r.person)
            for r in readers if r.scores.get("verbal")
        ]  # fmt: skip
    out = ["## The judge that may abstain", ""]
    out += [f"It promises at most {abstain.RISK:.0%} wrong verdicts; threshold and weights come from other readers."]
    out += [""]
    out += ["| judge | texts | speaks of | wrong when it speaks | wrong if it always spoke |", "|---|---|---|---|---|"]
    curves: dict[str, list[float]] = {}
    for name, rows in kinds.items():
        p, said, y = _foretold(rows)
        spoke = said != abstain.SILENT
        wrong = f"{np.mean(said[spoke] != y[spoke]):.2f}" if spoke.any() else "-"
        out.append(f"| {name} | {len(y)} | {spoke.mean():.2f} | {wrong} | {np.mean((p >= 0.5) != (y > 0)):.2f} |")
        points = abstain.curve(p, y)
        curves[name] = [at(points, step / 10) for step in range(1, 11)]
    ticks = [step / 10 for step in range(1, 11)]
    return [*out, "", *plots.lines("share of wrong verdicts by coverage", curves, ticks, "coverage", share=True), ""]


def asked(made: Sequence[Record], readers: Sequence[Record]) -> list[str]:
    """What the verbal judge says of what was written; how far to believe it comes from other readers' texts."""
    asking = [r for r in readers if r.scores.get("verbal")]
    known = [(r.person, _column(r.scores["verbal"]), np.array(r.scores["y"])) for r in asking]
    if len({person for person, *_ in known}) < 2:
        return []
    out = ["### Asked yes or no of what was written", "", "| arm | posts | decided | adherence |", "|---|---|---|---|"]
    for arm in ARMS:
        said: list[int] = []
        for record in (r for r in made if r.arm == arm and r.scores.get("verbal_posts")):
            others = [(x, y) for key, x, y in known if key != record.person]
            judge = abstain.fit(np.vstack([x for x, _ in others]), np.concatenate([y for _, y in others]))
            said += judge.verdicts(_column(record.scores["verbal_posts"])).tolist()
        spoke = [verdict for verdict in said if verdict != abstain.SILENT]
        if said:
            yes = f"{sum(spoke) / len(spoke):.2f}" if spoke else "-"
            out.append(f"| {arm} | {len(said)} | {len(spoke) / len(said):.2f} | {yes} |")
    return [*out, ""]


def _column(values: Sequence[float | None]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values], np.float64)[:, None]


def _foretold(
    rows: Sequence[tuple[np.ndarray, np.ndarray, Person]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(p, verdicts, y) of every reader's texts by what the other readers' labels say."""
    p, said, truth = [], [], []
    for opinions, y, key in rows:
        others = [(o, v) for o, v, other in rows if other != key]
        if not others:
            continue
        judge = abstain.fit(np.vstack([o for o, _ in others]), np.concatenate([v for _, v in others]))
        p.append(judge.probability(opinions))
        said.append(judge.verdicts(opinions))
        truth.append(y)
    empty = np.zeros(0)
    return tuple(np.concatenate(part) if part else empty for part in (p, said, truth))  # type: ignore[return-value]


def at(points: Sequence[abstain.Point], coverage: float) -> float:
    """The error at a coverage, from the nearest point that speaks of as much."""
    return next((point.error for point in points if point.coverage >= coverage - 1e-9), math.nan)
