"""The query line as text: terms in and out, orders; notifications that no name can break."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from penchant.app.store.query import parse
from penchant.app.tui import knock, queryline

LINES = st.lists(
    st.sampled_from(["rust", '"borrow checker"', "-bread", "is:liked", 'author:"Ada L"', "on:2025-01", "OR", 'by:x"']),
    max_size=6,
).map(" ".join)
TERMS = st.sampled_from(["is:liked", 'author:"Ada L"', "on:2025-01", 'source:"The feed"'])


@given(LINES, TERMS)
def test_a_term_is_in_or_out(line: str, term: str) -> None:
    before = queryline.has(line, term)
    once = queryline.toggled(line, term)
    assert queryline.has(once, term) is not before
    rest = [token for token in queryline.tokens(line) if not queryline.same(token, term)]
    assert [token for token in queryline.tokens(once) if not queryline.same(token, term)] == rest


def test_a_filter_is_found_however_it_is_spelled() -> None:
    assert queryline.toggled('owls by:"ada" sort:newest', "author:Ada") == "owls sort:newest"
    assert queryline.narrowing('owls is:liked -source:x near:"a b"') == ["is:liked", "-source:x"]


@given(LINES)
def test_orders_go_round(line: str) -> None:
    seen, text = [], line
    for _ in range(3):
        text = queryline.turned(text)
        seen.append(queryline.order_of(text))
    assert seen == ["newest", "likely", "relevance"]
    assert parse(text).clauses == parse(line).clauses and parse(text).filters == parse(line).filters


@given(st.text(max_size=80), st.sampled_from(["xterm-kitty", "foot", "xterm-256color", ""]), st.sampled_from(["", "x"]))
def test_no_name_ends_the_sequence_or_begins_another(name: str, term: str, tmux: str) -> None:
    said = knock.notification(name, {"TERM": term, "TMUX": tmux})
    if tmux:
        assert said.startswith("\x1bPtmux;") and said.endswith("\x1b\\")
        said = said.removeprefix("\x1bPtmux;")[:-2].replace("\x1b\x1b", "\x1b")
    assert re.fullmatch(r"\x1b\](?:9;|777;notify;|99;)[^\x00-\x1f\x7f-\x9f]*\x1b\\", said)
    assert "penchant" in said and not said.startswith("\x1b]9;4")
