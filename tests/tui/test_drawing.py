"""Cards, words and bars: exact widths whatever a source sends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from penchant.app.tui import words
from penchant.app.tui.cardview import Found, Palette, card_strips, marks_of
from penchant.app.types import Card, Marks

PALETTE = Palette(*[Style(bold=True)] * len(Palette._fields))
texts = st.text(max_size=200)
wild = st.one_of(texts, st.text(alphabet="a\u0301\u200d日本👩👍🏽ش\u202e\x1b[]\x07", max_size=80))


def card(**fields: object) -> Card:
    base: dict[str, object] = {
        "item_id": 1, "kind": "rss", "title": "A title", "excerpt": "An excerpt", "url": "https://example.org/1",
        "source": "Source", "subscription_id": 1, "author": "Author", "author_key": "a", "published": 0.0,
        "first_seen": 0.0, "points": 3, "comments": 4, "people": 2, "probability": 0.5, "marks": Marks(),
    }  # fmt: skip
    return Card(**{**base, **fields})  # type: ignore[arg-type]


@given(wild, st.integers(0, 250))
def test_fit_is_exact(text: str, width: int) -> None:
    assert cell_len(words.fit(words.one_line(text), width)) == width


@given(wild, st.integers(2, 120), st.integers(0, 5))
def test_wrapped_lines_fit(text: str, width: int, limit: int) -> None:
    lines = words.wrap(text, width, limit)
    assert all(cell_len(line) <= width for line in lines)
    assert not limit or len(lines) <= limit


@given(st.text(alphabet="ab ", max_size=100), st.integers(3, 40))
def test_wrapping_loses_no_letter(text: str, width: int) -> None:
    assert "".join(words.wrap(text, width)).replace(" ", "") == text.replace(" ", "")


@given(st.text())
def test_no_control_character_passes(text: str) -> None:
    safe = words.one_line(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in safe)
    assert not set(safe) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert words.one_line(safe) == safe


def test_few_marks_remain_of_ten_thousand() -> None:
    assert len(words.one_line("a" + "\u0301" * 10_000 + "b")) == 6


@given(wild, wild, st.integers(1, 200), st.integers(0, 6), st.booleans())
def test_every_strip_is_as_wide_as_the_screen(
    title: str, excerpt: str, width: int, expand: int, selected: bool
) -> None:
    strips = card_strips(
        card(title=title, excerpt=excerpt, author=title), width, expand, PALETTE, 0.0, 0.5, selected=selected
    )
    assert len(strips) == 2 + (expand if selected else 0)
    for strip in strips:
        assert sum(cell_len(segment.text) for segment in strip) == width
        assert not any(ord(char) < 32 for char in strip.text)


@given(st.lists(st.tuples(st.integers(-3, 90), st.integers(-3, 90)), max_size=6))
def test_marked_spans_change_no_letter(spans: list[tuple[int, int]]) -> None:
    found = Found(tuple(spans), "a snippet", tuple(spans))
    plain = card_strips(card(), 60, 4, PALETTE, 0.0, None, selected=True)
    marked = card_strips(card(), 60, 4, PALETTE, 0.0, None, selected=True, found=found)
    assert marked[0].text == plain[0].text


def test_a_text_that_stands_whole_in_the_line_is_not_repeated() -> None:
    def shown(excerpt: str) -> str:
        strips = card_strips(card(title="", excerpt=excerpt), 60, 4, PALETTE, 0.0, None, selected=True)
        return "\n".join(strip.text for strip in strips)

    assert shown("A short note.").count("short note") == 1
    assert "the end" in shown("A long note that does not fit into one line of sixty cells to the end")


def test_a_text_that_goes_on_ends_with_a_whole_word() -> None:
    strips = card_strips(card(excerpt="letters " * 35), 100, 5, PALETTE, 0.0, None, selected=True)
    lines = [strip.text.strip("▌ ") for strip in strips]
    assert next(line for line in reversed(lines[:-1]) if "letters" in line).endswith("letters …")


def test_a_content_warning_covers_the_text() -> None:
    strips = card_strips(card(content_warning="spiders"), 80, 4, PALETTE, 0.0, None, selected=True)
    text = "\n".join(strip.text for strip in strips)
    assert "spiders" in text and "An excerpt" not in text


def test_marks_differ_without_colour() -> None:
    signs = [sign for sign, _ in marks_of(Marks(True, True, True, True, True, True))]
    assert len(set(signs)) == len(signs) == 5
    assert all(cell_len(sign) == 1 for sign in signs)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "now"),
        (59, "now"),
        (60, "1m"),
        (7200, "2h"),
        (86400 * 3, "3d"),
        (86400 * 30, "4w"),
        (86400 * 800, "2y"),
    ],
)
def test_ages(seconds: float, shown: str) -> None:
    assert words.age(1000.0, 1000.0 + seconds) == shown
