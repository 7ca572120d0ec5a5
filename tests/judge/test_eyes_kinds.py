"""Models that cut pictures in parts, look at them in both directions, or number rows and columns."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant.app.judge.eyes_prompt import Example
from penchant.app.judge.eyes_sight import Seen


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]' (it needs a compiler)")
    return _load("tiny_eyes")


@pytest.fixture
def opened(tiny: ModuleType, tmp_path: Path) -> Iterator[Any]:
    from penchant.app.judge.eyes import Eyes
    from penchant.app.judge.library import Model

    kinds = _load("tiny_kinds")
    all_of_them: list[Eyes] = []

    def open_them(kind: str, **options: Any) -> Eyes:
        text, eyes = kinds.write(tiny, tmp_path, kind)
        all_of_them.append(Eyes(Model(text), eyes, **options))
        return all_of_them[-1]

    yield open_them
    for eyes in all_of_them:
        eyes.close()


@pytest.mark.parametrize("kind", ["idefics3", "gemma3", "qwen2vl_merger"])
def test_kept_pictures_answer_as_new_ones(opened: Any, tiny: ModuleType, tmp_path: Path, kind: str) -> None:
    eyes = opened(kind, cache=tmp_path / "kept")
    one, other = (eyes.see(tiny.picture(seed, width=90, height=60)) for seed in (0, 1))
    told = [Example(other, "a caption", True), Example(one, "another", False)]
    first = eyes.interleaved(told, one, "hm")
    assert eyes.interleaved(told, other, "hm") != first
    assert eyes.interleaved(told, one, "hm") == first
    eyes.context.forget()
    assert eyes.interleaved(told, one, "hm") == first
    later = opened(kind, cache=tmp_path / "kept")
    one, other = (later.see(tiny.picture(seed, width=90, height=60)) for seed in (0, 1))
    assert later.encoded == 0
    told = [Example(other, "a caption", True), Example(one, "another", False)]
    assert later.interleaved(told, one, "hm") == first


@pytest.mark.parametrize("kind", ["idefics3", "gemma3", "qwen2vl_merger"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (4000, 50), (50, 4000), (1600, 1200)])
def test_pictures_of_any_shape_have_room(opened: Any, tiny: ModuleType, kind: str, width: int, height: int) -> None:
    eyes = opened(kind)
    sight = eyes.see(tiny.picture(0, width=width, height=height))
    assert 0 < sight.tokens <= eyes.picture_room
    eyes.ask([], sight, "a cat?")


def test_of_a_picture_in_parts_a_history_has_the_overview(opened: Any, tiny: ModuleType) -> None:
    eyes = opened("idefics3")
    picture = tiny.picture(0, width=90, height=60)
    whole = eyes.see(picture)
    assert eyes.encoded == sum(isinstance(piece, Seen) for piece in whole.pieces) > 2
    encoded = eyes.encoded
    brief = eyes.see(picture, brief=True)
    assert eyes.encoded == encoded + 1 and brief.tokens < whole.tokens / 4
    assert eyes.see(picture) is whole and eyes.see(picture, brief=True) is brief
    narrow = opened("idefics3", n_ctx=400)
    assert narrow.see(picture).tokens == brief.tokens
    assert narrow.encoded == 1
