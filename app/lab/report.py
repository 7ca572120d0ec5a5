"""The report of an experiment in Markdown (pure)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from . import judges, plots
from .tables import escaped, mean, people
from .values import ARMS, READER, Record

#: Columns of the tables: metric, heading, decimals.
TEXTS = (
    ("p", "p(like)", 2), ("adherence", "adherence", 2), ("decided", "decided", 2), ("coherence", "coherence", 2),
    ("empty", "empty", 2), ("typical", "typical", 2), ("variance", "variance", 3), ("similarity", "similarity", 3),
    ("duplicates", "near-duplicates", 2), ("within", "on topic", 2), ("captured", "topics captured", 2),
)  # fmt: skip
COSTS = (
    ("tokens", "tokens in the context", 0), ("made", "s to make", 1), ("made_cpu", "CPU s", 1),
    ("write", "s to write", 1), ("write_cpu", "CPU s", 1), ("score", "s to score", 1), ("score_cpu", "CPU s", 1),
)  # fmt: skip


def lines(about: Mapping[str, Any], records: Sequence[Record]) -> list[str]:
    """The whole report."""
    plan = about["plan"]
    made = [record for record in records if record.arm != READER and not record.error]
    readers = [record for record in records if record.arm == READER]
    people = "your own past, split by time" if plan["past"] else f"{len(readers)} simulated readers"
    out = [
        f"# {about['name']}", "",
        f"Model {about['model']}; {about['texts']} texts ({about['digest']}); vectors of {about['vectors']}; {people}; "
        f"{plan['posts']} posts of at most {plan['tokens']} tokens and {plan['test']} scored texts each. "
        "± is half a 95 % interval of the mean over tastes (Student's t).", "",
    ]  # fmt: skip
    out += ["## What was written", "", *_table(TEXTS, made, readers), ""]
    out += _against(made)
    out += judges.asked(made, readers)
    out += ["## Scoring: AUC of held-out texts", "", *judges.scoring(made, readers), ""]
    out += ["## Cost of one reader", "", *_table(COSTS, made, [], where="cost"), ""]
    out += _by_likes(made)
    out += judges.coverage(made, readers)
    out += _examples(made)
    return out + _failures(records)


def _arms(records: Sequence[Record]) -> list[str]:
    return [arm for arm in ARMS if any(record.arm == arm for record in records)]


def _table(
    columns: Sequence[tuple[str, str, int]], made: Sequence[Record], readers: Sequence[Record], where: str = "values"
) -> list[str]:
    out = ["| arm | readers | " + " | ".join(head for _, head, _ in columns) + " |", "|---" * (len(columns) + 2) + "|"]
    rows: list[tuple[str, Sequence[Record]]] = [(arm, [r for r in made if r.arm == arm]) for arm in _arms(made)]
    if readers:
        rows.append(("*what was liked*", readers))
    for name, mine in rows:
        cells = [
            mean(people(mine, [getattr(r, where).get(key, math.nan) for r in mine]), places)
            for key, _, places in columns
        ]
        out.append(f"| {name} | {len(mine)} | " + " | ".join(cells) + " |")
    return out


def _against(made: Sequence[Record]) -> list[str]:
    """Differences from the arm base on the same readers, which have narrower intervals than the arms themselves."""
    base = {record.key[1:]: record for record in made if record.arm == "base"}
    others = [arm for arm in _arms(made) if arm != "base"]
    if not base or not others:
        return []
    wanted = ("p", "adherence", "coherence", "variance", "similarity", "within")
    out = ["### Against base, reader by reader", "", "| arm | " + " | ".join(wanted) + " |", "|---" * 7 + "|"]
    for arm in others:
        pairs = [(r, base[r.key[1:]]) for r in made if r.arm == arm and r.key[1:] in base]
        mine = [a for a, _ in pairs]
        cells = [mean(people(mine, [a.values[key] - b.values[key] for a, b in pairs]), 3) for key in wanted]
        out.append(f"| {arm} | " + " | ".join(cells) + " |")
    return [*out, ""]


def _by_likes(made: Sequence[Record]) -> list[str]:
    """Topics captured and probability by number of likes, one table and plot for each number of hidden topics."""
    many = sorted({record.n for record in made})
    if len(many) < 2:
        return []
    out: list[str] = []
    for key, title, places in (("captured", "Topics captured", 2), ("p", "Probability of like", 2)):
        out += [f"## {title} by number of likes", ""]
        for k in sorted({record.k for record in made}):
            series = {arm: [_of(made, arm, k, n, key) for n in many] for arm in _arms(made)}
            out += [f"{k} hidden topics:", "", "| arm | " + " | ".join(map(str, many)) + " |"]
            out += ["|---" * (len(many) + 1) + "|"]
            out += [f"| {arm} | " + " | ".join(mean(v, places) for v in row) + " |" for arm, row in series.items()]
            means = {arm: [_middle(values) for values in row] for arm, row in series.items()}
            out += ["", *plots.lines(f"{title.lower()}, {k} hidden topics", means, many, share=True), ""]
    return out


def _of(made: Sequence[Record], arm: str, k: int, n: int, key: str) -> list[float]:
    return [r.values.get(key, math.nan) for r in made if (r.arm, r.k, r.n) == (arm, k, n)]


def _middle(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _examples(made: Sequence[Record]) -> list[str]:
    out = ["## What it looks like", "", "The first post of the first reader, by each arm:", ""]
    for arm in _arms(made):
        first = next((r for r in made if r.arm == arm and r.posts), None)
        if first is not None:
            out.append(f"- {arm} ({first.posts[0].p:.2f}): {escaped(first.posts[0].text)}")
    return [*out, ""]


def _failures(records: Sequence[Record]) -> list[str]:
    failed = [record for record in records if record.error]
    notes = {(record.arm, record.note) for record in records if record.note}
    out = ["## What did not work", ""] if failed or notes else []
    times = Counter((record.arm, record.error) for record in failed)
    out += [f"- {arm}, {count} readers: {escaped(error)}" for (arm, error), count in sorted(times.items())]
    return [*out, *[f"- {arm}: {escaped(note)}" for arm, note in sorted(notes)]]
