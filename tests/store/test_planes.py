"""Two bits a number: the counts are inner products, and the estimates are near the cosines."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.store import Store, coarse, planes
from penchant.app.store.coarse import BLOCK
from penchant.app.store.migrations import MIGRATIONS


def unit(rng: np.random.Generator, count: int, dim: int) -> np.ndarray:
    rows = rng.standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def levels(held: np.ndarray, dim: int) -> np.ndarray:
    """float[n, d] of -3, -1, 1, 3."""
    bits = np.unpackbits(np.ascontiguousarray(held.transpose(0, 2, 1)).view(np.uint8), axis=2, bitorder="little")
    return 4.0 * bits[0, :, :dim] + 2.0 * bits[1, :, :dim] - 3.0


def odd(told: np.ndarray, dim: int) -> np.ndarray:
    """The numbers that the planes of a query stand for: float[d]."""
    bits = np.unpackbits(np.ascontiguousarray(told[:, :, 0]).view(np.uint8), axis=1, bitorder="little")[:, :dim]
    return 2.0 * (bits * 2.0 ** np.arange(len(bits))[:, None]).sum(axis=0) - (2 ** len(bits) - 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 2_100), st.integers(0, 2**31))
def test_counting_bits_is_the_inner_product_of_integers(dim: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, query = unit(rng, count, dim), unit(rng, 1, dim)[0]
    held, inverse = planes.encode(rows)
    told = levels(held, dim)
    assert np.array_equal(told > 0, rows >= 0)
    signs = np.where(told > 0, 1.0, -1.0)
    for bits, by in ((planes.ROUGH, signs), (planes.FINE, told)):
        asked = planes.asked(query, bits)
        numbers = odd(asked.planes, dim)
        assert (np.sign(numbers) == np.where(query >= 0, 1, -1)).all() and abs(numbers).max() <= 2**bits - 1
        assert numbers @ query >= 0.8 * np.linalg.norm(numbers)
        found = planes.rough(held[0], asked) if by is signs else planes.fine(held, asked) / asked.unit
        assert found == pytest.approx(by @ numbers, rel=1e-4, abs=1e-2)
    told_apart = np.stack([held[0], held[1]])
    assert np.array_equal(planes.rough(told_apart, asked), [planes.rough(each, asked) for each in held])
    assert (told * rows).sum(axis=1) * inverse == pytest.approx(np.ones(count), rel=1e-4)


@pytest.mark.parametrize("scale", [1e-38, 1.0, 1e38])
def test_estimates_are_right_on_average_and_near(scale: float) -> None:
    rng = np.random.default_rng(3)
    query = unit(rng, 1, 384)[0]
    rows = unit(rng, 4_000, 384) + rng.uniform(-0.9, 0.9, (4_000, 1)).astype(np.float32) * query
    cosines = rows @ query / np.linalg.norm(rows, axis=1)
    held, inverse = planes.encode(rows * np.float32(scale))
    off = planes.fine(held, planes.asked(query, planes.FINE)) * inverse - cosines
    assert abs(off.mean()) < 0.002 and off.std() < 0.025


def test_an_archive_of_before_is_encoded_anew(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows, path = unit(rng, 1_500, 16), tmp_path / "archive.db"
    with Store.open(path, role="cli") as store:
        store.vectors.put("m", [(f"{n:016d}".encode(), row.tobytes()) for n, row in enumerate(rows)])
        wanted = store.db.rows("SELECT ids, inverse, vectors FROM coarse ORDER BY id")
    old = apsw.Connection(str(path))
    old.execute(f"UPDATE coarse SET vectors = randomblob({16 * BLOCK}), inverse = randomblob({4 * BLOCK})")
    old.close()
    [step] = [each for each in MIGRATIONS if each.version == 13]
    with Store.open(path, role="cli") as store:
        with store.db.write():
            step.apply(store.db)
        assert store.db.rows("SELECT ids, inverse, vectors FROM coarse ORDER BY id") == wanted


@pytest.mark.parametrize("blocks", [4, 16, 100])
def test_the_signs_leave_a_share_of_all_to_be_looked_at_again(blocks: int) -> None:
    rng = np.random.default_rng(blocks)
    ids = np.ones((blocks, BLOCK), np.int64)
    ids[-1, BLOCK // 2 :] = 0  # the last block is not full: what stands in its empty places says nothing
    scores = np.where(ids != 0, rng.standard_normal(ids.shape), 100.0)
    least = coarse._least(lambda some: (scores[some].ravel(), ids[some].ravel()), list(range(blocks)))
    kept = np.count_nonzero((scores >= least) & (ids != 0))
    wanted = min(max(coarse.LEAST, ids.size / coarse.SHARE), max(coarse.MOST, coarse.LEAST))
    if coarse.LEAST / ids.size >= 0.5:
        assert least == -np.inf, "of so few all are looked at"
    else:
        assert 0.7 * wanted < kept < 1.4 * wanted
