"""Cleaning, HTML to text, addresses and dates."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Link, Media
from penchant.adapters.text import (
    absolute,
    canonical_url,
    clean,
    clean_line,
    excerpt,
    html_to_text,
    parse_date,
)
from penchant.adapters.text_clean import MAX_MARKS
from penchant.adapters.text_urls import _fold

FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\ud800-\udfff\U000e0001]")
ATTACKS = st.sampled_from(
    ["\x1b[31m", "\x1b]8;;http://x\x07", "\x1b]52;c;aGk=\x1b\\", "\x1bP1q\x1b\\", "\x9b31m", "\x1b", "\r",
     "\r\n", "\x00", "\u202e", "\u2066", "\ud800", "&#27;", "&#x9b;", "&#0;", "&#x202e;", "<b>", "</p>",
     "<pre>", "<a href=x>", "</a>", "&lt;", "\u0301" * 40, "\u200d", "\u2028", "\n\n\n", "  ", "<!--", "]]>",
     "<li>", "<td>", "<br>"]
)  # fmt: skip
NASTY = st.lists(st.one_of(ATTACKS, st.text(max_size=8)), max_size=12).map("".join)
VISIBLE = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Cf", "Mn", "Me", "Zs", "Zl", "Zp")), min_size=1
)


@given(NASTY)
def test_clean_leaves_nothing_a_terminal_obeys_and_is_idempotent(text):
    once = clean(text)
    assert not FORBIDDEN.search(once)
    assert clean(once) == once


@given(NASTY, st.integers(2, 60))
def test_clean_line_is_one_short_line_and_idempotent(text, limit):
    once = clean_line(text, limit)
    assert not FORBIDDEN.search(once) and not set("\n\t\u2028\u2029") & set(once)
    assert len(once) <= limit and once == once.strip()
    assert clean_line(once, limit) == once


@given(
    st.text(
        st.characters(
            blacklist_categories=("Cc", "Cs"),
            blacklist_characters=[
                *map(chr, range(0x202A, 0x202F)),
                *map(chr, range(0x2066, 0x2070)),
                "\U000e0001",
            ],
        )
    )
)
def test_clean_keeps_everything_else_as_it_came(text):
    assert clean(text) == text


@given(NASTY, NASTY)
def test_escape_codes_never_eat_visible_text_after_them(before, after):
    """An unfinished sequence may swallow at most itself, not the words that follow a line end."""
    text = clean(before + "\n" + "kept words" + "\n" + after)
    assert "kept words" in text or "\x1b" in before or "]" in before


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\x1b[1;31mb\x1b[0m", "ab"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;c2VjcmV0\x07x", "x"),
        ("\x1bPq#0;2;0\x1b\\x", "x"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1b(0lqk\x1b(B", "lqk"),
        ("\x1bcreset", "creset"),
        ("line\r\nline\rline", "line\nline\nline"),
        (
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ("\u05e9\u05c1\u05dc\u05d5\u05dd \u200f", "\u05e9\u05c1\u05dc\u05d5\u05dd \u200f"),
        ("cafe\u0301 caf\u00e9", "cafe\u0301 caf\u00e9"),
    ],
)
def test_clean_examples(raw, shown):
    assert clean(raw) == shown


def test_stacks_of_marks_are_thinned():
    assert len(clean("a" + "\u0301" * 10_000 + "b")) == MAX_MARKS + 2
    assert len(clean("a" + "\u0301\u200d" * 10_000)) <= MAX_MARKS + 1 + 10_000
    assert clean("a" + "\u0301" * 40 + "b") == "a" + "\u0301" * 40 + "b"


def test_naughty_strings_come_back_identical(shared_dir):
    strings = json.loads((shared_dir / "recordings/unicode/blns.json").read_text("utf-8"))
    assert len(strings) == 515
    changed = [s for s in strings if clean(s) != s]
    assert all(FORBIDDEN.search(s) for s in changed) and len(changed) < 15
    for text in strings:
        without = FORBIDDEN.sub("", text)
        assert clean(text) == without or "\x1b" in text
        shown = clean_line(text, 10_000)
        assert re.sub(r"\s+", "", shown) == re.sub(r"\s+", "", clean(text))


@given(NASTY)
def test_html_to_text_never_lets_a_control_through(html):
    text, links, media = html_to_text(html, "https://example.org/a/")
    assert not FORBIDDEN.search(text)
    for link in links:
        assert not FORBIDDEN.search(link.text + link.url) and link.url.startswith(
            ("http://", "https://", "mailto:")
        )
    assert all(not FORBIDDEN.search(m.alt + m.url) for m in media)


@given(st.integers(0, 0x2070), st.sampled_from(["&#{};", "&#x{:x};", "&#{:06d};", "&amp;#{};"]))
def test_entities_never_revive_controls(code, form):
    for html in (
        form.format(code),
        f"<p>{form.format(code)}</p>",
        f"<a href='x'>{form.format(code)}y</a>",
        f"<img src=x alt='{form.format(code)}'>",
    ):
        text, links, media = html_to_text(html, "http://x.org/")
        assert not FORBIDDEN.search(
            text + "".join(link.text for link in links) + "".join(m.alt for m in media)
        )


@given(st.lists(VISIBLE, min_size=1, max_size=5))
def test_html_to_text_keeps_every_visible_word_in_order(words):
    from html import escape

    text, _, _ = html_to_text("<div>" + "</div><p>".join(escape(w) for w in words) + "</p>", "")
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", "".join(words))


@given(st.lists(VISIBLE.filter(lambda w: not set("<&") & set(w)), min_size=1, max_size=5))
def test_plain_text_keeps_its_lines(lines):
    assert html_to_text("\n".join(lines))[0] == "\n".join(lines)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain &amp; simple\n\n\n\nsecond", "plain & simple\n\nsecond"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("a<br>b<br/><br>c<br><br><br><br>d", "a\nb\n\nc\n\nd"),
        ("<ul><li>a<li>b<ol><li>x<li>y</ol></ul>z", "• a\n• b\n  1. x\n  2. y\n\nz"),
        ("<blockquote>q<blockquote>deeper</blockquote></blockquote>out", "> q\n\n> > deeper\n\nout"),
        ("<pre>def f():\n    return 1\n</pre>", "def f():\n    return 1"),
        ("x <code>a  b</code>  y", "x a b y"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</table>", "1 2\n3"),
        ("<h1>Head</h1>text", "Head\n\ntext"),
        ("a <b>bold</b>, <i>x</i>y", "a bold, xy"),
        ("<script>bad()</script><style>x{}</style><title>t</title>good<svg><text>no</text></svg>", "good"),
        ("a<!-- comment -->b", "ab"),
        ("1 < 2 and 3 > 2 <b>ok</b>", "1 < 2 and 3 > 2 ok"),
        ("non\u00a0breaking <i>space</i>", "non\u00a0breaking space"),
        ("<p>&#27;[31mred&#155;x</p>", "red\u203ax"),
        ("\x1b<b>[31m</b>x", "x"),
        ('hello <img class="wp-smiley" src="s.png" alt="\U0001f642"> there', "hello \U0001f642 there"),
        ("<hr>", "———"),
        ("", ""),
    ],
)
def test_html_examples(html, text):
    assert html_to_text(html, "https://example.org/")[0] == text


def test_links_are_numbered_once_per_address():
    text, links, _ = html_to_text(
        '<a href="/a">one</a> <a href="b">two</a> <a href="/a">again</a> <a href="#x">jump</a>'
        '<a href="javascript:x()">bad</a><a href="c"><img src="i.png"></a>',
        "https://example.org/dir/",
    )
    assert text == "one [1] two [2] again [1] jumpbad"
    assert links == (Link("https://example.org/a", "one"), Link("https://example.org/dir/b", "two"))


def test_pictures_and_players_become_media():
    html = (
        '<img src="/a.png" alt="A cat" width="640" height="480px"><img src="pixel.gif" width=1 height=1>'
        '<img src="data:image/png;base64,AA" data-src="lazy.jpg"><img src="data:image/png;base64,AA">'
        '<video poster="p.jpg"><source src="v.mp4" type="video/mp4"></video><audio src="s.mp3"></audio>'
        '<iframe src="//www.youtube.com/embed/x" title="Talk"></iframe><img src="/a.png" alt="twice">'
        '<img src="http://feeds.feedburner.com/~r/x/~4/y">'
    )
    assert html_to_text(html, "https://example.org/")[2] == (
        Media("https://example.org/a.png", "image", "A cat", width=640, height=480),
        Media("https://example.org/lazy.jpg", "image"),
        Media(
            "https://example.org/v.mp4", "video", mime="video/mp4", preview_url="https://example.org/p.jpg"
        ),
        Media("https://example.org/s.mp3", "audio"),
        Media("https://www.youtube.com/embed/x", "video", "Talk"),
    )


@pytest.mark.parametrize(
    "html",
    ["<div>" * 50_000 + "deep", "<b><i>" * 30_000, "<a href=x>" * 20_000, "<li>" * 50_000,
     "<table><tr><td>" * 10_000, "<blockquote>" * 20_000 + "q", "x" * 5_000_000 + "<b>",
     "<p>&nbsp;</p>" * 100_000, "&" * 500_000 + "<b>"],
    ids=["div", "inline", "anchors", "items", "tables", "quotes", "long", "many", "ampersands"],
)  # fmt: skip
def test_hostile_html_is_bounded(html):
    text, links, media = html_to_text(html, "http://x.org/")
    assert len(text) <= 1_048_576 and len(links) <= 500 and len(media) <= 40


@pytest.mark.parametrize(
    ("base", "url", "whole"),
    [
        ("https://example.org/a/b", "c", "https://example.org/a/c"),
        ("https://example.org/a/b", "//cdn.org/x", "https://cdn.org/x"),
        ("https://example.org/", " http://x.org/a b\n", "http://x.org/a%20b"),
        ("https://example.org/", "mailto:me@example.org", "mailto:me@example.org"),
        ("https://example.org/", "javascript:alert(1)", ""),
        ("https://example.org/", "JaVaScRiPt:x", ""),
        ("https://example.org/", "data:text/html,x", ""),
        ("https://example.org/", "file:///etc/passwd", ""),
        ("file:///etc/", "passwd", ""),
        ("https://example.org/", "http://x.org/\x1b[31m", "http://x.org/"),
        ("https://example.org/", 'http://x.org/"><b>', "http://x.org/%22%3E%3Cb%3E"),
        ("https://example.org/", "http://[::1", ""),
        ("https://example.org/", "http://x.org/" + "a" * 5000, ""),
        ("", "relative", ""),
    ],
)
def test_absolute(base, url, whole):
    assert absolute(base, url) == whole


@given(st.text(max_size=40), NASTY)
def test_absolute_never_fails_and_is_always_safe(base, url):
    made = absolute(base, url)
    assert made == "" or made.lower().startswith(("http://", "https://", "mailto:"))
    assert not FORBIDDEN.search(made) and not re.search(r"\s", made)
    assert absolute("", made) == made


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://www.example.org/a/", "https://example.org/a"),
        ("https://example.org:443/a?utm_source=rss&x=1", "https://EXAMPLE.org/a?x=1#comments"),
        ("https://example.org/?b=2&a=1", "https://example.org?a=1&b=2"),
        ("https://youtu.be/abc", "https://www.youtube.com/watch?v=abc&feature=share"),
        ("https://m.youtube.com/watch?v=abc", "https://www.youtube.com/shorts/abc"),
        ("https://old.reddit.com/r/x/comments/1/t/", "https://www.reddit.com/r/x/comments/1/t"),
        ("https://arxiv.org/pdf/2301.00001v2.pdf", "https://arxiv.org/abs/2301.00001"),
        ("https://en.m.wikipedia.org/wiki/Cat", "https://en.wikipedia.org/wiki/Cat"),
        ("https://twitter.com/a/status/1?s=20", "https://x.com/a/status/1?s=20"),
        ("https://www.google.com/url?sa=t&url=https://example.org/x&ct=ga", "https://example.org/x"),
        ("https://example.org/%7euser/caf%c3%a9", "https://example.org/~user/caf%C3%A9"),
        ("https://example.org/index.html", "https://example.org"),
    ],
)
def test_one_page_has_one_canonical_address(first, second):
    assert canonical_url(first) == canonical_url(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://example.org/a", "https://example.org/b"),
        ("https://example.org/?id=1", "https://example.org/?id=2"),
        ("https://example.org/A", "https://example.org/a"),
        ("https://a.example.org/", "https://b.example.org/"),
        ("https://example.org:8080/", "https://example.org/"),
        ("https://example.org/#/route", "https://example.org/#/other"),
        ("https://m.org/", "https://org/"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
    ],
)
def test_different_pages_stay_apart(first, second):
    assert canonical_url(first) != canonical_url(second)


ADDRESSES = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(
        [
            "example.org",
            "www.example.org",
            "m.a.org",
            "[::1]",
            "x.org:80",
            "x.org:8080",
            "www.www.a.org",
            "google.com",
            "youtu.be",
        ]
    ),
    st.text("/%2fFab.~+ü", max_size=12).map(lambda p: "/" + p),
    st.text("ab=&%+utm_source;?", max_size=12).map(lambda q: "?" + q),
    st.sampled_from(["", "#x", "#!/a", "#/b"]),
)


@given(st.one_of(ADDRESSES, NASTY))
def test_canonical_is_idempotent_and_never_fails(url):
    once = canonical_url(url)
    assert canonical_url(once) == once


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Thu, 01 Jan 2004 19:48:21 GMT", 1072986501),
        ("Thu, 01 Jan 2004 19:48:21 +0100", 1072982901),
        ("Thu, 1 Jan 04 19:48 EST", 1073004480),
        ("1 January 2004 19:48:21 Z", 1072986501),
        ("thu,01 jan 2004 19:48:21 gmt", 1072986501),
        ("2004-01-01T19:48:21Z", 1072986501),
        ("2004-01-01T19:48:21.123+01:00", 1072982901.123),
        ("2004-01-01 19:48:21 UTC", 1072986501),
        ("2004-01-01T19:48:21+0100", 1072982901),
        ("2004-01-01", 1072915200),
        ("2004-01", 1072915200),
        ("20040101T194821Z", 1072986501),
        ("January 1, 2004 19:48:21", 1072986501),
        ("Thu Jan  1 19:48:21 2004", 1072986501),
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800),
        ("Wed, 31 Dec 2003 24:00:00 GMT", 1072915200),
        ("", None),
        ("yesterday", None),
        ("Thu, 32 Jan 2004 10:00:00 GMT", None),
        ("1518478934", None),
        ("9999-99-99", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("2004-01-01T25:00:00Z", None),
    ],
)
def test_dates(text, seconds):
    found = parse_date(text)
    assert found == seconds if seconds is None else found == pytest.approx(seconds)


@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(
            r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{2,4} \d\d:\d\d:\d\d [+-]\d{4}", fullmatch=True
        ),
    )
)
def test_dates_never_fail(text):
    found = parse_date(text)
    assert found is None or 0 <= found < 7.3e9


@given(
    st.datetimes(
        min_value=__import__("datetime").datetime(1971, 1, 1),
        max_value=__import__("datetime").datetime(2100, 1, 1),
    )
)
def test_dates_round_trip(when):
    from datetime import UTC
    from email.utils import format_datetime

    when = when.replace(microsecond=0, tzinfo=UTC)
    assert parse_date(format_datetime(when)) == parse_date(when.isoformat()) == when.timestamp()


@given(NASTY, st.integers(5, 80))
def test_excerpts_are_short_lines(text, n):
    short = excerpt(clean(text), n)
    assert len(short) <= n and "\n" not in short


def test_excerpt_cuts_between_words():
    assert excerpt("one two three four", 14) == "one two three…"
    assert excerpt("one\n\ntwo", 80) == "one two"
    assert not any(unicodedata.category(c) == "Mn" for c in excerpt("abcdefghi\u0301" * 3, 9)[-1:])


_HOSTS = st.sampled_from(
    ["example.org", "www.example.org", "m.x.com", "en.m.wikipedia.org", "de.m.wikimedia.org", "twitter.com",
     "x.com", "www2.a.b", "reddit.com", "old.reddit.com", "youtu.be", "music.youtube.com", "arxiv.org", "a..b",
     "export.arxiv.org", "google.com", "a.google.x", "localhost", "1.2.3.4", "amp.x", "m.co", "np.foo.bar",
     "mobile.foo.bar", "Example.org", "a-b.c-d.co.uk"]
)  # fmt: skip
_SEGMENTS = st.sampled_from(
    ["index.html", "index.htm", "index.php", "a", "b.html", "..", "index.html5", "abs", "pdf", "2101.00001v2",
     "shorts", "a;b=1", "a%20b", "url", "x&y"]
)  # fmt: skip


@given(_HOSTS, st.lists(_SEGMENTS, max_size=3))
def test_an_address_taken_for_canonical_at_sight_would_not_change(host: str, path: list[str]) -> None:
    url = "/".join(["https://" + host, *path])
    folded = url
    for _ in range(8):
        folded = _fold(folded)
    assert canonical_url(url) == folded


def test_the_scheme_of_an_address_is_written_small() -> None:
    assert absolute("", "HTTPS://Example.org/A") == "https://Example.org/A"
    assert absolute("https://example.org/", "MAILTO:ada@example.org") == "mailto:ada@example.org"
