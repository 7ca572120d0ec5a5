"""Pages without a feed: what is guessed, what selectors say, what is told when nothing fits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import BadSettings, Malformed, NotFound
from penchant.adapters.http import Client, Limits
from penchant.adapters.page import WebPage
from penchant.adapters.page_place import Place, from_address, from_settings, recognise
from penchant.adapters.page_read import read_page

URL = "https://far.example/news/"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(limits=Limits(total_seconds=30.0, pause_seconds=0.0)) as made:
        yield made


def read(html: str, **selectors: str) -> Any:
    return read_page(html.encode(), html, URL, selectors, "page:far.example/news", 2e9)


def titles(html: str, **selectors: str) -> list[str]:
    return [item.title for item in read(html, **selectors).items]


MENU = "".join(f"<li><a href='/topic/{n}'>All about topic number {n}</a></li>" for n in range(12))
BLOG = f"""<title>Blog</title><header><ul class="menu">{MENU}</ul></header><div id="content" class="page-12">
  <div class="post post-1 first"><h2><a href="/a-first">The first of the posts</a></h2>
    <span class="meta">March 3, 2026</span><p>Some words. <a href="/a-first">Read more about this</a></p></div>
  <div class="post post-2"><h2><a href="../b">The second of the posts</a></h2>
    <p>Other words <a href="/x">with a link</a></p></div>
  <div class="post post-3 last"><h2><a href="https://else.example/2026/02/28/c">The third of the posts</a></h2></div>
</div><aside>{MENU}</aside><footer>{MENU}{MENU}</footer>"""
ROWS = (
    f"<tr class=row{n}><td>2026-01-{n + 10}</td><td><a href='m{n}.pdf'>Minutes of meeting {n}</a></td>"
    f"<td><a href='m{n}.txt'>Text version</a></td></tr>"
    for n in range(5)
)
TABLE = f"<table><tr><th>Minutes</th></tr>{''.join(ROWS)}</table>"


def test_a_blog_is_guessed():
    page = read(BLOG)
    assert page.title == "Blog"
    first, second, third = page.items
    assert (first.title, first.url) == ("The first of the posts", "https://far.example/a-first")
    assert first.text.startswith("March 3, 2026") and "Some words." in first.text
    assert first.published == 1772496000.0
    assert second.url == "https://far.example/b" and "Other words" in second.text
    assert third.published == 1772236800.0, "the date in the address"


def test_a_table_is_guessed():
    page = read(TABLE)
    assert [i.title for i in page.items] == [f"Minutes of meeting {n}" for n in range(5)]
    assert page.items[0].published == 1768003200.0 and page.items[0].url == "https://far.example/news/m0.pdf"


def test_a_page_whose_names_deceive_is_read_all_the_same():
    html = BLOG.replace('id="content"', 'id="with-sidebar"')
    assert len(titles(html)) == 3


def test_selectors_say_it_exactly():
    items = read(BLOG, item="div.post", title="h2", text="p", link="h2 a").items
    assert [i.title for i in items][:2] == ["The first of the posts", "The second of the posts"]
    assert items[0].text.startswith("Some words.") and items[0].published == 1772496000.0
    assert titles(BLOG, item="div.post h2 a") == [i.title for i in items]
    assert read(BLOG, item="div.post", date=".nothing").items[0].published is None
    assert titles(TABLE, item="tr", link="td:nth-child(3) a", title="td:nth-child(2)")[0] == "Minutes of meeting 0"


def test_what_cannot_be_read_says_what_to_do():
    with pytest.raises(Malformed, match=r"Nothing on the page .* fits '\.gone'"):
        read(BLOG, item=".gone")
    with pytest.raises(Malformed, match="No list of links") as failure:
        read("<div id=app></div><script>fetch()</script>")
    assert "#item=" in failure.value.hint
    with pytest.raises(BadSettings, match="no CSS selector"):
        read(BLOG, item="li[")
    with pytest.raises(Malformed, match="a feed, not a page") as failure:
        read("<?xml version='1.0'?><rss version='2.0'></rss>")
    assert f"penchant add {URL}" in failure.value.hint


def test_the_same_item_keeps_its_name_whatever_the_link_carries():
    tracked = BLOG.replace('href="/a-first"', 'href="/a-first?utm_source=front"')
    assert [i.native_id for i in read(tracked).items] == [i.native_id for i in read(BLOG).items]


TAGS = st.sampled_from(["a", "div", "li", "h2", "article", "time", "table", "td", "p", "header"])
MARKUP = st.recursive(
    st.text("ab <>&'\"=/\x00", max_size=6),
    lambda below: st.builds(
        lambda tag, inner: f"<{tag} class=x href='/{len(inner)}'>{''.join(inner)}</{tag}>",
        TAGS,
        st.lists(below, max_size=4),
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(MARKUP)
def test_any_page_is_read_or_refused_in_words(html):
    try:
        for item in read(html).items:
            assert item.url.startswith("http") and item.native_id
    except Malformed as error:
        assert error.hint


async def visit(client: Client, address: str, cursor: Any = None) -> list[Any]:
    return [page async for page in WebPage().fetch(client, {"address": address}, cursor or {})]


async def test_an_unchanged_page_costs_nothing(client, server, answers):
    def page(request: Any) -> Any:
        if request.headers.get("if-none-match") == '"1"':
            return answers.Answer(b"", 304)
        return answers.Answer(BLOG, 200, {"ETag": '"1"', "Content-Type": "text/html", "Cache-Control": "max-age=7200"})

    server.route("/news", page)
    (first,) = await visit(client, f"page:{server.url('/news')}")
    assert (len(first.items), first.title, first.interval) == (3, "Blog", 7200.0)
    (again,) = await visit(client, f"page:{server.url('/news')}", first.cursor)
    assert again.items == () and again.cursor == first.cursor
    (other,) = await visit(client, f"page:{server.url('/news')}#item=.post&title=h2", first.cursor)
    assert len(other.items) == 3, "other selectors read the page anew"


async def test_new_links_are_new_items(client, server):
    address = f"page:{server.route('/news', BLOG, headers={'Content-Type': 'text/html'})}"
    (first,) = await visit(client, address)
    fourth = '<div class="post post-4"><h2><a href="/d">The fourth of the posts</a></h2></div>'
    more = fourth + '<div class="post post-1 first">'
    server.route("/news", BLOG.replace('<div class="post post-1 first">', more, 1))
    (later,) = await visit(client, address, first.cursor)
    new = {i.native_id for i in later.items} - {i.native_id for i in first.items}
    assert len(new) == 1 and len(later.items) == 4


async def test_a_missing_page(client, server):
    with pytest.raises(NotFound):
        await visit(client, f"page:{server.url('/nothing')}")


def test_addresses():
    found = recognise("page:example.org/news#item=li.post > a&title=h2%26x")
    assert found and found.address == "page:https://example.org/news#item=li.post%20>%20a&title=h2%26x"
    assert from_settings(found.settings) == Place("https://example.org/news", {"item": "li.post > a", "title": "h2&x"})
    assert recognise(found.address) == found
    assert from_settings({"address": "page:https://x.example/", "item": ".a"}).selectors == {"item": ".a"}
    long = "page:x.example#item=" + "a" * 400
    nameless = ("page:x.example#what=.a", "page:x.example#item=", long)
    for other in ("page:", "page:javascript:x", "https://example.org/", *nameless):
        assert from_address(other) is None
    with pytest.raises(BadSettings):
        from_settings({"address": "page:"})


def test_a_recorded_page(shared_dir: Path):
    recorded = shared_dir / "recordings/lobsters/hottest_page-2026-07.html"
    if not recorded.exists():
        pytest.skip(f"no recorded page at {recorded}")
    html = recorded.read_text()
    items = read(html).items
    assert len(items) == html.count('id="story_')
    assert all(item.published and len(item.title) > 5 for item in items)
