"""The gate's model: what counts as evidence, nobody judged by what learned from them, a limit that holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank import gate
from penchant.app.rank.types import Label

NOTHING: dict[str, Any] = {
    "liked": False, "saved": False, "opened": False, "later": False, "searched": False, "dwell": 0.0, "kept": True,
    "against": "",
}  # fmt: skip


def labels(world: Any, n: int = 160) -> list[Label]:
    """Gardens are liked or ignored, kernels are ignored."""
    order = np.random.default_rng(3).permutation(n).tolist()
    return [gate.label(i, "liked" if i % 4 == 0 else "unseen", float(t)) for t, i in enumerate(order)]


def test_what_counts_for_and_against() -> None:
    def of(**facts: Any) -> str:
        return gate.evidence_of(**{**NOTHING, **facts})

    assert of() == "passed" and of(opened=True) == "opened" and of(opened=True, dwell=31.0) == "read"
    assert of(searched=True, opened=True) == "searched" and of(liked=True, searched=True) == "liked"
    assert of(against="skipped") == "skipped" and of(opened=True, against="muted") == "muted"
    assert of(liked=True, against="skipped", kept=False) == "skipped"
    assert of(liked=True, against="skipped", kept=True) == "liked"
    assert all(gate.label(1, name, 0.0).y == (name in gate.FOR) for name in gate.WEIGHTS)


def test_it_tells_subjects_apart_and_says_why(world: Any) -> None:
    learned = labels(world)
    batch = world.batch.take([each.item_id for each in learned])
    found = gate.fit(learned, batch, against=10_000)
    new = world.batch.take(range(160, 200))
    score, chance = found.score(new), found.chance(new)
    assert score[::2].min() > score[1::2].max()
    assert chance.max() < 0.1, "as rare as what is kept is among all"
    why = found.reason(world.items[161], world.texts[161], world.batch.take([161]))
    assert "Kernel" in why or "kernel" in why


def test_an_items_own_label_does_not_judge_it(world: Any) -> None:
    learned = labels(world)
    batch = world.batch.take([each.item_id for each in learned])
    place = next(n for n, each in enumerate(learned) if each.event_id == "unseen")
    turned = [*learned]
    turned[place] = gate.label(learned[place].item_id, "liked", learned[place].at)
    one = batch.take([place])
    before, after = (gate.fit(each, batch, against=500).score(one)[0] for each in (learned, turned))
    assert before == after


def test_the_replay_knows_only_what_came_before(world: Any) -> None:
    learned = labels(world)
    batch = world.batch.take([each.item_id for each in learned])
    whole = gate.run(gate.percentiles(learned, batch))
    assert whole.min() >= 0.0 and whole.max() <= 1.0 and whole.mean() > 0.5
    acted = [n for n, each in enumerate(learned) if each.y]
    last = acted[int(0.85 * len(acted))]
    cut = [n for n in range(len(learned)) if n < last or learned[n].y or learned[n].event_id != "unseen"]
    assert len(gate.run(gate.percentiles([learned[n] for n in cut], batch.take(cut)))) == len(whole)
    assert gate.percentiles(learned[:3], batch.take(range(3))) is not None
    assert len(gate.run(gate.percentiles([x for x in learned if x.y], batch.take(acted)))) == 0, "none unseen"


@given(st.integers(1, 600), st.floats(0.01, 0.2), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_the_share_is_a_bound_where_the_future_is_like_the_past(n: int, risk: float, seed: int) -> None:
    """Of exchangeable percentiles the next one lies below the share with probability at most `risk`."""
    rng = np.random.default_rng(seed)
    past = rng.beta(4, 1.5, (400, n))
    shares = np.array([gate.safe_share(each, risk) for each in past])
    next_ = rng.beta(4, 1.5, 400)
    assert (next_ < shares).mean() <= risk + 4 * np.sqrt(risk / 400)
    if n + 1 < 1 / risk:
        assert not shares.any(), "too few to promise anything"


@given(st.lists(st.floats(-5, 5), max_size=60), st.floats(0, 1), st.integers(-3, 80))
def test_only_the_least_below_the_limit_are_chosen(scores: list[float], share: float, most: int) -> None:
    score = np.array(scores)
    chosen = gate.choose(score, gate.limit_at(score, share), most)
    assert len(chosen) <= max(most, 0) and len(chosen) <= share * len(score)
    rest = np.setdiff1d(np.arange(len(score)), chosen)
    if len(chosen) and len(rest):
        assert score[chosen].max() <= score[rest].min()
