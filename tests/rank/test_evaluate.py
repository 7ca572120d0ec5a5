"""The measuring itself: figures against scikit-learn, splits that never look ahead, folders, own events."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app import evaluation
from penchant.app.errors import PenchantError, UsageError
from penchant.app.evaluation_table import verdict
from penchant.app.rank import baselines
from penchant.app.rank.evaluate import (
    DataSet,
    Figure,
    Reader,
    Step,
    auc,
    calibration_error,
    curve,
    log_loss,
    ours,
    replay,
    splits,
)
from penchant.app.store import Store
from penchant.app.types import Event


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=60))
def test_auc_and_log_loss_are_scikit_learns(pairs: list[tuple[int, bool]]) -> None:
    from sklearn.metrics import log_loss as their_loss
    from sklearn.metrics import roc_auc_score

    score, y = np.array([s for s, _ in pairs], float), np.array([float(v) for _, v in pairs])
    if y.min() == y.max():
        assert np.isnan(auc(score, y))
        return
    assert auc(score, y) == pytest.approx(roc_auc_score(y, score))
    p = 1 / (1 + np.exp(-score))
    assert log_loss(p, y) == pytest.approx(their_loss(y, p))


@settings(deadline=None, max_examples=40)
@given(st.integers(30, 120), st.integers(1, 60), st.booleans(), st.integers(0, 99))
def test_splits_never_train_on_what_is_tested_nor_on_the_future(n: int, k: int, timed: bool, seed: int) -> None:
    at = np.random.default_rng(seed).integers(0, 40, n).astype(float) if timed else None
    reader = Reader("r", np.arange(n), np.zeros(n), at)
    for train, test in splits(reader, k, 4, np.random.default_rng(seed)):
        assert len(train) == k and len(test) >= 25
        assert not set(train.tolist()) & set(test.tolist())
        if at is not None:
            assert at[train].max() <= at[test].min()


@pytest.fixture
def data(world) -> DataSet:
    y = (np.arange(200) % 2 == 0).astype(float)
    readers = [Reader(f"r{k}", np.random.default_rng(k).permutation(200), y, None) for k in range(3)]
    readers = [Reader(r.name, r.rows, y[r.rows], None) for r in readers]
    published = np.array([i.at for i in world.items])
    return DataSet("world", world.batch, world.texts, {"static": world.vectors}, readers, published)


def test_a_curve_over_readers_learns_and_beats_the_like_rate(data: DataSet) -> None:
    methods = {"penchant": ours, **baselines.SIMPLE, **baselines.LEARNED}
    found = curve(data, methods, rivals=list(baselines.LEARNED), steps=(8, 32))
    first, last = found.steps
    assert [s.labels for s in found.steps] == [8, 32] and found.readers == 3
    assert last.auc["penchant"].mean > 0.95 and first.auc["like rate"].mean == pytest.approx(0.5)
    for step in found.steps:
        assert step.loss["penchant"].mean < step.loss["like rate"].mean
        assert verdict(step) == ""
    again = curve(data, methods, rivals=list(baselines.LEARNED), steps=(8,)).steps[0]
    assert (again.auc, again.margin) == (first.auc, first.margin)


def test_a_step_below_its_rival_or_above_the_like_rate_is_called_out() -> None:
    def step(margin: Figure, loss: float) -> Step:
        figures = {"penchant": Figure(loss, 0.0), "like rate": Figure(0.69, 0.0)}
        return Step(32, 5, {"penchant": Figure(0.6, 0.0)}, figures, margin, "logistic")

    assert verdict(step(Figure(-0.01, 0.02), 0.6)) == ""
    assert "AUC below logistic" in verdict(step(Figure(-0.03, 0.02), 0.6))
    assert "log loss" in verdict(step(Figure(0.1, 0.02), 0.7))


def test_a_replay_predicts_each_label_before_learning_it(data: DataSet, world) -> None:
    labels = world.labels(40)
    rows = [x.item_id for x in labels]
    found = replay(data, labels, rows, baselines.SIMPLE)
    assert found.predicted["penchant"][0] == pytest.approx(0.5)
    flipped = [*labels[:-1], type(labels[0])("x", labels[-1].item_id, 1 - labels[-1].y, 1.0)]
    again = replay(data, flipped, rows, baselines.SIMPLE)
    assert np.array_equal(found.predicted["penchant"], again.predicted["penchant"])
    assert auc(found.ranked["penchant"], found.y) > 0.75


def test_calibration_error_of_a_true_and_of_a_boasting_forecast() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(4_000)
    y = (rng.random(4_000) < p).astype(float)
    assert calibration_error(p, y) < 0.03
    assert calibration_error(np.where(p > 0.5, 0.99, 0.01), y) > 0.15


def folder(tmp_path, world):  # type: ignore[no-untyped-def]
    target = tmp_path / "set"
    target.mkdir()
    with (target / "items.jsonl").open("w") as file:
        for i, text in zip(world.items, world.texts, strict=True):
            entry = {"id": f"x{i.item_id}", "title": i.title, "text": text, "genres": list(i.tags)}
            file.write(json.dumps(entry) + "\n")
    with (target / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user", "item", "rating", "timestamp"])
        writer.writerows(["u", f"x{i}", 5 if i % 2 == 0 else 1, 1_000 + i] for i in range(80))
    return target


def test_a_folder_of_ratings_is_read_and_measured(tmp_path, world) -> None:
    target = folder(tmp_path, world)
    data = evaluation.from_folder(target)
    assert len(data.readers) == 1 and data.readers[0].y.mean() == 0.5 and data.readers[0].at is not None
    said: list[str] = []
    args = SimpleNamespace(data=str(tmp_path), json=True)
    evaluation.run(args, None, said.append, json.dumps)  # type: ignore[arg-type]
    report = json.loads(said[0])
    assert report["sets"][0]["name"] == "set" and report["sets"][0]["steps"][0]["labels"] == 4
    table = evaluation.evaluate_folder(target, repeats=2).lines()
    assert any("penchant" in line and "logistic" in line for line in table)


@pytest.mark.parametrize("harm", ["none", "items", "ratings"])
def test_a_folder_that_is_none_says_what_is_wrong(tmp_path, world, harm: str) -> None:
    if harm == "none":
        with pytest.raises(UsageError, match="no data set"):
            evaluation.evaluate_folder(tmp_path)
        return
    target = folder(tmp_path, world)
    name, content = ("items.jsonl", '{"id": 1\n') if harm == "items" else ("ratings.csv", "a,b\n1,2\n")
    (target / name).write_text(content)
    with pytest.raises(UsageError, match="cannot read"):
        evaluation.evaluate_folder(target)


def test_without_scikit_learn_the_rest_is_measured_and_the_lack_is_said(tmp_path, world, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    report = evaluation.evaluate_folder(folder(tmp_path, world), repeats=2)
    assert "scikit-learn is not installed" in report.lines()[-1]
    assert set(report.curves[0].steps[0].auc) == {"penchant", "newest", "like rate"}


def test_own_events_are_replayed_in_order(archive) -> None:
    with Store.open(archive()) as store:
        with pytest.raises(PenchantError, match="judged 0 items"):
            evaluation.evaluate_store(store)
        ids = sorted(store.items.candidates(1_000))
        tags = store.items.texts(ids)
        mine = [i for i in ids if "birds" in tags[i][2]][:12]
        other = [i for i in ids if "birds" not in tags[i][2]][:12]
        for liked, skipped in zip(mine, other, strict=True):
            store.events.append([Event("like", liked), Event("skip", skipped)])
        report = evaluation.evaluate_store(store)
    assert report.own is not None and report.own["decisions"] == 24
    assert report.own["methods"]["penchant"]["auc"]["mean"] > 0.6
    assert json.dumps(report.as_json()) and any("your events" in line for line in report.lines())
