"""Sentence vectors for data sets: made by a real child once, kept, and made again where the file is damaged."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from penchant.app import evaluation_sentence
from penchant.app.embed.runner import Runner
from penchant.app.errors import PenchantError, UsageError
from penchant.app.evaluation_sentence import Records, SentenceVectors

PROGRAM = (str(Path(__file__).parents[1] / "app" / "fake_model.py"),)
TEXTS = [f"text {n}" for n in range(70)] + ["NAN", "ABORT"]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAKE_MODEL_LOG", str(tmp_path / "told"))
    monkeypatch.setattr(evaluation_sentence, "Runner", partial(Runner, program=PROGRAM))
    (tmp_path / "m.gguf").touch()
    return tmp_path


def vectors(folder: Path, said: list[str] | None = None) -> np.ndarray:
    model = SentenceVectors(
        str(folder / "m.gguf"), models=folder, cache=folder / "kept", progress=(said if said is not None else []).append
    )
    found = model(TEXTS)
    assert found is not None and model.space == "gguf:m.gguf:1" and model.why == ""
    return found


def test_vectors_are_made_once_and_kept(told: Path) -> None:
    said: list[str] = []
    first = vectors(told, said)
    assert first.shape == (72, 8) and np.linalg.norm(first[:70], axis=1) == pytest.approx(1, abs=1e-5)
    assert not first[70:].any()  # what has no vector, and what kills the model
    assert said[-1] == "sentence vectors: 72 of 72 texts"
    count = len((told / "told").read_text().splitlines())
    again: list[str] = []
    assert np.array_equal(vectors(told, again), first) and again == []
    assert len((told / "told").read_text().splitlines()) == count


@pytest.mark.parametrize("harm", ["cut", "garbage"])
def test_a_damaged_cache_is_made_again(told: Path, harm: str) -> None:
    first = vectors(told)
    (file,) = (told / "kept").iterdir()
    data = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(data[:-50])
    else:
        data[100:148] = b"\xff" * 48  # numbers that are none
        file.write_bytes(data)
    assert np.array_equal(vectors(told), first)
    assert np.array_equal(vectors(told), first)
    assert file.stat().st_size % Records(file, 8).size == 0


def test_a_cache_that_cannot_be_written_is_named(told: Path) -> None:
    (told / "kept").write_text("a file where a folder should be")
    with pytest.raises(PenchantError, match="cannot be kept in"):
        vectors(told)


def test_none_and_a_wrong_path(tmp_path: Path) -> None:
    left_out = SentenceVectors("none", models=tmp_path, cache=tmp_path)
    assert left_out(TEXTS) is None and "left out" in left_out.why
    with pytest.raises(UsageError, match="no model file"):
        SentenceVectors("/nonexistent.gguf", models=tmp_path, cache=tmp_path)
