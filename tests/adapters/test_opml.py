"""OPML: the recorded lists, round trips, hostile documents."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import opml
from penchant.adapters.base import Malformed
from penchant.adapters.opml import OpmlFeed


def document(body, head="<title>mine</title>", start='<?xml version="1.0"?>'):
    return f'{start}<opml version="2.0"><head>{head}</head><body>{body}</body></opml>'.encode()


def test_facts_of_recorded_lists(shared_dir):
    folder = shared_dir / "recordings/opml"
    facts = json.loads((folder / "expected.json").read_text("utf-8"))["facts"]
    assert len(facts) >= 15
    for fact in facts:
        found = opml.read((folder / fact["file"]).read_bytes())
        want = [(f["url"], tuple(f["folder"]), (f["title"] or "").strip()) for f in fact["feeds"]]
        assert [(f.url, f.folder, f.title) for f in found.feeds] == want, fact["file"]
        assert len({f.url for f in found.feeds}) == fact["distinct_feed_urls"]
        assert found.title == (fact["head_title"] or "") and found.skipped == ()


def test_text_wins_over_title_and_case_does_not_matter():
    (feed,) = opml.parse(
        document("<outline text='Text' title='Title' XMLURL=' https://x.org/f ' htmlUrl='https://x.org/'/>")
    )
    assert feed == OpmlFeed("https://x.org/f", "Text", (), "https://x.org/")


def test_the_same_feed_in_two_folders_is_two_and_twice_in_one_is_one():
    one = "<outline text='a' xmlUrl='https://x.org/f'/>"
    feeds = opml.parse(document(f"<outline text='A'>{one}{one}</outline><outline text='B'>{one}</outline>"))
    assert [f.folder for f in feeds] == [("A",), ("B",)]


def test_what_cannot_be_a_feed_is_named():
    found = opml.read(document(
        "<outline text='bad' xmlUrl='javascript:x'/><outline text='local' xmlUrl='file:///etc/passwd'/>"
        "<outline text='rel' xmlUrl='/feed'/><outline text='ok' xmlUrl='feed://x.org/f'/>"
        "<outline text='note'/>"
    ))  # fmt: skip
    assert found.skipped == ("bad", "local", "rel") and [f.url for f in found.feeds] == ["http://x.org/f"]


def test_usual_faults_are_repaired():
    (feed,) = opml.parse(
        document("<outline text='Q & A &nbsp; &eacute;' xmlUrl='https://x.org/?a=1&b=2'/>", start="\n \ufeff")
    )
    assert (feed.title, feed.url) == ("Q & A \u00a0 é", "https://x.org/?a=1&b=2")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<html><body/></html>",
        b"<rss><channel/></rss>",
        document("<outline text='a' xmlUrl='https://x.org/1'/><outline text='b'"),
        document("<outline text='a'><outline xmlUrl='https://x.org/1'/>"),
        b'<!DOCTYPE o [<!ENTITY a "x">]>'
        + document("<outline text='&a;' xmlUrl='https://x.org/'/>", start=""),
        b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + document("&a;", start=""),
        document("<outline text='d'>" * 200 + "</outline>" * 200),
        document("".join(f"<outline xmlUrl='https://x.org/{n}'/>" for n in range(20_002))),
        b"\0" * 1000,
        b" " * (21 << 20),
    ],
    ids=[
        "empty",
        "words",
        "html",
        "rss",
        "cut off",
        "unclosed",
        "entity",
        "outside",
        "deep",
        "many",
        "nul",
        "large",
    ],
)
def test_broken_and_hostile_lists_are_refused_whole_in_words(data):
    with pytest.raises(Malformed) as caught:
        opml.parse(data)
    assert str(caught.value).startswith("The file") and caught.value.hint.startswith("Nothing was imported")


@pytest.mark.parametrize("name", ["external.xml", "xmlbomb.xml", "simple.xml"])
def test_attacks_are_refused(shared_dir, name):
    with pytest.raises(Malformed):
        opml.parse((shared_dir / "recordings/xml-attacks" / name).read_bytes())


def test_controls_in_names_are_gone():
    (feed,) = opml.parse(
        document("<outline text='a&#27;[31m\x1b[32mb&#x202e;' xmlUrl='https://x.org/\x07f'/>")
    )
    assert feed.title == "a[31mb" and feed.url == "https://x.org/f"


NAMES = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
FEEDS = st.lists(
    st.builds(
        OpmlFeed,
        st.integers(0, 8).map(lambda n: f"https://x.org/{n}?a=1&b=<ü>"),
        NAMES,
        st.lists(st.sampled_from(["A", "B & C", "<D>", "é"]), max_size=3).map(tuple),
        st.sampled_from(["", "https://x.org/"]),
    ),
    max_size=12,
)


@given(FEEDS)
def test_what_is_written_reads_back_the_same(feeds):
    once = opml.parse(opml.write(feeds))
    assert {(f.url, f.folder) for f in once} == {(opml._address(f.url), f.folder) for f in feeds}
    titles = {(f.url, f.folder): f.title for f in once}
    for feed in reversed(feeds):
        written = opml._safe(feed.title)[:200].strip()
        if sum((f.url, f.folder) == (feed.url, feed.folder) for f in feeds) == 1 and written:
            assert titles[opml._address(feed.url), feed.folder].rstrip("…") == written.rstrip("…")
    assert sorted(opml.parse(opml.write(once)), key=repr) == sorted(once, key=repr)


def test_folders_and_feeds_keep_their_order():
    feeds = [
        OpmlFeed(f"https://x.org/{n}", f"t{n}", folder)
        for n, folder in enumerate([("B",), ("A", "x"), (), ("B",)])
    ]
    assert [f.title for f in opml.parse(opml.write(feeds))] == ["t0", "t3", "t1", "t2"]
    assert opml.read(opml.write(feeds, "my list")).title == "my list"
