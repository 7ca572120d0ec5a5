"""Experiments from the first record to the report: arms that know the reader do better, and nothing is done twice."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from penchant.app.errors import PenchantError
from penchant.app.lab import jury, report, results, running, simulated
from penchant.app.lab.cell import Bench
from penchant.app.lab.results import FILE, Results
from penchant.app.lab.values import READER, Plan, Pool, Post, Record

ABOUT: dict[str, Any] = {"name": "trial", "model": "parrot", "vectors": "words", "texts": 360, "digest": "ab"}


def results_in(folder: Path, plan: Plan) -> Results:
    from dataclasses import asdict

    return Results(folder, {**ABOUT, "plan": asdict(plan)})


async def made(folder: Path, plan: Plan, pool: Pool, voice: Any, vectors: Any, allow: Any = None) -> list[Record]:
    kept = results_in(folder, plan)
    cases = list(simulated.cases(plan, pool))
    return [each async for each in running.run(Bench(plan, pool, voice, vectors), cases, kept, allow)]


@pytest.fixture
def helpers() -> Any:
    import importlib.util
    import sys

    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("lab_helpers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def test_history_beats_nothing_and_what_cannot_be_done_is_said(
    tmp_path: Path, plan: Plan, pool: Pool, helpers: Any
) -> None:
    found = await made(tmp_path, plan, pool, helpers.Parrot(), helpers.WordVectors())
    assert [r.arm for r in found] == [READER, "base", "history", "vector"] * 3
    of = {(r.arm, r.seed): r for r in found}
    for seed in range(3):
        base, told, failed = (of[arm, seed] for arm in ("base", "history", "vector"))
        assert told.values["p"] > base.values["p"] + 0.3
        assert told.values["captured"] > base.values["captured"] == 0.0
        assert told.values["auc"] > 0.8 and base.values["auc"] == 0.5
        assert told.values["similarity"] > base.values["similarity"]
        assert "vector" in failed.error and "parrot" in failed.error
    page = "\n".join(report.lines({**ABOUT, "plan": {**plan.__class__.__dict__, "past": False, "posts": 4,
                                                     "tokens": 48, "test": 12}}, found))  # fmt: skip
    assert "| history | 3 |" in page and "## What did not work" in page and "- vector, 3 readers:" in page
    assert "nan" not in page


async def test_a_run_that_was_stopped_goes_on_and_says_the_same(
    tmp_path: Path, plan: Plan, pool: Pool, helpers: Any
) -> None:
    whole = await made(tmp_path / "whole", plan, pool, helpers.Parrot(), helpers.WordVectors())
    dying = helpers.Parrot()
    dying.dies_after = 10
    with pytest.raises(KeyboardInterrupt):
        await made(tmp_path / "cut", plan, pool, dying, helpers.WordVectors())
    file = tmp_path / "cut" / FILE
    kept = len(file.read_bytes().splitlines()) - 1
    with file.open("ab") as out:
        out.write(whole[-1].line().encode()[:40])  # and the disk was full in the middle of a line
    voice = helpers.Parrot()
    rest = await made(tmp_path / "cut", plan, pool, voice, helpers.WordVectors())
    failed = sum(r.arm == "vector" for r in rest)
    assert 0 < kept < len(whole) and voice.written < 3 * 2 * plan.posts and failed == 3  # failures are tried again
    _, ours = results.load(tmp_path / "cut")
    last = {r.key: r for r in ours}
    assert list(last) == [r.key for r in whole]
    same = [(r.values, r.scores, r.posts) for r in whole]
    assert json.dumps([(a, b) for a, b, _ in same]) == json.dumps([(r.values, r.scores) for r in last.values()])
    assert [posts for *_, posts in same] == [r.posts for r in last.values()]


def test_other_settings_are_refused_in_words(tmp_path: Path, plan: Plan) -> None:
    from dataclasses import replace

    results_in(tmp_path, plan)
    results_in(tmp_path, plan)
    with pytest.raises(PenchantError, match="other settings: plan"):
        results_in(tmp_path, replace(plan, posts=5))


def test_a_record_comes_back_as_it_was(tmp_path: Path, plan: Plan) -> None:
    record = Record("history", 2, 8, 1, {"p": 0.25, "auc": math.inf}, {"ratio": [0.5, None]}, {"tokens": 3.0},
                    [Post("a\u2028\x1b[31m", 0.5, None, True, False, 4)], "note")  # fmt: skip
    kept = results_in(tmp_path, plan)
    kept.add(record)
    assert "\x1b" not in (tmp_path / FILE).read_text()
    assert results.load(tmp_path)[1] == [record]


async def test_a_server_without_consent_is_told_nothing(tmp_path: Path, plan: Plan, pool: Pool, helpers: Any) -> None:
    async def allow(carrier: str) -> None:
        if carrier == "history":
            raise PenchantError("host.example is not allowed to be told of your history")

    found = await made(tmp_path, plan, pool, helpers.Parrot(frozenset()), helpers.WordVectors(), allow)
    told = [r for r in found if r.arm == "history"]
    assert all("not allowed" in r.error and not r.posts for r in told)
    base = next(r for r in found if r.arm == "base")
    assert math.isnan(base.values["auc"]) and math.isnan(base.values["coherence"])  # no likelihoods: it abstains


def test_the_head_that_judges_agrees_with_scikit_learn(pool: Pool, plan: Plan) -> None:
    from sklearn.linear_model import LogisticRegression

    case = simulated.case(plan, pool, 2, 8, 0)
    head = jury.learned(pool.vectors[case.judge], case.judge_y)
    peer = LogisticRegression(C=1.0 / jury.PRIOR, max_iter=5_000, tol=1e-8).fit(pool.vectors[case.judge], case.judge_y)
    ours, theirs = head.logit(pool.vectors[case.test]), peer.decision_function(pool.vectors[case.test])
    assert abs(ours - theirs).max() < 0.02


def test_readers_of_one_taste_count_once_and_never_for_themselves() -> None:
    from penchant.app.lab import judges, tables

    records = [Record(READER, 2, n, seed, {"auc": float(seed)}) for n in (5, 20, 50) for seed in range(2)]
    assert tables.people(records, [r.values["auc"] for r in records]) == [0.0, 1.0]
    y = [1.0, 0.0] * 30
    alone = [Record(READER, 2, n, 0, {"auc": 1.0, "jury": 1.0}, {"head": y, "y": y}) for n in (5, 20)]
    made = [Record("history", 2, n, 0, {"auc": 1.0}, {"ratio": y}) for n in (5, 20)]
    assert judges.coverage(made, alone) == []
    assert all(math.isnan(area) for area in judges.together(made, {r.key[1:]: r for r in alone}))


def test_markup_of_others_stays_text_in_a_report(plan: Plan) -> None:
    post = Post("# <script>|x|\n- [a](b) \x1b[31m", 0.5, None, None, True, None)
    record = Record("base", 2, 8, 0, {"p": 0.5}, posts=[post])
    about = {**ABOUT, "plan": {"past": False, "posts": 1, "tokens": 1, "test": 4}}
    shown = report._examples([record])
    assert about and shown[-2].count("\n") == 0 and "<script>" not in shown[-2].replace("\\<", "")


def test_the_verbal_judge_is_believed_as_far_as_other_readers_bear_it_out() -> None:
    from penchant.app.lab import judges

    y = [1.0, 0.0] * 20
    for knows in (True, False):
        said = [(4.0 if truth else -4.0) if knows else float(n % 3) for n, truth in enumerate(y)]
        readers = [Record(READER, 2, 8, seed, {}, {"verbal": said, "y": y, "head": said}) for seed in range(3)]
        made = [Record("history", 2, 8, seed, {}, {"verbal_posts": [4.0, 4.0, -4.0, None]}) for seed in range(3)]
        last = [line for line in judges.asked(made, readers) if line][-1]
        assert last == ("| history | 12 | 0.75 | 0.67 |" if knows else "| history | 12 | 0.00 | - |")


def test_a_line_that_cannot_be_read_costs_its_record_and_none_of_those_behind_it(tmp_path: Path, plan: Plan) -> None:
    kept = results_in(tmp_path, plan)
    for seed in range(4):
        kept.add(Record("base", 3, 20, seed))
    *lines, last = (tmp_path / FILE).read_text().splitlines()
    lines[2] = '{"arm": "base", "k": 3, "of another version": 1}'
    (tmp_path / FILE).write_text("\n".join([*lines, last, '{"arm": "ba']))
    again = results_in(tmp_path, plan)
    assert sorted(key[-1] for key in again.records) == [0, 2, 3] == [r.seed for r in results.load(tmp_path)[1]]
    again.add(Record("base", 3, 20, 1))
    assert (tmp_path / FILE).read_text().splitlines()[:5] == [*lines, last], "and nothing of it is taken away"
    assert sorted(key[-1] for key in results_in(tmp_path, plan).records) == [0, 1, 2, 3]
    (tmp_path / FILE).write_text("\n".join(["not the first line", *lines, last, ""]))
    with pytest.raises(PenchantError, match="is no file of results"):
        results_in(tmp_path, plan)
    assert (tmp_path / FILE).read_text().endswith(f"{last}\n"), "nothing is written over it"
