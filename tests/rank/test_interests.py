"""Interests: clusters of what was liked, keys that stay, dials that move what lies near one and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.interests import due, refit
from penchant.app.rank.batch import Batch
from penchant.app.rank.dials import SILENT, Dials, dials
from penchant.app.rank.interests import Sphere, clusters, matched, sphere, word_names
from penchant.app.rank.model import Model
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event


def blobs(sizes: list[int], spread: float = 0.5, dims: int = 24, seed: int = 0) -> np.ndarray:
    """Unit rows around one direction for each size."""
    rng = np.random.default_rng(seed)
    centres = np.eye(dims)[: len(sizes)]
    noise = rng.standard_normal((sum(sizes), dims)) / dims**0.5
    rows = np.repeat(centres, sizes, axis=0) + spread * noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("sizes", [[8, 8], [20, 12, 9], [30, 25, 20, 15, 10]])
def test_clusters_are_found_whole_and_without_being_told_how_many(sizes: list[int]) -> None:
    rows = blobs(sizes)
    found = clusters(rows, np.ones(len(rows)))
    ends = np.cumsum([0, *sizes])
    assert [set(each.members) for each in found] == [set(range(a, b)) for a, b in pairwise(ends)]


def test_the_same_rows_give_the_same_clusters_and_unknown_rows_belong_nowhere() -> None:
    rows = blobs([10, 10])
    rows[3] = 0
    first, again = (clusters(rows, np.ones(20)) for _ in range(2))
    assert [each.members for each in first] == [each.members for each in again]
    assert 3 not in {m for each in first for m in each.members}


@given(n=st.integers(0, 40), seed=st.integers(0, 50))
def test_any_rows_give_disjoint_clusters_of_bounded_number(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 8)).astype(np.float32)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    found = clusters(rows, rng.uniform(0.25, 1.0, n))
    members = [m for each in found for m in each.members]
    assert len(members) == len(set(members)) and set(members) <= set(range(n)) and len(found) <= 12
    for each in found:
        assert len(each.members) >= 3 and abs(float(np.linalg.norm(each.centre)) - 1.0) < 1e-5
        assert -1.0 <= each.radius <= 1.0
    if n < 6:
        assert not found


def test_centres_that_moved_a_little_are_the_same_and_each_only_once() -> None:
    old = np.eye(4)[:3]
    new = np.array([[0.1, 1, 0, 0], [1, 0.2, 0, 0], [0, 0, 0, 1.0], [0.9, 0.9, 0, 0]])
    new = new / np.linalg.norm(new, axis=1, keepdims=True)
    assert matched(old, new) == {0: 1, 1: 0}
    assert matched(old[:0], new) == {}


def test_names_are_words_that_tell_a_group_from_the_rest_not_words_that_all_have() -> None:
    usual = [f"the news and the weather of day number {n}" for n in range(50)]
    owls = [f"the owl and the forest, story {n}" for n in range(6)]
    bread = [f"the sourdough and the oven, loaf {n}" for n in range(6)]
    first, second = word_names([owls, bread], usual)
    assert {"owl", "forest"} <= set(first.replace(",", "").split())
    assert {"sourdough", "oven"} <= set(second.replace(",", "").split())
    assert not {"the", "and"} & set(f"{first} {second}".replace(",", "").split())
    assert word_names([["xx"], []], []) == ["", ""]


def batch_of(rows: np.ndarray) -> Batch:
    n = len(rows)
    return Batch(np.arange(n), {"static": rows}, np.zeros(n), np.zeros(n, np.int64))


@given(st.floats(0.01, 4.0), st.integers(0, 30))
def test_a_dial_multiplies_the_odds_inside_and_touches_nothing_outside(value: float, seed: int) -> None:
    rows = blobs([9, 9], seed=seed)
    made = sphere("k", "K", rows[:9])
    assert made is not None
    turned = dials([("interest", "k", value)])
    turned = replace(turned, spheres=(made,))
    inside = made.holds(rows)
    added = turned.odds(batch_of(rows))
    assert np.all(added[~inside] == 0.0) and inside[:9].sum() >= 6 and not inside[9:].any()
    assert np.allclose(added[inside], 0.0 if value == 1.0 else np.log(value))
    assert not turned.silent(batch_of(rows)).any()
    off = replace(dials([("interest", "k", 0.0)]), spheres=(made,))
    assert np.all(off.odds(batch_of(rows))[inside] == SILENT) and np.array_equal(off.silent(batch_of(rows)), inside)


def test_a_row_of_which_nothing_is_known_is_in_no_interest() -> None:
    assert not Sphere("k", "K", np.eye(4, dtype=np.float32)[0], 0.2).holds(np.zeros((2, 4), np.float32)).any()


def of_tag(store: Store, tag: str) -> list[int]:
    ids = store.items.candidates(10_000)
    return [i for i, (_, _, tags) in store.items.texts(ids).items() if tag in tags]


@pytest.fixture
def path(archive):  # type: ignore[no-untyped-def]
    """The sample feed with eight likes each of two subjects, fitted."""
    made = archive()
    with Store.open(made) as store:
        assert not due(store) and refit(store) == []
        for tag in ("birds", "compilers"):
            store.events.append([Event("like", i) for i in of_tag(store, tag)[:8]])
        assert due(store)
        refit(store)
    return made


def test_a_fit_says_what_it_saw_and_is_due_again_after_more_likes_only(path) -> None:  # type: ignore[no-untyped-def]
    with Store.open(path) as store:
        found = store.interests.all()
        assert found and all(each.size >= 3 and each.key and 0 <= each.liked <= each.judged for each in found)
        liked = {m for each in found for m in each.members}
        assert liked <= set(of_tag(store, "birds") + of_tag(store, "compilers")) | {
            e.item_id for e in store.events.of_kind("like")
        }
        assert not due(store)
        store.events.append([Event("like", of_tag(store, "radio")[0])])
        assert not due(store), "one more like of sixteen moves nothing"
        store.events.append([Event("like", i) for i in of_tag(store, "radio")[:6]])
        assert due(store)


def test_keys_outlive_a_refit_and_what_hangs_on_one_a_loss_of_the_table(path) -> None:  # type: ignore[no-untyped-def]
    with Store.open(path) as store:
        before = {each.key for each in store.interests.all()}
        refit(store)
        assert {each.key for each in store.interests.all()} == before
        chosen = store.interests.all()[0]
        store.events.append([Event("interest", value={"key": chosen.key, "name": "My birds"})])
        store.interests.replace([])
        refit(store)
        again = {each.key: each for each in store.interests.all()}
        assert again[chosen.key].title == "My birds" and set(again[chosen.key].members) & set(chosen.members)


def test_a_turned_interest_moves_its_items_shows_in_why_and_undo_is_exact(path) -> None:  # type: ignore[no-untyped-def]
    now = time.time()
    session = RankSession(path, seed=4)
    session.load()
    before = session.order([], now)
    with Store.open(path) as store:
        interest = store.interests.all()[0]
        event = Event("dial", value={"what": "interest", "key": interest.key, "value": 0.25})
        store.events.append([event])
    assert session.learn(event)
    model, block = session.learned
    (made,) = model.dials.spheres
    inside = made.holds(block.batch.meaning)
    session.order([], now)
    assert 0 < inside.sum() < len(inside)
    turned, plain = (replace(model, dials=d).score(block.batch, now=now) for d in (model.dials, Dials()))
    assert np.array_equal(turned.logit[~inside], plain.logit[~inside]), "untouched to the bit"
    assert np.allclose(turned.logit[inside] - plain.logit[inside], np.log(0.25))
    inner = int(block.batch.item_ids[np.flatnonzero(inside)[0]])
    why = session.why(inner)
    part = next(part for part in why.parts if part.key == "dials")
    assert part.words == (f"your dial for {interest.title} is set to 0.25",)
    assert part.logit == pytest.approx(np.log(0.25)) and sum(p.logit for p in why.parts) == pytest.approx(why.logit)
    session.undo(event.id)
    model, block = session.learned
    assert model.dials == Dials() and model.dials.spheres == ()
    assert np.array_equal(model.score(block.batch, now=now).logit, plain.logit)
    assert session.order([], now).ids == before.ids
    session.close()


def test_without_a_turned_interest_scores_are_those_of_before_to_the_bit(world) -> None:  # type: ignore[no-untyped-def]
    model = Model()
    assert np.array_equal(model.dials.odds(world.batch), model.dials.sources(world.batch))
