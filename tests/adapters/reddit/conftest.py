"""A small Reddit: posts in memory, served as JSON and as Atom, with and without a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs

import pytest

Raw = dict[str, Any]
ACCOUNT = "ada_l"


def make_post(own: str, **changes: Any) -> Raw:
    return {
        "id": own,
        "name": f"t3_{own}",
        "title": f"Post {own}",
        "author": "grace",
        "subreddit": "rust",
        "permalink": f"/r/rust/comments/{own}/post/",
        "url": f"https://site.example/{own}",
        "is_self": False,
        "created_utc": 1_770_000_000.0,
        "score": 10,
        "num_comments": 3,
    } | changes


def make_comment(own: str, parent: str, post: str = "t3_a1", **changes: Any) -> Raw:
    return {
        "id": own,
        "author": "grace",
        "subreddit": "rust",
        "body_html": f"<p>{own}</p>",
        "parent_id": parent,
        "link_id": post,
        "created_utc": 1_770_000_000.0,
        "score": 2,
    } | changes


def listing(things: list[Raw], after: str | None = None) -> Raw:
    children = [{"kind": "t1" if "parent_id" in t else "t3", "data": t} for t in things]
    return {"kind": "Listing", "data": {"children": children, "after": after}}


class Forum:
    """`lists` maps a path ("/r/rust/new") to its posts. `blocked`: JSON answers 403 as a web page."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.lists: dict[str, list[Raw]] = {}
        self.info: dict[str, Raw | None] = {}
        self.other: dict[str, Callable[[Any], Any]] = {}
        self.blocked = self.feeds_blocked = False
        self.page = 100
        self.headers: dict[str, str] = {}
        #: Tokens that work, and how often a new one was asked for.
        self.tokens: set[str] = set()
        self.renewed = 0
        self.refuses = False
        server.default = self._serve

    @property
    def base(self) -> str:
        return self.server.url("").rstrip("/")

    def settings(self, address: str = "reddit:r/rust/new", **more: Any) -> Raw:
        return {"address": address, "web": self.base, "api": f"{self.base}/oauth", **more}

    def asked(self) -> list[str]:
        return [r.path for r in self.server.requests]

    def _serve(self, request: Any) -> Any:
        if request.path in self.other:
            return self.other[request.path](request)
        if request.path == "/api/v1/access_token":
            return self._renew(request)
        if request.path.endswith(".rss"):
            if self.feeds_blocked:
                return self.answer(b"<html>whoa there, pardner!", 403, {"Content-Type": "text/html"})
            return self._feed(request, request.path.removesuffix(".rss").rstrip("/"))
        signed_in = request.path.startswith("/oauth")
        if signed_in and request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self.answer(b'{"message": "Unauthorized", "error": 401}', 401, {"Content-Type": "application/json"})
        if self.blocked and not signed_in:
            return self.answer(b"<html>whoa there, pardner!", 403, {"Content-Type": "text/html"})
        path = request.path.removeprefix("/oauth").removesuffix(".json")
        if path == "/api/info":
            names = request.query["id"][0].split(",")
            return self.json(listing([post for n in names if (post := self.info.get(n)) is not None]))
        return self._listing(request, path)

    def _listing(self, request: Any, path: str) -> Any:
        posts = self.lists.get(path)
        if posts is None:
            return self.answer(b'{"message": "Not Found", "error": 404}', 404, {"Content-Type": "application/json"})
        shown, after = self._part(request, posts)
        return self.json(listing(shown, after))

    def _part(self, request: Any, posts: list[Raw]) -> tuple[list[Raw], str | None]:
        names = [f"t1_{p['id']}" if "parent_id" in p else f"t3_{p['id']}" for p in posts]
        after = request.query.get("after", [""])[0]
        start = names.index(after) + 1 if after in names else 0
        end = start + min(self.page, int(request.query["limit"][0]))
        return posts[start:end], names[end - 1] if end < len(posts) else None

    def _feed(self, request: Any, path: str) -> Any:
        posts = self.lists.get(path)
        if posts is None:
            return self.answer(b"", 404)
        entries = "".join(map(entry, self._part(request, posts)[0]))
        text = f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">{entries}</feed>'
        return self.answer(text, 200, {"Content-Type": "application/atom+xml; charset=UTF-8", **self.headers})

    def _renew(self, request: Any) -> Any:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if self.refuses or form.get("refresh_token") != "lasting":
            return self.json({"error": "invalid_grant"}, 400)
        self.renewed += 1
        token = f"token-{self.renewed}"
        self.tokens = {token}
        return self.json({"access_token": token, "expires_in": 3600})

    def json(self, value: Any, status: int = 200) -> Any:
        headers = {"Content-Type": "application/json; charset=UTF-8", **self.headers}
        return self.answer(json.dumps(value).encode(), status, headers)


def entry(post: Raw) -> str:
    """A post as Reddit's own feed writes it."""
    page = f"https://www.reddit.com{post['permalink']}"
    target = page if post["is_self"] else post["url"]
    body = post.get("selftext_html", "")
    words = f"<!-- SC_OFF -->{body}<!-- SC_ON --> &#32; " if body else ""
    thumb = post.get("thumbnail", "")
    named = f'alt="{post["title"]}" title="{post["title"]}"'
    picture = f'<a href="{page}"> <img src="{thumb}" {named} /> </a>' if thumb else ""
    foot = (
        f'submitted by &#32; <a href="https://www.reddit.com/user/{post["author"]}"> /u/{post["author"]} </a> <br/> '
        f'<span><a href="{target}">[link]</a></span> &#32; <span><a href="{page}">[comments]</a></span>'
    )
    content = f"<table> <tr><td> {picture} </td><td> {words}{foot} </td></tr></table>" if picture else words + foot
    return (
        f'<entry><author><name>/u/{post["author"]}</name></author><category term="{post["subreddit"]}"/>'
        f'<content type="html">{escape(content)}</content><id>t3_{post["id"]}</id><link href="{page}"/>'
        f"<published>2026-02-02T02:40:00+00:00</published><title>{escape(post['title'])}</title></entry>"
    )


@pytest.fixture
def forum(server: Any, answers: Any) -> Forum:
    return Forum(server, answers.Answer)


@pytest.fixture
def post() -> Callable[..., Raw]:
    return make_post


@pytest.fixture
def reply() -> Callable[..., Raw]:
    return make_comment


@pytest.fixture
def wrap() -> Callable[..., Raw]:
    return listing


@pytest.fixture
def pages() -> Callable[..., Any]:
    """Collect all pages of one fetch."""
    from penchant.adapters.reddit import Reddit

    async def collect(client: Any, settings: Raw, cursor: Raw | None = None) -> list[Any]:
        kept = json.loads(json.dumps(cursor or {}))
        return [page async for page in Reddit().fetch(client, settings, kept)]

    return collect


@pytest.fixture
def signed_in() -> Raw:
    """A grant whose access token has run out; returns the settings that go with it."""
    from penchant.adapters import secrets
    from penchant.adapters.reddit_auth import token_key

    secrets.set(token_key(ACCOUNT), json.dumps({"client_id": "app", "refresh_token": "lasting"}))
    return {"account": ACCOUNT}
