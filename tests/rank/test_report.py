"""Each expert's worth: forecasts recovered from the model are the ones it made, and failures are named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.app.rank import report
from penchant.app.rank.metrics import auc
from penchant.app.rank.model import UNKNOWN, WINDOW, Model
from penchant.app.rank.prequential import opinions_before
from penchant.app.rank.types import Label


def taught(world, n: int, *, noise: float = 0.0, seed: int = 0):  # type: ignore[no-untyped-def]
    """A model after n labels, and what its experts said of each item before its label."""
    rng = np.random.default_rng(seed)
    model, said = Model(), []
    for i in rng.integers(0, 200, n).tolist():
        said.append(model.opinions(world.batch.take([i]))[0])
        y = int(i % 2 == 0) if rng.random() >= noise else int(rng.random() < 0.5)
        model.learn(Label("", i, y, 1.0 if i % 3 else 0.25), world.batch, i)
    return model, np.array(said)


@pytest.mark.parametrize("n", [1, 40, WINDOW + 30])
def test_recovered_forecasts_are_those_made_at_the_time(world, n: int) -> None:
    model, said = taught(world, n, noise=0.3)
    for k, (name, expert) in enumerate(model.experts.items()):
        if name == "recency":  # learned with an age that `said` was not told
            continue
        assert opinions_before(expert) == pytest.approx(said[-WINDOW:, k], abs=2e-3), name


def test_taking_the_forecasts_leaves_the_model_as_it_is(world) -> None:
    model, _ = taught(world, 30)
    before = model.score(world.batch).logit
    report.expert_report(model)
    report.headline(model)
    model._head = None
    assert np.array_equal(before, model.score(world.batch).logit)


def test_experts_that_know_are_told_from_those_that_do_not(world) -> None:
    model, _ = taught(world, 200)
    found = {r.name: r for r in report.expert_report(model)}
    assert found["words"].right > 0.95 and found["words"].labels >= 190
    assert found["popular"].right < 0.7 and found["recency"].labels == 0
    assert sum(r.trust for r in found.values()) == pytest.approx(float(model.head().weight.sum()))
    assert 0 < found["words"].half < 0.05 < found["popular"].half


def test_an_expert_that_knows_nothing_is_near_chance(world) -> None:
    right = [report.expert_report(taught(world, 120, noise=1.0, seed=s)[0])[0].right for s in range(8)]
    assert np.mean(right) == pytest.approx(0.5, abs=0.06)


def test_a_failed_expert_is_listed_with_its_reason(world) -> None:
    model = Model(without=(*UNKNOWN, "words"))
    model.learn(Label("", 0, 1, 1.0), world.batch, 0)
    last = report.expert_report(model, {"words": "no number"})[-1]
    assert (last.name, last.failed, last.trust) == ("words", "no number", 0.0) and math.isnan(last.right)
    model, _ = taught(world, 20)
    model.experts["static"].mean[:] = np.nan  # type: ignore[attr-defined]
    model._head = None
    names = {r.name: r.failed for r in report.expert_report(model)}
    assert "finite" in names["static"] and names["words"] == ""


def test_the_headline_says_when_it_is_too_early_and_then_the_numbers(world) -> None:
    assert report.headline(Model()) == "too early to measure: 0 of 16 labels"
    assert report.sentence(report.expert_report(Model())) == ""
    model, _ = taught(world, 100, noise=0.2)
    line = report.headline(model)
    assert line.startswith("AUC 0.") and "your like rate alone" in line and "last 100 labels" in line
    logit, rate = report.forecasts(model)
    assert auc(logit, model.y) > 0.8 and rate[0] == 0.5
    said = report.sentence(report.expert_report(model), {"words": "words of the text"})
    assert said.startswith("for you, ") and said.count("%") == 3


def test_only_one_kind_of_label_is_no_measurement(world) -> None:
    model = Model()
    for i in range(0, 80, 2):
        model.learn(Label("", i, 1, 1.0), world.batch, i)
    assert "one kind" in report.headline(model)
    assert all(math.isnan(r.right) for r in report.expert_report(model))
