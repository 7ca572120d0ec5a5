"""Zero-shot tags from pictures' and words' vectors, and the vocabulary that a reader may edit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.pictures.tags import LEAST, MOST, edition, tags_of, vocabulary

WORDS = ("a cat", "a dog", "the sea")


def unit(*rows: list[float]) -> np.ndarray:
    made = np.array(rows, np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_the_likeliest_come_first_and_what_does_not_stand_out_is_left() -> None:
    tags = unit([1, 0, 0], [0, 1, 0], [0, 0, 1])
    pictures = unit([1, 1, 0], [0, 0, 1])
    assert tags_of(pictures, tags, WORDS) == ["a cat, a dog", "the sea"]


def test_a_picture_like_everything_gets_no_tags() -> None:
    words = tuple(f"word {n}" for n in range(40))
    assert tags_of(unit([1, 0]), unit(*[[1, 0]] * 40), words) == [""]


@given(st.integers(1, 6), st.integers(1, 30), st.integers(0, 1000))
def test_never_more_than_stand_out(n: int, t: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = tuple(f"w{i}" for i in range(t))
    made = tags_of(unit(*rng.normal(size=(n, 8))), unit(*rng.normal(size=(t, 8))), words)
    assert len(made) == n
    assert all(len(each.split(", ")) <= min(MOST, t, int(1 / LEAST)) for each in made)


def test_the_readers_vocabulary_goes_before_the_bundled(tmp_path: Path) -> None:
    own = tmp_path / "vocabulary.txt"
    bundled = vocabulary(own)
    assert len(bundled) > 200 and "a cat" in bundled and not any(word.startswith("#") for word in bundled)
    own.write_text("# mine\n  a   kettle \n\na kettle\nsnow\n")
    assert vocabulary(own) == ("a kettle", "snow")
    own.write_bytes(b"caf\xe9\n")
    assert len(vocabulary(own)) == 1, "a wrong encoding costs a letter, not the tags"


def test_an_edition_is_of_model_and_words() -> None:
    assert edition("clip:a", WORDS) == edition("clip:a", WORDS)
    assert len({edition("clip:a", WORDS), edition("clip:b", WORDS), edition("clip:a", WORDS[:2])}) == 3
