"""The seam's check: whatever stands in a field, what comes out is a proper item, and a proper item stays as it is."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Link, Media, Page, Poll, Sighting
from penchant.adapters.contract_rules import proper
from penchant.adapters.guard import Garbage, checked_item, checked_page

texts = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["\x1b[31mred", "javascript:x", "https://a b/\x07", "https://example.org", "\ud800", "a\nb\tc", "mailto:x\x9b"]
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=4)
anything: Any = st.recursive(
    plain, lambda s: st.lists(s, max_size=3) | st.dictionaries(texts, s, max_size=3), max_leaves=6
)
names = {kind: [f.name for f in fields(kind)] for kind in (Author, Media, Link, Sighting, Poll, Item)}


def made(kind: Any, *more: Any) -> Any:
    """Values of a kind with anything in every field."""
    field = st.one_of(anything, *more)
    return st.builds(kind, **dict.fromkeys(names[kind], field))


authors = made(Author)
parts = st.one_of(made(Media), made(Link), made(Sighting, authors), made(Poll))
items = made(Item, texts, authors, made(Poll), st.lists(parts, max_size=3), st.tuples(parts))


@settings(max_examples=80, deadline=None)
@given(items)
def test_any_item_becomes_proper_or_nothing(item: Item) -> None:
    cleaned = checked_item(item)
    if cleaned is not None:
        proper(cleaned)
        assert checked_item(cleaned) == cleaned, "what is clean stays as it is"


@settings(max_examples=40, deadline=None)
@given(st.builds(Page, items=anything | st.lists(items | anything, max_size=3), cursor=anything, deleted=anything,
                 title=anything, interval=anything, total=anything, moved_to=anything, gone=anything))  # fmt: skip
def test_any_page_is_checked_or_refused_in_words(page: Page) -> None:
    try:
        checked = checked_page(page)
    except Garbage as error:
        assert str(error) and error.hint
        return
    assert isinstance(checked.title, str) and (checked.interval is None or checked.interval >= 0)
    assert checked.total is None or isinstance(checked.total, int)
