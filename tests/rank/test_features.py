"""Words as numbers: stable, bounded, and named by the same hash that the experts learn."""

from __future__ import annotations

import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.batch import build_batch, word_rows
from penchant.app.rank.features import (
    FEATURE_LIMIT,
    SparseRows,
    decode_words,
    encode_words,
    named_features,
    sparse_rows,
    tokens,
    word_hash,
)
from penchant.app.rank.stats import SPACE_DIMS, WORD_BUCKETS, ArchiveStats, fit_stats
from penchant.app.rank.types import RankItem

anything = st.text(st.characters(blacklist_categories=()), max_size=400)


@settings(deadline=None, max_examples=40)
@given(anything, anything, st.lists(anything, max_size=50))
def test_any_text_gives_a_bounded_blob_whose_hashes_have_names(title: str, text: str, tags: list[str]) -> None:
    blob = encode_words(title, text, tags)
    assert blob == encode_words(title, text, tags)
    assert len(blob) <= 4 * (FEATURE_LIMIT + 32)
    hashes, counts = decode_words(blob)
    assert np.all(np.diff(hashes.astype(np.int64)) > 0) and np.all(counts >= 1)
    assert {h for h, _ in named_features(title, text, tags)} == set(hashes.tolist())


def test_hashes_never_change_between_versions_or_machines() -> None:
    assert word_hash("sqlite") == zlib.crc32(b"sqlite")
    assert word_hash("na\u00efve") == zlib.crc32("na\u00efve".encode())


def test_words_of_several_scripts() -> None:
    assert tokens("C++ and Rust's C# 2nd") == ["c++", "and", "rust's", "c#", "2nd"]
    assert tokens("\u6771\u4eac\u90fd \u306b") == ["\u6771\u4eac", "\u4eac\u90fd", "\u306b"]


def test_rows_have_length_one_whatever_stands_beside_them() -> None:
    blobs = [encode_words("one two", "three " * 40), b"", encode_words("x", "y z"), b"\x01"]
    idf = np.random.default_rng(0).random(WORD_BUCKETS).astype(np.float32) + 0.5
    together = word_rows(blobs, idf)
    for i, blob in enumerate(blobs):
        alone = word_rows([blob], idf)
        assert np.array_equal(alone.row(0)[1], together.row(i)[1])
    sums = [float(np.sum(together.row(i)[1] ** 2)) for i in range(4)]
    assert np.allclose(sums, [1, 0, 1, 0], atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.tuples(st.integers(0, 99), st.floats(-3, 3, width=32)), max_size=6), max_size=12))
def test_sparse_products_equal_dense_ones(rows: list[list[tuple[int, float]]]) -> None:
    dense = np.zeros((len(rows), 100))
    for i, row in enumerate(rows):
        for j, v in row:
            dense[i, j] += v
    packed = sparse_rows([(np.array([j for j, _ in r], int), np.array([v for _, v in r])) for r in rows])
    weight = np.linspace(-1, 1, 100).astype(np.float32)
    assert np.allclose(packed.dot(weight), dense @ weight, atol=1e-4)
    order = list(range(len(rows)))[::-1]
    taken = packed.take(order) if rows else packed
    both = [*(dense @ weight)[::-1], *(dense @ weight)]
    assert np.allclose(SparseRows.concat([taken, packed]).dot(weight), both, atol=1e-4)


def test_projection_of_a_row_does_not_depend_on_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((70, 256)).astype(np.float32)
    vectors[5] = 0
    stats = fit_stats([], [], {"static": vectors})
    whole = stats.spaces["static"].project(vectors)
    assert whole.shape == (70, SPACE_DIMS) and not whole[5].any()
    assert all(np.array_equal(stats.spaces["static"].project(vectors[i : i + 1])[0], whole[i]) for i in range(70))
    assert np.allclose(np.linalg.norm(np.delete(whole, 5, 0), axis=1), 1, atol=1e-5)


def test_stats_of_an_archive_without_anything_are_usable() -> None:
    stats = fit_stats([], [], {"static": np.zeros((0, 256), np.float32)})
    assert np.all(np.isfinite(stats.idf)) and stats.spaces["static"].project(np.ones((1, 256))).shape == (1, SPACE_DIMS)
    assert ArchiveStats.empty().spaces["static"].project(np.zeros((0, 256))).shape == (0, SPACE_DIMS)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    hashes = [decode_words(encode_words("common", "rare" if i == 0 else ""))[0] for i in range(50)]
    stats = fit_stats([], hashes, {"static": np.zeros((0, 256), np.float32)})
    mask = WORD_BUCKETS - 1
    assert stats.idf[word_hash("rare") & mask] > 2 * stats.idf[word_hash("common") & mask]


def test_points_are_compared_with_what_is_usual_at_that_age() -> None:
    def item(i: int, hours: float, points: int) -> RankItem:
        at = 1e9 - hours * 3600
        return RankItem(i, b"", source_key="hn", published=at, first_seen=at, counted=1e9, points=points, comments=0)

    rng = np.random.default_rng(4)
    ages = np.exp(rng.uniform(0, 4, 400))
    items = [item(i, h, int(10 * h * np.exp(rng.normal(0, 0.3)))) for i, h in enumerate(ages.tolist())]
    stats = fit_stats(items, [], {"static": np.zeros((0, 256), np.float32)})
    few = [item(1, 2.0, 20), item(2, 40.0, 400), item(3, 2.0, 400), item(4, 40.0, 20)]
    rows = build_batch(few, [b""] * 4, {"static": np.zeros((4, 256), np.float32)}, stats).block("popular")
    assert abs(rows[0, 0] - rows[1, 0]) < 0.5, "usual for their age, both"
    assert rows[2, 0] > rows[1, 0] + 1 and rows[3, 0] < rows[0, 0] - 1
    assert rows[3, 0] < 0 < rows[2, 0]


def test_numbers_with_units_of_their_own_count_alike_in_hidden_states() -> None:
    rng = np.random.default_rng(3)
    side = np.arange(60) % 2
    vectors = rng.standard_normal((60, 200)).astype(np.float32)
    vectors[:, 5:25] += 2.0 * side[:, None]
    vectors[:, 100] *= 2_000.0  # one number shouts, and says nothing
    hidden, static = (fit_stats([], [], {name: vectors}).spaces[name].project(vectors) for name in ("hidden", "static"))

    def told(rows: np.ndarray) -> float:
        near = rows @ rows.T
        same = side[:, None] == side[None, :]
        return float(near[same & ~np.eye(60, dtype=bool)].mean() - near[~same].mean())

    assert told(hidden) > 0.2 > told(static)
    again = fit_stats([], [], {"hidden": vectors * 7.0}).spaces["hidden"].project(vectors * 7.0)
    assert np.allclose(again, hidden, atol=1e-4), "units do not matter"
