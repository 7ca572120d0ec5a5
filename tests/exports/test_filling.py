"""What exports lack, asked of public endpoints over a real server: only what is empty, politely, and never twice."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.http import Client, Limits
from penchant.adapters.oembed import SERVICES, page_of, read
from penchant.app import filling, importing
from penchant.app.errors import Exit
from penchant.app.filling import fill, lacking
from penchant.app.store import Store
from penchant.app.tui.articletext import blocks_of
from penchant.app.types import Article, View

HTML = (
    '<blockquote class="twitter-tweet" data-dnt="true"><p lang="en" dir="ltr">an owl &amp; a <a href="https://t.co/x">'
    'tram.example</a></p>&mdash; Bob B (@Bob) <a href="https://twitter.com/Bob/status/9">March 21</a></blockquote>\n'
)
TWEET = {"author_name": "Bob \x1b[31mB", "author_url": "https://twitter.com/Bob", "html": HTML, "type": "rich"}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(limits=Limits(total_seconds=5, pause_seconds=0), allow_private=True) as made:
        yield made


@pytest.fixture
def liked(made: Any, store: Store) -> Store:
    likes = [made.like(900, "a text of its own"), made.like(901, None)]
    importing.run(store, made.zip(made.twitter([made.tweet(7, "own")], likes)))
    return store


def item(store: Store, number: int) -> Article:
    found = store.items.by_native("export", f"twitter:{number}")
    assert found is not None
    article = store.items.article(found)
    assert article is not None
    return article


async def filled(store: Store, client: Client, base: str, most: int = 100, **more: Any) -> filling.Filled:
    return await fill(store, client, lacking(store, most)[0], pace=0.0, bases=dict.fromkeys(SERVICES, base), **more)


async def test_only_what_is_empty_is_filled(liked: Store, server: Any, client: Client) -> None:
    base = server.route("/oembed", json.dumps(TWEET))
    done = await filled(liked, client, base)
    assert (done.asked, done.filled, done.gone, done.stopped) == (2, 2, 0, [])
    asked = [request.query for request in server.requests]
    assert {query["url"][0] for query in asked} == {f"https://twitter.com/i/status/{n}" for n in (900, 901)}
    assert all(query["omit_script"] == ["1"] for query in asked)
    with_text, without = item(liked, 900), item(liked, 901)
    assert (with_text.text, with_text.card.author) == ("a text of its own", "Bob B")
    assert without.text == "an owl & a tram.example [1]" and without.links[0].url == "https://t.co/x"
    assert without.lang == "en" and "unavailable" not in without.extra
    assert liked.items.authors("@Bob") == [("https://x.com/bob", "Bob B")]
    assert [hit.item_id for hit in liked.search.search("owl").hits] == [without.card.item_id]
    assert item(liked, 7).text == "own"
    assert lacking(liked, 100) == ([], {})


async def test_what_is_gone_is_not_asked_for_again_and_the_article_says_so(
    liked: Store, server: Any, client: Client
) -> None:
    before = blocks_of(item(liked, 901), (), time.time())
    assert any("penchant import fill" in block.text and "publish.twitter.com" in block.text for block in before)
    base = server.route("/oembed", "", status=404)
    assert (await filled(liked, client, base)).gone == 2
    after = [block.text for block in blocks_of(item(liked, 901), (), time.time())]
    assert any("no longer there" in text for text in after) and not any("import fill" in text for text in after)
    assert (await filled(liked, client, base)).asked == 0 and len(server.requests) == 2


async def test_importing_again_keeps_what_was_filled_and_undo_takes_it_back(
    liked: Store, made: Any, server: Any, client: Client
) -> None:
    await filled(liked, client, server.route("/oembed", json.dumps(TWEET)))
    importing.run(liked, made.folder / "export.zip")
    assert item(liked, 901).card.author == "Bob B"
    importing.undo(liked, "twitter:ada")
    assert liked.items.ids(View.NEWEST) == []


async def test_a_server_that_asks_for_long_patience_is_left_alone_and_the_next_run_goes_on(
    liked: Store, server: Any, client: Client
) -> None:
    base = server.route("/oembed", "", status=429, headers={"Retry-After": "900"})
    done = await filled(liked, client, base)
    assert (done.asked, done.failed) == (1, 1) and len(done.stopped) == 1 and len(server.requests) == 1
    assert (await filled(liked, client, server.route("/oembed", json.dumps(TWEET)))).filled == 2


async def test_a_short_pause_is_waited_for(liked: Store, server: Any, client: Client, answers: Any) -> None:
    base = server.route("/oembed", [answers.Answer("", 429, {"Retry-After": "1"}), answers.Answer(json.dumps(TWEET))])
    assert (await filled(liked, client, base)).filled == 2 and len(server.requests) == 3


async def test_three_failures_in_a_row_are_enough(made: Any, store: Store, server: Any, client: Client) -> None:
    importing.run(store, made.zip(made.twitter([], [made.like(900 + n) for n in range(8)])))
    done = await filled(store, client, server.route("/oembed", "<html>log in</html>"))
    assert (done.asked, done.filled) == (3, 0) and "JSON" in done.stopped[0]
    assert len(lacking(store, 100)[0]) == 8


async def test_nobody_else_is_asked(liked: Store, server: Any, client: Client) -> None:
    base = server.route("/oembed", "", status=302, headers={"Location": f"http://localhost:{server.port}/elsewhere"})
    server.route("/elsewhere", json.dumps(TWEET))
    done = await filled(liked, client, base)
    assert done.filled == 0 and {request.path for request in server.requests} == {"/oembed"}
    assert done.failed == 2


async def test_a_run_that_is_cut_off_keeps_what_was_told(liked: Store, server: Any, client: Client) -> None:
    base = server.route("/oembed", json.dumps(TWEET))

    def first(done: filling.Filled) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await filled(liked, client, base, tell=first)
    assert (await filled(liked, client, base)).asked == 1


def test_only_known_addresses_are_asked_about_and_without_what_does_not_name_them() -> None:
    assert page_of("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=4") == (
        "youtube", "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    )  # fmt: skip
    assert page_of("https://www.reddit.com/r/owls/comments/abc/x/?utm=1") == (
        "reddit", "https://www.reddit.com/r/owls/comments/abc/x/",
    )  # fmt: skip
    assert page_of("https://www.tiktok.com/@/video/7000000000000") is not None
    assert page_of("https://evil.example/x.com/status/9") is None


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"html": 3, "author_name": [], "title": null}', b'{"html": "<p>"}'])
def test_answers_of_any_shape(body: bytes) -> None:
    told = read(body, "h", "https://x.com/i/status/1", SERVICES["x"])
    assert (told.title, told.text, told.author) == ("", "", None)


def test_without_consent_nobody_is_asked(cli: Any, made: Any) -> None:
    cli("import", str(made.zip(made.twitter([], [made.like(900)]))))
    cli("import", "fill", code=Exit.FAILED)
    assert "publish.twitter.com" in cli.errors and "ids of what you liked" in cli.errors
    assert "nobody was asked" in cli.errors
    cli("import", "fill", "--limit", "0", code=Exit.USAGE)
