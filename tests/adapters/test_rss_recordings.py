"""The recorded feeds hold the facts that their keepers found."""

from __future__ import annotations

import json
import re

import pytest

from penchant.adapters.base import Malformed
from penchant.adapters.rss import Rss
from penchant.adapters.rss_parse import parse_feed
from penchant.adapters.text import clean_line, html_to_text, parse_date

NOW = 1_900_000_000.0


@pytest.fixture(scope="session")
def rss_dir(shared_dir):
    return shared_dir / "recordings/rss"


@pytest.fixture(scope="session")
def expected(rss_dir):
    return json.loads((rss_dir / "expected.json").read_text("utf-8"))


def read(path):
    return parse_feed(path.read_bytes(), "http://127.0.0.1:8097/feed.xml", "", "k", NOW)


def shown(title):
    return clean_line(html_to_text(title or "")[0] if "<" in (title or "") else title or "")


def test_facts_of_real_feeds(rss_dir, expected):
    assert len(expected["facts"]) == 24
    for fact in expected["facts"]:
        path = rss_dir / fact["file"]
        if "not_json" in fact:
            with pytest.raises(Malformed):
                read(path)
            continue
        parsed = read(path)
        title = fact.get("feed_title", fact.get("title"))
        assert parsed.title == (title if isinstance(title, str) else ""), fact["file"]
        assert len(parsed.items) == fact["items"], fact["file"]
        if "first" in fact and parsed.items:
            check_first(parsed.items, fact)
        if "ids" in fact:
            assert [i.native_id for i in parsed.items] == [f"k#{name}" for name in fact["ids"]]
            assert [i.title for i in parsed.items] == [
                str(t) if t is not None else "" for t in fact["item_titles"]
            ]


def check_first(items, fact):
    first = fact["first"]
    item = items[0]
    assert item.title == shown(first["title"]) and items[-1].title == shown(fact["last_title"]), fact["file"]
    if first["id"]:
        assert item.native_id == f"k#{first['id']}"
    if first["link"] and first["link"].startswith("http"):
        assert item.url == first["link"]
    elif first["link"] and not first["link"].startswith("urn:"):
        assert item.url.startswith("http") and item.url.endswith(first["link"])
    dates = (parse_date(first["published"] or ""), parse_date(first["updated"] or ""))
    assert item.published == (dates[0] if dates[0] is not None else dates[1])
    if fact["distinct_ids"] == fact["items"]:
        assert len({i.native_id for i in items}) == len(items)
    files = sum(len([m for m in i.media if m.kind != "image"]) for i in items)
    assert files >= fact["enclosures"] or fact["file"].startswith("reader/"), fact["file"]


#: feedparser's expressions that say something of what a reader sees.
CHECKS = [
    (
        re.compile(r"entries\[0\]\['(?:title|title_detail'\]\['value)'\] == '(.*?)'(?:$| and | or )"),
        lambda p: p.items[0].title,
    ),
    (re.compile(r"entries\[0\](?:\['link'\]|\.link) == '([^']*)'"), lambda p: p.items[0].url),
    (
        re.compile(r"entries\[0\]\['(?:id|guid)'\] == '([^']*)'"),
        lambda p: p.items[0].native_id.removeprefix("k#"),
    ),
    (
        re.compile(r"^(?:not bozo and )?feed(?:\.title|\['title'\]) == [\"'](.*?)[\"'](?:$| or )"),
        lambda p: p.title,
    ),
    (
        re.compile(r"^(?:not bozo and )?feed(?:\.link|\['link'\]) == '(http://(?:example|channel).*)'"),
        lambda p: p.site_url,
    ),
    (
        re.compile(r"entries\[0\]\['(?:description|summary)'\] == '(.*?)'(?:$| and | or )"),
        lambda p: p.items[0].text,
    ),
    (
        re.compile(r"entries\[0\]\['content'\]\[0\]\['value'\] == '(.*?)'(?:$| and | or )"),
        lambda p: p.items[0].text,
    ),
    (
        re.compile(r"entries\[0\]\['(?:author|author_detail'\]\['name)'\] == '(.*?)'(?:$| and | or )"),
        lambda p: p.items[0].author.name,
    ),
    (re.compile(r"enclosures'\]\[0\]\['(?:href|url)'\] == '([^']*)'"), lambda p: p.items[0].media[0].url),
    (re.compile(r"enclosures'\]\[0\]\['type'\] == '([^']*)'"), lambda p: p.items[0].media[0].mime),
    (re.compile(r"enclosures'\]\[0\]\['length'\] == '([^']*)'"), lambda p: str(p.items[0].media[0].size)),
    (re.compile(r"media_thumbnail'\]\[0\]\['url'\] == '([^']*)'"), lambda p: p.items[0].media[0].url),
    (re.compile(r"feed\['ttl'\] == '(\d+)'"), lambda p: str(int(p.interval / 60))),
]


def words(html):
    """What a reader sees of HTML."""
    return html_to_text(html)[0].split()


#: Known differences from feedparser, with the reason.
DIFFERENT = {
    "feedparser/wellformed/rss/item_description_and_summary.xml": "an item has one text: the longer one",
    "feedparser/wellformed/rss/item_description_not_a_doctype.xml": "an unfinished tag, shown as text",
    "feedparser/wellformed/rss/item_description_not_a_doctype2.xml": "an unfinished tag, shown as text",
}


def test_expectations_of_upstream(rss_dir, expected):
    compared, read_all = 0, 0
    for case in expected["upstream_expectations"]:
        path = rss_dir / case["file"]
        if path.suffix == ".json" or path.name in ("aaa_illformed.xml", "rss_empty_document.xml"):
            continue
        parsed = read(path)
        read_all += 1
        if case["file"] in DIFFERENT:
            continue
        for pattern, value in CHECKS:
            found = pattern.search(case["expect"])
            if found:
                assert value(parsed).split() in (words(found[1]), found[1].split()), case
                compared += 1
    assert read_all > 130 and compared > 60


def test_an_empty_document_is_refused_in_words(rss_dir):
    with pytest.raises(Malformed):
        read(rss_dir / "feedparser/illformed/rss_empty_document.xml")


@pytest.mark.parametrize("name", ["external.xml", "xmlbomb.xml", "simple.xml"])
async def test_attacks_served_as_a_feed(shared_dir, server, client, name):
    body = (shared_dir / "recordings/xml-attacks" / name).read_bytes()
    with pytest.raises(Malformed):
        async for _ in Rss().fetch(client, {"address": server.route("/f", body)}, {}):
            pass
    assert len(server.requests) == 1


async def test_naughty_strings_survive_as_titles_and_texts(shared_dir, server, client):
    from html import escape

    strings = json.loads((shared_dir / "recordings/unicode/blns.json").read_text("utf-8"))
    strings = [s for s in strings if s.strip() and "\ufffe" not in s]  # XML cannot hold U+FFFE
    entries = "".join(
        f"<entry><id>{n}</id><title type='text'>{escape(s)}</title>"
        f"<content type='text'>{escape(s)}</content></entry>"
        for n, s in enumerate(strings)
    )
    body = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>naughty</title>{entries}</feed>"
    got = [i async for p in Rss().fetch(client, {"address": server.route("/f", body)}, {}) for i in p.items]
    assert len(got) == len(strings)
    for item, text in zip(got, strings, strict=True):
        assert item.title == clean_line(text) and item.text == html_to_text(escape(text, quote=False))[0]
