"""The measuring itself: splits that never look ahead, learning curves, folders."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app import evaluation
from penchant.app.commands.context import Context
from penchant.app.errors import UsageError
from penchant.app.evaluation_data import from_folder
from penchant.app.rank import baselines
from penchant.app.rank.evaluate import AVERAGE, HORIZON, DataSet, Reader, Task, curve, orders, ours, split
from penchant.app.rank.evaluate_step import HEAD, Run, summed

METHODS = (ours, *baselines.SIMPLE, *baselines.LEARNED)


@settings(deadline=None, max_examples=40)
@given(st.integers(30, 220), st.integers(1, 60), st.booleans(), st.integers(0, 99))
def test_splits_never_train_on_what_is_tested_nor_on_the_future(n: int, k: int, timed: bool, seed: int) -> None:
    at = np.random.default_rng(seed).integers(0, 40, n).astype(float) if timed else None
    reader = Reader("r", np.arange(n), np.zeros(n), at)
    for r in range(4):
        parts = split(reader, k, r, np.random.default_rng(seed))
        if parts is None:
            assert n - k < 25
            continue
        train, test = parts
        assert len(train) == k and len(test) >= 25
        assert not set(train.tolist()) & set(test.tolist())
        if at is None:
            assert len(test) == n - k
            smaller = split(reader, k // 2, r, np.random.default_rng(seed))
            assert smaller is not None and np.array_equal(smaller[0], train[: k // 2])
        else:
            assert len(test) <= HORIZON and at[train].max() <= at[test].min()


@pytest.fixture
def data(world) -> DataSet:
    y = (np.arange(200) % 2 == 0).astype(float)
    rows = [np.random.default_rng(k).permutation(200) for k in range(3)]
    readers = [Reader(f"r{k}", order, y[order]) for k, order in enumerate(rows)]
    published = np.array([i.at for i in world.items])
    source = np.arange(200, dtype=np.int64) % 2
    points = np.array([np.nan if i.points is None else i.points for i in world.items], float)
    unit = world.vectors / np.linalg.norm(world.vectors, axis=1, keepdims=True)
    vectors = {"static": unit}
    return DataSet(
        "world", world.batch, world.texts, vectors, readers, published, points=points, source=source
    )


def test_a_curve_over_readers_learns_and_beats_the_like_rate(data: DataSet) -> None:
    found = curve(data, METHODS, steps=(0, 8, 32))
    none, first, last = found.steps
    assert [s.labels for s in found.steps] == [0, 8, 32] and found.readers == 3
    assert none.auc[HEAD].mean == 0.5 and none.loss[HEAD].mean == pytest.approx(np.log(2))
    assert last.auc[HEAD].mean > 0.95 and first.auc["like rate"].mean == pytest.approx(0.5)
    assert last.auc["rocchio words"].mean > 0.9 and last.auc["source like rate"].mean == 1.0
    assert last.auc["only words"].mean > 0.9 > 0.6 > last.auc["only popular"].mean
    for step in (first, last):
        assert step.saved["like rate"].mean > 0
        assert step.margin[AVERAGE].mean == pytest.approx(step.auc[HEAD].mean - step.auc[AVERAGE].mean)
    again = curve(data, METHODS, steps=(0, 8)).steps[1]
    assert (again.auc, again.margin, again.error) == (first.auc, first.margin, first.error)


def test_a_rival_that_sees_nothing_is_judged_on_the_same_splits(data: DataSet) -> None:
    few = curve(data, (ours, baselines.like_rate), steps=(16,)).steps[0]
    many = curve(data, METHODS, steps=(16,)).steps[0]
    assert few.auc[HEAD] == many.auc[HEAD] and few.loss["like rate"] == many.loss["like rate"]


def test_a_model_that_goes_on_equals_one_that_starts_over(data: DataSet) -> None:
    reader = data.readers[0]
    test = np.arange(150, 200)
    kept = ours(data)
    for n in (4, 20, 12):
        task = Task(reader.rows[:n], reader.y[:n], np.ones(n), reader.rows[test])
        mine, fresh = kept(task), ours(data)(task)
        assert all(np.array_equal(mine[name][0], fresh[name][0]) for name in fresh)


def test_every_method_ignores_the_order_of_test_rows_and_what_stands_beside_them(data: DataSet) -> None:
    reader = data.readers[0]
    for make in METHODS:
        fit = make(data)
        whole = fit(Task(reader.rows[:30], reader.y[:30], np.ones(30), reader.rows[100:140]))
        part = fit(Task(reader.rows[:30], reader.y[:30], np.ones(30), reader.rows[100:140][::-2]))
        for name, (score, _) in whole.items():
            assert part[name][0] == pytest.approx(score[::-2], abs=1e-4), name


def test_the_interval_of_one_reader_grows_with_few_items_however_many_splits() -> None:
    rng = np.random.default_rng(0)

    def half(items: int, splits: int) -> float:
        y = (np.arange(items) % 2).astype(float)
        good, bad = y + rng.standard_normal(items), rng.standard_normal(items)
        p = 1 / (1 + np.exp(-good))
        said = {HEAD: (good, p), "other": (bad, None)}
        return summed(8, [Run(0, np.arange(items), y, said)] * splits).margin["other"].half

    few, many, often = half(60, 4), half(1_500, 4), half(60, 40)
    assert few > 3 * many and often == pytest.approx(few, rel=0.6) and 0.1 < few < 0.4


def test_time_order_is_measured_where_all_readers_have_times(data: DataSet) -> None:
    assert [name for name, _ in orders(data)] == ["random"]
    timed = replace(data, readers=[replace(r, at=np.arange(200.0)) for r in data.readers])
    assert [name for name, _ in orders(timed)] == ["random", "time"]
    assert all(r.at is None for r in orders(timed)[0][1].readers)


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
    data = from_folder(target)
    assert len(data.readers) == 1 and data.readers[0].y.mean() == 0.5 and data.readers[0].at is not None
    said: list[str] = []
    notes: list[str] = []
    args = SimpleNamespace(data=str(tmp_path), sentence="none", cache=str(tmp_path / "cache"))
    found = evaluation.measured(args, Context(), notes.append, said.append)
    report = json.loads(json.dumps(found.as_json()))
    assert [(s["name"], s["order"]) for s in report["sets"]] == [("set", "random"), ("set", "time")]
    assert report["sets"][0]["steps"][0]["labels"] == 0 and said and not notes
    assert any("AUC by number of labels" in line for line in found.plots())
    table = evaluation.evaluate_folder(target, repeats=2).lines()
    for name in ("penchant", "plain average", "only words", "tf-idf svm", "logistic static", "rocchio words"):
        assert any(line.startswith(f"  {name} ") for line in table), name
    assert max(map(len, table)) <= 80


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


def test_a_folder_whose_ratings_name_no_item_says_so(tmp_path, world) -> None:
    target = folder(tmp_path, world)
    (target / "ratings.csv").write_text("user,item,rating\nu,nothing,1\n")
    with pytest.raises(UsageError, match="no rating of any of its items"):
        from_folder(target)


def test_sentence_vectors_become_an_expert_and_rivals(tmp_path, world) -> None:
    target = folder(tmp_path, world)
    asked: list[int] = []

    def sentence(texts):  # type: ignore[no-untyped-def]
        asked.append(len(texts))
        rng = np.random.default_rng(0)
        side = np.where(np.arange(len(texts)) % 2, 1.0, -1.0)
        rows = side[:, None] + rng.standard_normal((len(texts), 40))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    step = evaluation.evaluate_folder(target, sentence=sentence, steps=(32,), repeats=2).curves[0].steps[0]
    assert asked == [200] and {"only sentence", "rocchio sentence", "logistic sentence"} <= set(step.auc)
    assert step.auc["only sentence"].mean > 0.9


def test_without_scikit_learn_the_rest_is_measured_and_the_lack_is_said(tmp_path, world, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    report = evaluation.evaluate_folder(folder(tmp_path, world), repeats=2)
    assert "scikit-learn is not installed" in report.lines()[-1]
    names = set(report.curves[0].steps[0].auc)
    assert {"penchant", "newest first", "like rate"} <= names and not {"tf-idf svm", "rocchio words"} & names
