"""BibTeX that another parser reads back, keys that are unique, and Markdown that stays what it is."""

from __future__ import annotations

import logging
import re
import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from penchant.app.scholar import bibtex, markdown
from penchant.app.scholar.work import Work

bibtexparser = pytest.importorskip("bibtexparser", reason="reads back what we write: pip install -e '.[test]'")
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

TEXTS = st.text(max_size=60) | st.sampled_from((
    "", "50% of {A_B} & C #1 $x^2$ ~ \\end{document}", "}{", "{", "\\", '"quoted"', "@article{x,",
    "Tab\tand\nline\x1b[31m", "Ünïcode — 日本語 \u202eevil", "% comment", "a, b = {c}",
))  # fmt: skip
WORKS = st.builds(
    Work, st.integers(1, 10**9), TEXTS, st.lists(TEXTS, max_size=4).map(tuple), st.none() | st.dates(), TEXTS, TEXTS,
    st.sampled_from(("", "2301.00001", "hep-th/9901001")), st.integers(0, 12), st.sampled_from(("", "cs.CL")),
    TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple), st.none() | st.dates(),
)  # fmt: skip


def parsed(text: str) -> Any:
    return bibtexparser.parse_string(text, parse_stack=[])


@given(st.lists(WORKS, min_size=1, max_size=4))
def test_another_parser_reads_every_entry_and_field(works: list[Work]) -> None:
    text = bibtex.write(works)
    library = parsed(text)
    assert not library.failed_blocks and len(library.entries) == len(works)
    for work, entry, key in zip(works, library.entries, bibtex.keys(works), strict=True):
        assert entry.key == key
        fields = {field.key: field.value for field in entry.fields}
        title = bibtex.with_math(work.title) if work.arxiv else bibtex.escaped(work.title)
        assert fields.get("title", "") == (f"{{{{{title}}}}}" if title else "")
        assert fields.get("eprint", "{}") == f"{{{work.arxiv}}}"
        assert ("year" in fields) == (work.day is not None)


@given(TEXTS)
def test_escaped_text_closes_what_it_opens_and_says_the_same(text: str) -> None:
    made = bibtex.escaped(text)
    depth = 0
    for char in made:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert (
        (depth == 0
        and made.isprintable())
        or any(unicodedata.category(c) in ("Zs", "Co", "Cn", "Zl", "Zp") for c in made)
    )
    assert "\n" not in made and "\x1b" not in made
    assert unescaped(made) == " ".join(
        "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs")).split()
    )


def unescaped(text: str) -> str:
    named = {
        "textbackslash": "\\",
        "textbraceleft": "{",
        "textbraceright": "}",
        "textasciitilde": "~",
        "textasciicircum": "^",
    }
    return re.sub(r"\\(?:(text\w+)\{\}|([&%$#_]))", lambda m: named[m[1]] if m[1] else m[2], text)


@given(st.lists(WORKS, max_size=30))
def test_keys_are_different_and_plain(works: list[Work]) -> None:
    keys = bibtex.keys(works)
    assert len({key.lower() for key in keys}) == len(works)
    assert all(re.fullmatch("[a-z0-9]*[a-z][a-z0-9]*", key) for key in keys)


def test_keys() -> None:
    works = [Work(1, "The Engine of Thought", ("Ada Lovelace",), date(2024, 5, 1))] * 30
    assert bibtex.keys(works)[:3] == ["lovelace2024engine", "lovelace2024enginea", "lovelace2024engineb"]
    assert bibtex.keys(works)[27] == "lovelace2024engineaa"
    assert bibtex.key(Work(17, "日本語")) == "item17"
    assert bibtex.key(Work(1, "Über Straßen", ("Müller, Jörg",), date(1999, 1, 1))) == "muller1999uber"
    assert bibtex.key(Work(1, "33 years of it", ("Sammy Davis Jr.",))) == "davisyears"


def test_an_arxiv_paper() -> None:
    work = Work(
        1, "Learning {Fast} & Slow", ("Ada Lovelace", "The Ada and Ben Group"), date(2023, 1, 2),
        "https://arxiv.org/abs/2301.00001", "arXiv", "2301.00001", 3, "cs.LG", "", "", "12 pages", ("https://github.com/ada/e",),
    )  # fmt: skip
    text = bibtex.write([work])
    for line in (
        "@misc{lovelace2023learning,", "{{Learning \\textbraceleft{}Fast\\textbraceright{} \\& Slow}}",
        "{Ada Lovelace and {The Ada and Ben Group}}", "eprint        = {2301.00001}", "archivePrefix = {arXiv}",
        "primaryClass  = {cs.LG}", "month         = jan", "{Version 3. 12 pages. Code: https://github.com/ada/e}",
    ):  # fmt: skip
        assert line in text, line


def test_other_kinds() -> None:
    assert bibtex.write([]) == "" and markdown.write([]) == ""
    journal = Work(1, "T", ("A B",), None, "https://x.example/", "X", "", 0, "", "10.1000/a_b", "J. of Owls")
    assert "@article{" in bibtex.write([journal]) and "doi           = {10.1000/a_b}" in bibtex.write([journal])
    page = Work(2, "T", (), None, "https://x.example/a{b}\\c", "Site", accessed=date(2026, 11, 23))
    text = bibtex.write([page])
    assert "@online{" in text and "https://x.example/a%7Bb%7D%5Cc" in text and "urldate       = {2026-11-23}" in text
    many = Work(3, "T", tuple(f"Name {n}" for n in range(80)))
    assert bibtex.write([many]).count(" and ") == 50 and " and others}" in bibtex.write([many])


@given(st.lists(WORKS, min_size=1, max_size=3))
def test_markdown_is_a_list_of_as_many_lines_with_no_html(works: list[Work]) -> None:
    text = markdown.write(works)
    tokens = MarkdownIt("commonmark").parse(text)
    assert sum(token.type == "list_item_open" for token in tokens) == len(works) == len(text.splitlines())
    inline = [child.type for token in tokens for child in token.children or ()]
    assert "html_inline" not in inline and "html_block" not in [token.type for token in tokens]
    assert "em_open" not in inline and "code_inline" not in inline and "image" not in inline


def test_a_line_of_markdown() -> None:
    work = Work(
        1,
        "Owls *at* night",
        tuple(f"N {n}" for n in range(6)),
        date(2024, 1, 1),
        "https://x.example/(a)",
        arxiv="2401.00001",
    )
    assert markdown.write([work]) == (
        "- N 0, N 1, N 2, N 3 et al. (2024): [Owls \\*at\\* night](https://x.example/%28a%29). arXiv:2401.00001\n"
    )


def test_formulas_in_titles_of_arxiv() -> None:
    work = Work(1, "$k$-means in $O(n^2)$ for $5 & $6", ("A B",), arxiv="2401.00001")
    assert "{{$k$-means in $O(n^2)$ for \\$5 \\& \\$6}}" in bibtex.write([work])
    assert "\\$k\\$-means" in bibtex.write([Work(1, "$k$-means")])


@given(TEXTS)
def test_what_is_no_formula_is_escaped_as_ever(text: str) -> None:
    if "$" not in text:
        assert bibtex.with_math(text) == bibtex.escaped(text)


def test_addresses_hold_nothing_that_a_terminal_obeys() -> None:
    work = Work(1, "Title", url="https://x.example/\x1b[31m\u202e", code=("https://x.example/\x1b[0m", "https://y.example/a"))
    text = markdown.write([work])
    assert text == "- [Title](https://x.example/%1B[31m%E2%80%AE). code: <https://y.example/a>\n"
    assert bibtex.write([work]).replace("\n", "").isprintable()
