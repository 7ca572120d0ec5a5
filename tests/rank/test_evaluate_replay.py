"""The reader's own events replayed: every label predicted before it is learned, by everything that is compared."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from penchant.app import evaluation
from penchant.app.errors import PenchantError
from penchant.app.evaluation_data import from_store
from penchant.app.rank import baselines
from penchant.app.rank.evaluate import DataSet, fresh
from penchant.app.rank.evaluate_replay import Past, Replay, measures, replay, resample
from penchant.app.rank.evaluate_step import HEAD
from penchant.app.rank.metrics import auc, auc_interval
from penchant.app.rank.prior import Prior
from penchant.app.rank.types import Label
from penchant.app.store import Store
from penchant.app.store.spaces import activate_sentence_space
from penchant.app.types import Event


@pytest.fixture
def data(world) -> DataSet:
    unit = world.vectors / np.linalg.norm(world.vectors, axis=1, keepdims=True)
    at = np.array([i.at for i in world.items])
    return DataSet("world", world.batch, world.texts, {"static": unit}, [], at, source=np.arange(200) % 2)


def past(labels: list[Label], **more) -> Past:  # type: ignore[no-untyped-def]
    n = len(labels)
    usual = Past(
        labels,
        [label.item_id for label in labels],
        np.arange(n) // 10,
        np.arange(n) % 10,
        np.full(n, np.nan),
        np.ones(n),
    )
    return replace(usual, **more)


def test_each_label_is_predicted_before_it_is_learned(data: DataSet, world) -> None:
    labels = world.labels(40)
    found = replay(data, past(labels), baselines.SIMPLE, baselines.LEARNED)
    assert found.said[HEAD][1] is not None and found.said[HEAD][1][0] == pytest.approx(0.5)
    flipped = [*labels[:-1], replace(labels[-1], y=1 - labels[-1].y)]
    again = replay(data, past(flipped), baselines.SIMPLE, baselines.LEARNED)
    assert set(found.said) == set(again.said) >= {"only words", "rocchio static", "tf-idf svm", "popularity"}
    for name, (score, _) in found.said.items():
        assert np.array_equal(score, again.said[name][0]), name
    assert auc(found.said[HEAD][0], found.y) > 0.75 and "as shown" not in found.said


def test_the_forecasts_are_those_of_a_model_taught_up_to_there(data: DataSet, world) -> None:
    labels = world.labels(30)
    found = replay(data, past(labels), (), ())
    model = fresh(data)
    for label in labels[:-1]:
        model.learn(label, data.batch, label.item_id)
    last = model.score(data.batch.take([labels[-1].item_id]), now=labels[-1].at)
    assert found.said[HEAD][0][-1] == last.logit[0]


def test_lessons_for_one_expert_are_learned_but_not_judged(data: DataSet, world) -> None:
    labels = world.labels(20)
    lesson = Label("less", labels[0].item_id, 0, 1.0, part="words")
    with_it = replay(data, past([labels[0], lesson, *labels[1:]]), baselines.SIMPLE, ())
    without = replay(data, past(labels), baselines.SIMPLE, ())
    assert len(with_it.y) == 20
    assert not np.array_equal(with_it.said["only words"][0], without.said["only words"][0])
    assert np.array_equal(with_it.said["like rate"][1], without.said["like rate"][1])


def test_hints_weigh_what_they_weigh_and_decisions_are_also_told_alone(data: DataSet, world) -> None:
    labels = world.labels(60)
    labels = [replace(x, weight=0.1, y=1 - x.y) if i % 3 == 0 else x for i, x in enumerate(labels)]
    found = replay(data, past(labels), baselines.SIMPLE, ())
    samples = resample(found.visit)
    table = measures(found, HEAD, samples)
    assert table["decided"][0] > table["auc"][0]
    assert table["log_loss"][0] < measures(found, "like rate", samples)["log_loss"][0]
    assert np.isnan(measures(found, "popularity", samples)["log_loss"][0]) and 0 < table["ndcg"][0] <= 1


def test_what_was_said_outright_counts_from_its_moment_on(data: DataSet, world) -> None:
    class Loud(Prior):
        def parts(self, batch, labels: float) -> np.ndarray:  # type: ignore[no-untyped-def]
            return np.full((len(batch), 2), 5.0)

    from penchant.app.rank.dials import Dials

    labels = world.labels(10)
    plain = replay(data, past(labels), (), ()).said[HEAD][0]
    turned = replay(data, past(labels, turns=[(4, Loud(), Dials())]), (), ()).said[HEAD][0]
    assert np.array_equal(plain[:4], turned[:4]) and turned[4:] == pytest.approx(plain[4:] + 10)


def test_what_was_on_screen_stands_beside_the_rest(data: DataSet, world) -> None:
    labels = world.labels(30)
    shown = np.array([0.9 if x.y else 0.1 for x in labels])
    found = replay(data, past(labels, shown=shown), (), ())
    assert auc(found.said["as shown"][0], found.y) == 1.0


def test_intervals_are_those_of_resampled_visits() -> None:
    rng = np.random.default_rng(0)
    visit = np.repeat(np.arange(40), 10)
    y = np.repeat(rng.random(40) < 0.5, 10).astype(float)
    score = rng.standard_normal(400) + y
    found = Replay(y, np.ones(400), np.ones(400), visit, {"x": (score, np.full(400, 0.4))})
    whole, single = (measures(found, "x", resample(v)) for v in (visit, np.arange(400)))
    assert whole["auc"][0] == single["auc"][0] == pytest.approx(auc(score, y))
    assert whole["brier"][0] == pytest.approx(np.mean((y - 0.4) ** 2))
    assert whole["brier"][1] > 2 * single["brier"][1] > 0
    assert single["auc"][1] == pytest.approx(auc_interval(score, y)[1], rel=0.25)


def teach(store: Store) -> None:
    ids = sorted(store.items.candidates(1_000))
    tags = store.items.texts(ids)
    mine = [i for i in ids if "birds" in tags[i][2]][:12]
    other = [i for i in ids if "birds" not in tags[i][2]][:24]
    for n, liked in enumerate(mine):
        place = {"view": "for-you", "session": f"s{n // 3}", "shown_score": 0.4}
        store.events.append(
            [
                Event("impression", other[n], {"dwell": 3.0}, position=3 * n, **place),
                Event("like", liked, position=3 * n + 1, **place),
                Event("skip", other[12 + n], position=3 * n + 2, **place),
            ]
        )
    rest = [i for i in ids if i not in mine and i not in other][:20]
    low = [Event("impression", i, {"dwell": 3.0}, "for-you", 40 + n, 0.3, session="s3") for n, i in enumerate(rest)]
    store.events.append(low)


def test_own_events_are_replayed_in_order(archive) -> None:
    with Store.open(archive()) as store:
        with pytest.raises(PenchantError, match="judged 0 items"):
            evaluation.evaluate_store(store)
        teach(store)
        said: list[str] = []
        report = evaluation.evaluate_store(store, progress=said.append)
    own = report.own
    assert own is not None and (own["decisions"], own["labels"], own["visits"]) == (24, 56, 4) and said
    assert own["methods"][HEAD]["auc"]["mean"] > 0.6 > own["methods"]["popularity"]["auc"]["mean"] - 0.2
    assert own["methods"]["as shown"]["auc"]["mean"] == pytest.approx(0.5, abs=0.2)
    lines = report.lines()
    assert json.dumps(report.as_json()) and lines[0].startswith("your events: 56 labels (24 decisions")
    assert max(map(len, lines)) <= 82
    assert any(line.startswith("  log loss by place: penchant 0.") for line in lines)
    assert any("chance of looking, from place: 1 1.00" in line for line in lines)


def test_the_archives_own_vectors_recipe_and_wishes_are_used(archive) -> None:
    with Store.open(archive(), role="worker") as store:
        teach(store)
        ids = sorted(store.items.candidates(1_000))
        judged = [e.item_id for _, e in store.events.live() if e.item_id]
        every = store.items.hashes([*ids, *judged])
        rng = np.random.default_rng(0)
        rows = [(h, rng.standard_normal(40).astype("<f4").tobytes()) for h in every.values()]
        store.vectors.put("gguf:x", rows)
        data, _, _ = from_store(store)
        assert set(data.vectors) == {"static"}
        activate_sentence_space(store.vectors.db, "gguf:x")
        extra = sorted(store.items.candidates(1_000))[:2]
        wishes = [
            Event("topics", value={"topics": ["birds"]}),
            Event("tune", value={"values": {"head.trust": 0.9}}),
            Event("like", extra[0]),
            Event("dial", value={"what": "expert", "key": "words", "value": 2.0}),
            Event("skip", extra[1]),
        ]
        store.events.append(wishes)
        data, past, _ = from_store(store)
    assert data.vectors["sentence"].shape == (58, 40) and data.recipe.head.trust == 0.9
    assert np.abs(np.linalg.norm(data.vectors["static"], axis=1) - 1).max() < 1e-3
    (first, prior, _), (second, _, dials) = past.turns
    assert (first, second) == (56, 57) and prior.topics is not None and dials.of("expert", "words") == 2.0
    assert "only sentence" in replay(data, past, (), ()).said
