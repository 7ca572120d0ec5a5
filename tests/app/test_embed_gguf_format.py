"""The GGUF header of untrusted files: what was written is read back, and nothing else than words comes of damage."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.app.embed import gguf_format
from penchant.app.embed.gguf import check_file, packed, space_name
from penchant.app.embed.gguf_format import read_header
from penchant.app.errors import PenchantError

KEY = st.text(min_size=1, max_size=20)
VALUE = st.one_of(
    st.text(max_size=40),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.floats(width=32, allow_nan=False),
    st.lists(st.text(max_size=8), min_size=1, max_size=5),
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=5),
    st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5),
)


@pytest.fixture
def model(tmp_path: Path, gguf_made: ModuleType) -> Path:
    return gguf_made.write(tmp_path / "tiny.gguf")


@given(st.dictionaries(KEY.filter(lambda key: key != "general.alignment"), VALUE, max_size=8))
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("g") / "a.gguf"
    with path.open("wb") as file:
        gguf_format.write(file, entries, [("w", np.ones((3, 5), np.float16)), ("b", np.ones(7, np.float32))])
    lists = [key for key, value in entries.items() if isinstance(value, list)]
    header = read_header(path, lists)
    assert header.values == {key: value for key, value in entries.items() if key not in lists}
    assert header.lists == {key: entries[key] for key in lists}
    assert header.tensors == 2


def test_the_weights_lie_where_the_header_says(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    file = io.BytesIO()
    gguf_format.write(file, {"a": 1}, [("x", np.ones(3, np.float16)), ("y", rows)])
    data = file.getvalue()
    # y: name, 2 axes (innermost first), float32, its offset from the start of the weights
    at = data.index(b"y" + struct.pack("<IQQI", 2, 4, 3, 0)) + 1 + 4 + 16 + 4
    (offset,) = struct.unpack_from("<Q", data, at)
    start = -(-(at + 8) // 32) * 32
    assert offset % 32 == 0 and data[start + offset :][: rows.nbytes] == rows.tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"PK\x03\x04" + data[4:], "is not a GGUF file"),
        (lambda data: data[:4] + struct.pack("<I", 1) + data[8:], "version 1"),
        (lambda data: data[:8] + struct.pack("<Q", 1 << 40) + data[16:], "claims 1,099,511,627,776 tensors"),
        (lambda data: data[:2000], "ends too early"),
        (lambda data: data[:-5000], "bytes of"),
        (lambda data: b"", "is not a GGUF file"),
    ],
)
def test_damage_is_told_in_words(model: Path, change: Any, words: str) -> None:
    model.write_bytes(change(model.read_bytes()))
    with pytest.raises(PenchantError, match=words) as failure:
        check_file(model)
    assert failure.value.hint


def test_a_missing_file_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(PenchantError, match="there is no model file") as failure:
        check_file(tmp_path / "none.gguf")
    assert "[models]" in failure.value.hint


@given(st.integers(0, 4_500), st.binary(min_size=1, max_size=9), st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_raises_anything_else(model: Path, at: int, junk: bytes, cut: bool) -> None:
    data = model.read_bytes()
    target = model.with_name("damaged.gguf")
    target.write_bytes(data[:at] if cut else data[:at] + junk + data[at + len(junk) :])
    try:
        check_file(target)
    except PenchantError as failure:
        assert failure.hint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general__architecture": "llama"}, "no embedding model \\(llama\\)"),
        ({"general__architecture": None}, "names no architecture"),
        ({"bert__pooling_type": 4}, "reranker"),
        ({"bert__pooling_type": 9}, "pooling 9"),
        ({"bert__embedding_length": 0}, "embedding_length is 0"),
        ({"bert__context_length": 4_000_000_000}, "context_length is 4000000000"),
        ({"bert__block_count": "six"}, "block_count is six"),
        ({"tokenizer__ggml__tokens": None}, "no vocabulary"),
    ],
)
def test_what_cannot_give_sentence_vectors_is_refused_before_it_is_loaded(
    tmp_path: Path, gguf_made: ModuleType, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(PenchantError, match=words):
        check_file(gguf_made.write(tmp_path / "other.gguf", **changes))


def test_other_weights_are_another_space(tmp_path: Path, gguf_made: ModuleType) -> None:
    one, other = (gguf_made.write(tmp_path / f"{seed}.gguf", seed) for seed in (1, 2))
    hostile = gguf_made.write(tmp_path / "h.gguf", general__name="../\x1b[31m'; DROP" + "x" * 500)
    names = [space_name(path, check_file(path)) for path in (one, other, hostile)]
    assert len(set(names)) == 3 and names[0] == space_name(one, check_file(one))
    assert names[0].startswith("gguf:tiny:")
    assert names[2].startswith("gguf:..-31m-DROPxxx") and len(names[2]) < 64 and names[2].isprintable()


@given(st.lists(st.integers(1, 256), max_size=60))
def test_packing_takes_every_text_once_and_fits(lengths: list[int]) -> None:
    groups = list(packed(lengths))
    assert sorted(row for group in groups for row in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or (len(group) <= 16 and sum(lengths[row] for row in group) <= 128)
    short = [length for length in lengths if length <= 8]
    assert len(list(packed(short))) == -(-len(short) // 16), "short texts share calls"
