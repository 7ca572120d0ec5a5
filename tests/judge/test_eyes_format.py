"""Headers of mmproj files are judged before llama.cpp sees them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.app.errors import PenchantError
from penchant.app.judge.eyes_format import check_eyes


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_good_file_says_what_it_is(tiny: ModuleType, tmp_path: Path) -> None:
    one = check_eyes(tiny.write_eyes(tmp_path / "a.gguf"), 64)
    same = check_eyes(tiny.write_eyes(tmp_path / "b.gguf"), 64)
    other = check_eyes(tiny.write_eyes(tmp_path / "c.gguf", seed=2), 64)
    assert (one.name, one.projector) == ("tiny-eyes", "mlp")
    assert one.digest == same.digest != other.digest and len(one.digest) == 12


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("general.architecture", "llama", "no vision part"),
        ("clip.has_vision_encoder", False, "no vision part"),
        ("clip.projector_type", None, "names no projector"),
        ("clip.vision.patch_size", 0, "patch_size is 0"),
        ("clip.vision.patch_size", 64, "patches of 64 pixels in 32"),
        ("clip.vision.image_size", 1 << 20, "image_size"),
        ("clip.vision.image_size", "32", "image_size"),
        ("clip.vision.block_count", None, "block_count is None"),
        ("clip.vision.attention.head_count", 0, "head_count is 0"),
        ("clip.vision.attention.head_count", 5, "5 heads for 32 numbers"),
        ("clip.vision.image_std", [0.5, 0.0, 0.5], "image_std"),
        ("clip.vision.image_std", [0.5, 0.5], "image_std"),
        ("clip.vision.image_mean", ["a", "b", "c"], "image_mean"),
        ("general.alignment", 3, "alignment"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tiny: ModuleType, tmp_path: Path, key: str, value: Any, said: str) -> None:
    path = tiny.write_eyes(tmp_path / "bad.gguf", changes={key: value})
    with pytest.raises(PenchantError, match=said) as refused:
        check_eyes(path, 64)
    assert refused.value.hint


def test_another_models_width_and_another_kind_of_file(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PenchantError, match="64 numbers; the language model takes 576") as refused:
        check_eyes(tiny.write_eyes(tmp_path / "a.gguf"), 576)
    assert "offered beside it" in refused.value.hint
    with pytest.raises(PenchantError, match="llama"):
        check_eyes(tiny.write_text(tmp_path / "text.gguf"), 64)
    (tmp_path / "x.gguf").write_bytes(b"\x89PNG")
    with pytest.raises(PenchantError, match="not a GGUF file"):
        check_eyes(tmp_path / "x.gguf", 64)
    with pytest.raises(PenchantError, match="no vision part"):
        check_eyes(tmp_path / "none.gguf", 64)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_raises_anything_else(tiny: ModuleType, tmp_path: Path, data: st.DataObject) -> None:
    whole = tiny.write_eyes(tmp_path / "a.gguf").read_bytes()
    made = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, 4_000), max_size=4)):
        if place < len(made):
            made[place] = data.draw(st.integers(0, 255))
    (tmp_path / "b.gguf").write_bytes(made)
    try:
        assert check_eyes(tmp_path / "b.gguf", 64).projector
    except PenchantError as error:
        assert str(error) and error.hint
