"""What of a document fits, in words: pure."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.errors import PenchantError
from penchant.app.plugs import choose, files
from penchant.app.plugs.code import MOST_FILES, read_tree
from penchant.app.plugs.document import LONG, SHARE, Document, Part, composed, fit, inside, pieces
from penchant.app.plugs.files import Plug

SIZES = st.lists(st.lists(st.integers(1, 40), max_size=12), max_size=4)


@given(SIZES, st.integers(0, 400))
def test_what_is_taken_fits_and_is_a_beginning_of_each_part(sizes: list[list[int]], room: int) -> None:
    taken = fit(sizes, room)
    assert len(taken) == len(sizes) and all(0 <= n <= len(part) for n, part in zip(taken, sizes, strict=True))
    assert sum(sum(part[:n]) for n, part in zip(taken, sizes, strict=True)) <= room
    if sum(map(sum, sizes)) <= room:
        assert taken == [len(part) for part in sizes]


def test_code_gets_its_share_and_no_more() -> None:
    assert fit([[10] * 100, [10] * 100], 300) == [20, 10]
    assert fit([[10] * 100, [10]], 300) == [29, 1], "what it does not need goes to the text"
    assert fit([[10] * 100, [10] * 9, [10] * 9], 300) == [20, 9, 1] and SHARE == 1 / 3, "the README before the files"
    assert fit([], 9) == [] and fit([[50]], 9) == [0]


@given(st.text(max_size=4_000))
def test_pieces_lose_no_word_and_are_short(text: str) -> None:
    found = pieces(text)
    assert all(piece.strip() and len(piece) <= LONG for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_words_on_what_is_inside() -> None:
    document = Document("T", "x", (Part("", "one\n\ntwo words"), Part("README of a/b", "three")), notes=("no tree",))
    divided = [pieces(part.text) for part in document.parts]
    assert inside(document, divided, [2, 1]) == "all of it; no tree"
    said = inside(document, divided, [1, 0])
    assert "up to paragraph 1 of 2 (“two words” is out)" in said and "nothing of README of a/b" in said
    text = composed("T", [("", divided[0][:1]), ("README of a/b", divided[1])])
    assert text == "T\n\none\n\nREADME of a/b:\n\nthree\n"


def plug(name: str, text: str, tokens: int = 100, items: tuple[int, ...] = ()) -> Plug:
    class Held(Plug):
        def text(self) -> str:
            return text

    return Held(Path(f"/x/{name}-0123456789.plug"), name, items, name, "gguf:m:1", tokens, 9, 1.0, source=name)


CLOCK = "The harbour clock ran four minutes slow.\n\nThe mayor, Edda Prantl, refused to have it set right."
OWLS = "Barn owls hunt over rough pasture.\n\nWet wings make a noise, so they starve in long rain."
PLUGS = [plug("clock", CLOCK, items=(7,)), plug("owls", OWLS)]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How slow was the harbour clock?", "clock"), ("Who is Edda Prantl?", "clock"),
        ("Why do owls starve when it rains?", "owls"), ("What are the new interest rates?", None), ("", None),
        ("the of and?", None),
    ],
)  # fmt: skip
def test_a_question_finds_its_document_or_none(question: str, name: str | None) -> None:
    found = choose.automatic(None, question, PLUGS)
    assert (None if found is None else found.title) == name
    assert choose.automatic(None, question, []) is None


def test_what_a_question_needs_comes_first_and_fits() -> None:
    both = [plug("clock", CLOCK, 900), plug("owls", OWLS, 900), plug("owls again", OWLS, 300)]
    found = choose.needed("Why do owls starve in rain?", both, 1_500)
    assert {each.title for each in found} == {"owls", "owls again"}
    assert len(choose.needed("Why do owls starve in rain?", both, 1_000)) == 1
    assert [each.title for each in choose.needed("How slow was the clock?", both, 10)] == ["clock"], "one in any case"
    assert choose.needed("x", [], 10) == []


def test_plugs_are_named_by_number_item_title_and_collection() -> None:
    assert files.named("7", PLUGS)[0].title == "clock" == files.named("CLO", PLUGS)[0].title
    assert [each.title for each in files.named("any", PLUGS, [7, 8])] == ["clock"]
    again = dataclasses.replace(PLUGS[0], title="clock again", made_at=2.0)
    assert [each.title for each in files.named("any", [*PLUGS, again], [7])] == ["clock again"], "one for each item"
    with pytest.raises(PenchantError, match="more than one"):
        files.named("0123456789", PLUGS)
    with pytest.raises(PenchantError, match="no plug"):
        files.named("zebra", PLUGS)
    with pytest.raises(PenchantError, match="nothing of the collection"):
        files.named("any", PLUGS, [9])


@given(st.text(max_size=80), st.text(max_size=9))
def test_a_name_is_a_file_name(title: str, weights: str) -> None:
    maker = {"model": "gguf:m:1", "weights": weights}
    name = files.file_name(title, "c", maker)
    assert name == Path(name).name and len(name) < 70 and name.endswith(files.SUFFIX) and name[0] not in ".-"
    assert name != files.file_name(title, "d", maker) != files.file_name(title, "c", {**maker, "model": "other"})


def test_a_long_paragraph_is_divided_at_its_sentences_and_what_just_fits_is_taken() -> None:
    sentence = "Owls hunt at night and nobody hears them. "
    found = pieces(sentence * 200)
    assert len(found) > 4 and all(len(piece) <= LONG and piece.endswith(".") for piece in found)
    assert fit([[50]], 50) == [1] and fit([[50]], 49) == [0] and fit([[5], [10]], 15) == [1, 1]


def test_of_many_files_those_further_up_are_listed() -> None:
    tree = [{"type": "blob", "path": f"a/b/c/{n:04}.py"} for n in range(MOST_FILES)]
    tree += [{"type": "blob", "path": "z.py"}, {"type": "tree", "path": "a"}]
    paths, more = read_tree(json.dumps({"tree": tree}).encode())
    assert more and len(paths) == MOST_FILES and paths[-1] == "z.py"
