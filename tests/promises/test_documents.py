"""Hostile documents: the short form of the promise, and what it has found."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Malformed, SourceError
from penchant.adapters.rss_parse import MAX_FALLBACK_TAGS, _worth_a_second_reading, parse_feed

SCRIPTS = Path(__file__).resolve().parents[2] / "bench" / "promises"
ADDRESS = "https://a.example/feed"
#: Pieces of feeds in any order are worse than any feed.
PIECES = st.lists(
    st.sampled_from(
        (
            "<rss version='2.0'>",
            "<channel>",
            "</channel>",
            "<item>",
            "</item>",
            "<entry>",
            "<feed xmlns='http://www.w3.org/2005/Atom'>",
            "<title>",
            "</title>",
            "<title type='html'>",
            "<link/>",
            "<link>x",
            "<guid>",
            "<pubDate>1</pubDate>",
            "<content type='xhtml'>",
            "<div>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "&#27;",
            "&lt;b&gt;",
            "&c;",
            "<enclosure url='x' length='-1'/>",
            "<media:group>",
            "<image>",
            "<width>",
            "</width>",
            "<itunes:image/>",
            "<psc:chapter/>",
            "<psc:chapters>",
            "<category/>",
            "<author>",
            "text",
            "\x00",
            "<rdf:RDF>",
            "<x:y xml:base='//['>",
            "<updated>",
            "<id>",
            "</id>",
            "<textinput>",
            "<cloud/>",
            "<ttl>",
            "<source/>",
            "<georss:point>1",
        )
    ),
    max_size=30,
)


def test_the_short_form_holds() -> None:
    command = [sys.executable, "documents.py", "--short"]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@given(PIECES)
@settings(max_examples=150, deadline=None)
def test_any_pieces_of_feeds_are_a_feed_or_none(pieces: list[str]) -> None:
    with contextlib.suppress(SourceError):
        parse_feed("".join(pieces).encode("utf-8", "replace"), ADDRESS, "", "k", 0.0)


@pytest.mark.parametrize(
    "inside",
    [
        "<psc:chapters xmlns:psc='http://podlove.org/simple-chapters'><psc:chapter title='no start'/></psc:chapters>",
        "<id><![CDATA[]]></id><title/><author/><link/>",
        "<image><width/></image>",
    ],
)
def test_what_the_tolerant_parser_stumbles_over(inside: str) -> None:
    """Not well-formed, so that feedparser is asked, whose handlers raise TypeError and others."""
    body = f"<rss version='2.0'><channel><item>{inside}</item><item></channel></rss>{inside}"
    with contextlib.suppress(Malformed):
        parse_feed(body.encode(), ADDRESS, "", "k", 0.0)


def test_feedparser_is_not_given_what_would_cost_it_seconds() -> None:
    """400 kB of <ul><li>: 5 s, and the child was killed for it."""
    body = "<rss><channel><item>" + "<ul><li>" * MAX_FALLBACK_TAGS
    assert not _worth_a_second_reading(body)
    assert _worth_a_second_reading("<rss><channel><item>")


def test_a_tag_of_very_many_attributes_is_not_given_to_feedparser() -> None:
    """20,000 attributes took it over 2 s."""
    crowd = " ".join(f"a{n}='{n}'" for n in range(2000))
    assert not _worth_a_second_reading(f"<rss><channel><item {crowd}>")


@pytest.mark.parametrize("reference", ["&#55296;", "&#xD800;", "&#57343;", "&#xdfff;"])
def test_references_to_surrogates_cost_no_feed(reference: str) -> None:
    """libxml2 takes them where it forgives, and lxml cannot decode what it then holds."""
    body = f"<rss version='2.0'><channel><item><link>https://a.example/{reference}1</link><title>A & B</title></item>"
    (item,) = parse_feed(body.encode(), ADDRESS, "", "k", 0.0).items
    assert item.title == "A & B" and item.url == "https://a.example/1"
