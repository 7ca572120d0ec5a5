"""What other readers get: parsed by feedparser, by fastfeedparser and by strict XML, whatever the items hold."""

from __future__ import annotations

import json
import re
from typing import Any

import fastfeedparser
import feedparser
import lxml.html
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from penchant.adapters.base import Link, Media, Poll
from penchant.app.rank.types import Part, Why
from penchant.app.serve import atom, clean, jsonfeed
from penchant.app.serve.doorman import Doorman, host_of
from penchant.app.serve.entry import entry_of
from penchant.app.serve.model import Entry, Feed
from penchant.app.serve.reasons import told
from penchant.app.serve.site import takes_gzip, unchanged
from penchant.app.types import Article, Card, Marks

ATOM = "{http://www.w3.org/2005/Atom}"
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
HOSTILE = (
    "]]><script>alert(1)</script>", "\x1b[2J\u202egnp.exe", "&lt;b&gt; &amp;", "a\x00b\ufffe\uffff", "\ud800",
    '" onload="x', "a\n\n<b>\n\n[1] https://x.example/\"onload=1",
    "<script>[1]<img src=x onerror=y>https://x.example/",
)  # fmt: skip
#: Any text, surrogates and controls included, and some that were made to break things.
texts = st.one_of(st.text(st.characters(codec=None), max_size=60), st.sampled_from(HOSTILE))
urls = st.one_of(st.just("https://x.example/a?b=1&c=2"), st.just('javascript:alert("1")'), texts)


def article(title: str = "One", text: str = "Text", url: str = "https://x.example/1", **more: Any) -> Article:
    names = ("author", "content_warning", "note", "published", "probability")
    facts = {name: more.pop(name) for name in names if name in more}
    card = {"author": "Ada", "content_warning": "", "note": "", "published": 1e9, "probability": 0.72, **facts}
    made = Card(
        1, "rss", title, text[:40], url, "Source", 1, card["author"], "k", card["published"], 1.1e9, 3, 4, 0,
        card["probability"], Marks(), content_warning=card["content_warning"], note=card["note"],
    )  # fmt: skip
    parts: dict[str, Any] = {"links": (), "media": (), "tags": (), "lang": "", "comments_url": ""}
    return Article(card=made, text=text, sightings=(), extra={}, **{**parts, "updated": None, "poll": None, **more})


def feed(*entries: Entry, title: str = "T", following: str = "") -> Feed:
    base = "http://127.0.0.1:1"
    return Feed("urn:x", title, "", 1e9, entries, f"{base}/a", f"{base}/", f"{base}/a", next=following)


@settings(max_examples=80, deadline=None)
@given(texts, texts, urls, texts, st.lists(texts, max_size=3), texts, texts, st.floats(allow_nan=True))
def test_any_item_makes_sound_feeds(
    title: str, text: str, url: str, author: str, tags: list[str], lang: str, alt: str, at: float
) -> None:
    media = (Media(url, "image", alt), Media("https://x.example/a.mp3", "audio", alt, mime=alt))
    made = entry_of(
        article(
            title, text, url, author=author, tags=tuple(tags), lang=lang, media=media, links=(Link(url, alt),),
            poll=Poll(((alt, 3), ("b", None))), comments_url=url, updated=at, content_warning=alt[:5],
        ),
        "ab12", "newest", why=alt,
    )  # fmt: skip
    page = feed(made, title=title, following="http://127.0.0.1:1/a?page=2&q=%22")
    written = atom.write(page)
    root = etree.fromstring(written, etree.XMLParser(resolve_entities=False))
    assert root.findtext(f"{ATOM}entry/{ATOM}id") == "urn:penchant:ab12:newest"
    assert not FORBIDDEN.search(written.decode())
    body = lxml.html.fromstring(f"<div>{root.findtext(f'{ATOM}entry/{ATOM}content')}</div>")
    for element in body.iter():
        assert element.tag in {"div", "p", "small", "strong", "a", "img", "br", "ul", "li"}
        assert set(element.attrib) <= {"href", "src", "alt", "rel"}
        for name in ("href", "src"):
            assert element.get(name, "https://").startswith(("http://", "https://"))
    item = json.loads(jsonfeed.write(page))["items"][0]
    assert item["id"] == "urn:penchant:ab12:newest" and not FORBIDDEN.search(json.dumps(item, ensure_ascii=False))
    read = feedparser.parse(written)
    assert not read.bozo and len(read.entries) == 1
    assert len(fastfeedparser.parse(written).entries) == 1


def test_two_libraries_read_the_same() -> None:
    made = entry_of(
        article(
            "Bees & <honey>", "One.\n\nSee [1] and https://y.example/z.", tags=("bees",), lang="de-AT",
            links=(Link("https://z.example/"),), comments_url="https://x.example/1#c",
            media=(Media("https://x.example/a.mp3", "audio", mime="audio/mpeg", size=12),),
        ),
        "ab12", "newest", why="tags: tag bees",
    )  # fmt: skip
    written = atom.write(feed(made, following="http://127.0.0.1:1/a?page=2"))
    one, two = feedparser.parse(written), fastfeedparser.parse(written)
    entry = one.entries[0]
    assert entry.title == two.entries[0].title == "Bees & <honey>" or entry.title == "Bees &amp; &lt;honey&gt;"
    assert entry.link == two.entries[0].link == "https://x.example/1"
    assert entry.id == two.entries[0].id == "urn:penchant:ab12:newest" and entry.author == "Ada"
    assert entry.published == "2001-09-09T01:46:40Z" and two.entries[0].published.startswith("2001-09-09T01:46:40")
    assert entry.enclosures[0].href == "https://x.example/a.mp3" and entry.enclosures[0].length == "12"
    terms = {tag.scheme: tag.term for tag in entry.tags}
    assert terms == {None: "bees", atom.CHANCE: "72", atom.SOURCE: "Source", atom.WHY: "tags: tag bees"}
    assert {link.rel: link.href for link in one.feed.links}["next"] == "http://127.0.0.1:1/a?page=2"
    body = entry.content[0].value
    assert '<a href="https://z.example/"' in body and '<a href="https://y.example/z"' in body
    assert "72%" in body and "tags: tag bees" in body
    item = json.loads(jsonfeed.write(feed(made)))["items"][0]
    assert item["title"] == "Bees & <honey>" and item["_penchant"]["probability"] == 0.72
    assert item["attachments"] == [{"url": "https://x.example/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12}]


def test_what_stands_behind_a_warning_stays_there() -> None:
    made = entry_of(
        article("T", "secret", content_warning="spiders", media=(Media("https://x.example/p.png"),)), "ab12", "newest"
    )
    assert made.title == "[spiders] T" and made.summary == "" and made.image == "" and "<img" not in made.html


def test_a_post_without_a_title_has_none_in_json_and_its_beginning_in_atom() -> None:
    made = entry_of(article("", "Only some words"), "ab12", "newest")
    assert made.title == "Only some words"
    assert "title" not in json.loads(jsonfeed.write(feed(made)))["items"][0]


def test_why_names_the_strongest_parts_and_never_the_age() -> None:
    parts = (Part("age", 2.0, (), "recency"), Part("your own like rate", -1.0, (), "base"),
             Part("tags", 0.3, ("tag bees +0.3",), "tags"), Part("people", -0.5, (), "people"),
             Part("words", 0.01, ("x",), "words"))  # fmt: skip
    assert told(Why(1, 0.0, 0.5, parts, labels=3)) == "people -0.50 · tags: tag bees +0.3"
    assert told(Why(1, 0.0, 0.5, parts, labels=0)) == ""


@pytest.mark.parametrize(
    ("header", "local", "outside"),
    [
        ("127.0.0.1:8642", True, True), ("localhost", True, True), ("[::1]:8642", True, True),
        ("127.9.9.9", True, True), ("192.168.1.5:8642", False, True), ("evil.example", False, False),
        ("evil.example:8642", False, False), ("127.0.0.1.evil.example", False, False), ("", False, False),
        ("localhost@evil.example", False, False), ("127.0.0.1:99999", False, False), ("box", False, True),
        ("LOCALHOST.:80", True, True), ("2130706433", False, False), ("127.1", False, False),
    ],
)  # fmt: skip
def test_only_known_hosts_are_answered(header: str, local: bool, outside: bool) -> None:
    assert Doorman.at("127.0.0.1").knows(header) is local
    assert Doorman.at("0.0.0.0", "t" * 16, ["box"]).knows(header) is outside


@given(st.text(max_size=30))
@example("%A")
def test_no_host_header_breaks_the_door(header: str) -> None:
    Doorman.at("127.0.0.1").knows(header)
    assert host_of(header) == host_of(header).lower()


@given(texts)
def test_any_token_may_be_tried(given_token: str) -> None:
    assert Doorman(token="t" * 16).admits(given_token) is (given_token == "t" * 16)


@pytest.mark.parametrize(
    ("accepted", "yes"),
    [("gzip, br", True), ("*", True), ("gzip;q=0", False), ("gzip;q=0.0", False), ("br", False), ("", False)],
)
def test_gzip_only_where_it_is_taken(accepted: str, yes: bool) -> None:
    assert takes_gzip(accepted) is yes


def test_validators() -> None:
    stamp = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert unchanged({"if-none-match": 'W/"a", "b"'}, '"b"', stamp)
    assert unchanged({"if-none-match": "*"}, '"b"', stamp)
    assert not unchanged({"if-none-match": '"a"', "if-modified-since": stamp}, '"b"', stamp), "the tag decides"
    assert unchanged({"if-modified-since": stamp}, '"b"', stamp)
    assert not unchanged({"if-modified-since": "Sat, 05 Nov 1994 08:49:37 GMT"}, '"b"', stamp)
    assert not unchanged({"if-modified-since": "yesterday"}, '"b"', stamp)
    assert not unchanged({}, '"b"', stamp)


@given(texts)
def test_a_line_is_a_line(text: str) -> None:
    assert not FORBIDDEN.search(clean.line(text)) and "\n" not in clean.line(text)
