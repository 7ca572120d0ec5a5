"""Whatever stands in an answer of arXiv: papers, or words that it is damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.arxiv_items import to_item
from penchant.adapters.arxiv_parse import paragraphs, read_answer
from penchant.adapters.base import Malformed
from penchant.adapters.github_text import Words

ANSWER = """<feed xmlns='http://www.w3.org/2005/Atom' xmlns:arxiv='http://arxiv.org/schemas/atom'
 xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'><title>q</title><opensearch:totalResults>2</opensearch:totalResults>
<entry><id>http://arxiv.org/abs/2601.00001v2</id><title>T <b>x</b></title><summary>A &amp; github.com/a/b</summary>
<published>2026-01-01T00:00:00Z</published><updated>2026-01-02T00:00:00Z</updated><author><name>Ada</name>
<arxiv:affiliation>X</arxiv:affiliation></author><category term='cs.IR'/><arxiv:comment>c</arxiv:comment>
<arxiv:doi>10.1/x y</arxiv:doi><arxiv:primary_category term='cs.IR'/></entry></feed>"""
FEED = """<rss xmlns:arxiv='http://arxiv.org/schemas/atom' xmlns:dc='http://purl.org/dc/elements/1.1/' version='2.0'>
<channel><title>cs.CL</title><item><title>T</title><link>https://arxiv.org/abs/2601.00001</link>
<description>arXiv:2601.00001v3 Announce Type: replace-cross
Abstract: Some
 words.</description><guid isPermaLink='false'>oai:arXiv.org:2601.00001v3</guid><category>cs.CL</category>
<pubDate>Mon, 05 Jan 2026 00:00:00 -0500</pubDate><arxiv:announce_type>replace-cross</arxiv:announce_type>
<dc:creator>Ada Lovelace (1 and 2), Bob Noyce, Cyd d'Oz and Dot ((1) There)</dc:creator></item></channel></rss>"""


def test_a_feed_and_an_answer() -> None:
    (paper,) = read_answer(FEED.encode(), "text/xml").papers
    assert (paper.id, paper.version, paper.announced) == ("2601.00001", 3, "replace-cross")
    assert paper.abstract == "Some words." and paper.authors[:3] == ("Ada Lovelace", "Bob Noyce", "Cyd d'Oz")
    answer = read_answer(ANSWER.encode(), "application/atom+xml")
    assert (answer.count, answer.total, answer.papers[0].doi) == (1, 2, "10.1/x y")
    assert to_item(answer.papers[0]).extra["code"] == ["https://github.com/a/b"]


@pytest.mark.parametrize("document", [ANSWER, FEED], ids=["answer", "feed"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_junk_anywhere(document: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(document)))
    end = min(start + data.draw(st.integers(0, 40)), len(document))
    pieces = st.sampled_from(["<entry>", "<x/>", "&x;", "]]>", "\x00", "v9" * 9])
    junk = data.draw(st.one_of(st.text(max_size=20), pieces))
    body = (document[:start] + junk + document[end:]).encode("utf-8", "surrogatepass")
    try:
        answer = read_answer(body, "application/atom+xml; charset=utf-8")
    except Malformed as error:
        assert str(error) and error.hint
        return
    for paper in answer.papers:
        item: Any = to_item(paper, Words("README [1]", ()))
        json.dumps(dict(item.extra))
        assert item.native_id.startswith("arxiv:") and item.title and "\x1b" not in item.text


@given(st.text())
def test_paragraphs_have_no_hard_breaks(text: str) -> None:
    assert all("\n" not in part for part in paragraphs(text).split("\n\n"))
