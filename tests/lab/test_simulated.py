"""Readers with hidden tastes, and one's own past split by time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.app.errors import PenchantError, UsageError
from penchant.app.lab import past, simulated
from penchant.app.lab.values import Plan, Pool
from penchant.app.voice.values import Reader, Text


def test_the_subjects_are_found_and_named(pool: Pool) -> None:
    for number in range(6):
        mine = {pool.texts[row].split()[0] for row in np.flatnonzero(pool.topic == number)}
        assert len(mine) == 1 and mine <= set(pool.words[number])


def test_a_reader_likes_hidden_topics_and_nothing_else(pool: Pool, plan: Plan) -> None:
    for case in simulated.cases(replace(plan, noise=0.0), pool):
        assert len(case.topics) == 2 and len(case.liked) == len(case.skipped) == 8
        assert np.isin(pool.topic[case.liked], case.topics).all()
        assert not np.isin(pool.topic[case.skipped], case.topics).any()
        for rows, y in ((case.test, case.test_y), (case.judge, case.judge_y)):
            np.testing.assert_array_equal(np.isin(pool.topic[rows], case.topics), y > 0)


def test_no_carrier_sees_what_it_is_measured_on(pool: Pool, plan: Plan) -> None:
    for case in simulated.cases(plan, pool):
        parts = [case.liked, case.skipped, case.judge, case.test]
        rows = np.concatenate(parts)
        assert len(set(rows.tolist())) == len(rows)
        assert [text.item_id for text in case.reader.liked] == case.liked.tolist()


def test_more_likes_of_the_same_reader_go_on_from_fewer(pool: Pool, plan: Plan) -> None:
    wide = replace(plan, n=(4, 12))
    few, many = simulated.case(wide, pool, 2, 4, 1), simulated.case(wide, pool, 2, 12, 1)
    assert few.topics == many.topics and many.liked[:4].tolist() == few.liked.tolist()
    assert few.test.tolist() == many.test.tolist() and few.judge.tolist() == many.judge.tolist()


def test_noise_turns_some_round(pool: Pool, plan: Plan) -> None:
    case = simulated.case(replace(plan, noise=0.5, n=(20,)), pool, 2, 20, 0)
    wrong = 1.0 - np.isin(pool.topic[case.liked], case.topics).mean()
    assert 0.2 < wrong < 0.8


def test_too_few_texts_are_said_so(pool: Pool, plan: Plan) -> None:
    with pytest.raises(UsageError, match="too few for readers of 2 topics and 500 likes"):
        simulated.case(replace(plan, n=(500,)), pool, 2, 500, 0)


def reader(likes: int, skips: int) -> Reader:
    liked = tuple(Text(n, f"liked {n}", 100.0 + n) for n in range(likes))
    skipped = tuple(Text(1_000 + n, f"skipped {n}", 100.0 + n) for n in range(skips))
    return Reader(liked, skipped)


def test_a_past_is_split_by_time(plan: Plan) -> None:
    whole = reader(50, 40)
    case = past.case(plan, whole)
    texts = past.texts(whole)
    assert [texts[row] for row in case.liked] == [text.text for text in case.reader.liked]
    newest = max(text.at for text in case.reader.liked)
    everything = (*whole.liked, *whole.skipped)
    later = [everything[row] for row, y in zip(case.test, case.test_y, strict=True) if y]
    assert later and all(text.at > newest for text in later)
    assert case.reader.liked[0].at == newest
    assert not set(case.test) & {*case.judge, *case.liked, *case.skipped} and not set(case.judge) & set(case.liked)
    with pytest.raises(PenchantError, match="too few to be split"):
        past.case(plan, reader(50, 3))
