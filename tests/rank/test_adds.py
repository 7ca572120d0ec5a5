"""What a model adds: the head with its experts against the head without them."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.app import ranking_adds
from penchant.app.rank import report
from penchant.app.rank.model import Model
from penchant.app.rank.types import Label


def taught(world, n: int, seed: int = 0) -> Model:  # type: ignore[no-untyped-def]
    """A reader who likes every second item."""
    rng = np.random.default_rng(seed)
    model = Model()
    for i in rng.integers(0, 200, n).tolist():
        model.learn(Label("", i, int(i % 2 == 0), 1.0), world.batch, i)
    return model


def test_what_knows_adds_and_what_knows_nothing_does_not(world, monkeypatch: pytest.MonkeyPatch) -> None:
    model = taught(world, 200)
    knowing = tuple(r.name for r in report.expert_report(model) if r.right > 0.8)
    assert knowing
    experts = {"judge": knowing, "picture": ("popular",), "sentence": ("sentence",)}
    monkeypatch.setattr(ranking_adds, "EXPERTS", experts)
    found = ranking_adds.measure(model)
    assert found["judge"].gain > 0.2 and found["judge"].clear and found["judge"].labels == 200
    assert abs(found["picture"].gain) < 0.02 and found["picture"].with_it == found["judge"].with_it
    assert "sentence" not in found  # there is no such expert here
    assert ranking_adds.measure(model) == found
    assert "picture" not in ranking_adds.measure(model, ("popular",))


def test_it_forecasts_as_the_report_does(world) -> None:
    model = taught(world, 120)
    columns = {name: ranking_adds.opinions_before(expert) for name, expert in model.experts.items()}
    assert ranking_adds._forecast(model, columns) == pytest.approx(report.forecasts(model)[0])


@pytest.mark.parametrize("n", [0, 5])
def test_few_labels_say_nothing(world, n: int) -> None:
    assert ranking_adds.measure(taught(world, n)) == {}
