"""Lemmy and PieFed: walking, both APIs, cross-posts, deletions, discussions, sign-in, shapes nobody promised."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters import secrets
from penchant.adapters.base import BadSettings, Malformed, NotAuthorized, NotFound, RateLimited, ServerFailure
from penchant.adapters.forum_markdown import cross_post, to_html
from penchant.adapters.lemmy import Lemmy
from penchant.adapters.lemmy_api import NeedsCode, sign_in, token_key
from penchant.adapters.lemmy_items import Via, read_comments, read_listing
from penchant.adapters.lemmy_place import from_address, recognise

VIA = Via("https://home.example")
JSON_TYPE = {"Content-Type": "application/json"}


def view(number: int, **changes: Any) -> dict[str, Any]:
    """A post as Lemmy 0.19 shows it; some changes are not of the post itself."""
    around = {key: changes.pop(key) for key in ("creator", "community", "counts", "image_details") if key in changes}
    post = {
        "id": number,
        "name": f"Post {number}",
        "ap_id": f"https://far.example/post/{number}",
        "url": f"https://site.example/{number}",
        "published": f"2026-03-01T{number % 24:02d}:00:00.123456Z",
        "nsfw": False,
        "removed": False,
        "deleted": False,
        "featured_community": False,
        "featured_local": False,
    } | changes
    return {
        "post": {key: value for key, value in post.items() if value is not None},
        "creator": {"name": "ada", "display_name": "Ada L", "actor_id": "https://far.example/u/ada"},
        "community": {"name": "news", "actor_id": "https://far.example/c/news", "nsfw": False},
        "counts": {"score": 5, "comments": 2},
    } | around


class Instance:
    """A server: `posts` newest first; `software` is "lemmy", "old" (pages by number) or "piefed"."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.posts: list[dict[str, Any]] = []
        self.fates: dict[str, Any] = {}
        self.software, self.size, self.token = "lemmy", 50, ""
        self.other: dict[str, Callable[[Any], Any]] = {}
        server.default = self._serve

    def where(self, address: str = "!news@far.example", **more: Any) -> dict[str, Any]:
        return {"address": address, "web": self.server.url("").rstrip("/"), **more}

    def json(self, value: Any, status: int = 200) -> Any:
        return self.answer(json.dumps(value).encode(), status, JSON_TYPE)

    def _serve(self, request: Any) -> Any:
        root = "/api/alpha" if self.software == "piefed" else "/api/v3"
        if not request.path.startswith(root):
            return self.answer(b"<html>404", 404, {"Content-Type": "text/html"})
        path = request.path.removeprefix(root)
        if path in self.other:
            return self.other[path](request)
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return self.json({"error": "not_logged_in"}, 401)
        if path == "/post":
            return self.fates.get(request.query["id"][0], self.json({"error": "couldnt_find_post"}, 404))
        return self._page(request)

    def _page(self, request: Any) -> Any:
        cursor, page = request.query.get("page_cursor", [""])[0], int(request.query.get("page", ["1"])[0])
        start = int(cursor) if cursor else (page - 1) * self.size
        shown, more = self.posts[start : start + self.size], start + self.size < len(self.posts)
        following = str(page + 1) if self.software == "piefed" else str(start + self.size)
        named = {"next_page": following if more else None} if self.software != "old" else {}
        return self.json({"posts": shown, **named})


@pytest.fixture
def instance(server: Any, answers: Any) -> Instance:
    return Instance(server, answers.Answer)


def natives(pages: list[Any]) -> list[str]:
    return [item.native_id for page in pages for item in page.items]


async def read(client: Any, given: dict[str, Any], cursor: Any = None) -> list[Any]:
    return [page async for page in Lemmy().fetch(client, given, json.loads(json.dumps(cursor or {})))]


def item(raw: dict[str, Any], base: str = "https://home.example") -> Any:
    (found,) = read_listing(json.dumps({"posts": [raw]}).encode(), Via(base)).items
    return found


@pytest.mark.parametrize("software", ["lemmy", "old", "piefed"])
async def test_every_kind_of_server_is_walked_without_a_gap(instance: Any, client: Any, software: str) -> None:
    instance.software = software
    instance.posts = [view(n) for n in range(130, 0, -1)]
    first = await read(client, instance.where(limit=120))
    assert natives(first)[:100] == [f"https://far.example/post/{n}" for n in range(130, 30, -1)]
    assert first[0].title == "!news@far.example" and first[0].total == 120
    instance.posts = [view(n) for n in range(400, 0, -1)]
    before = len(instance.server.requests)
    later = await read(client, instance.where(limit=120), first[-1].cursor)
    assert set(natives(later)) >= {f"https://far.example/post/{n}" for n in range(400, 130, -1)}
    assert all(r.path.startswith("/api/alpha" if software == "piefed" else "/api/v3") for r in
               instance.server.requests[before:]), "which API it is was remembered"  # fmt: skip


async def test_what_is_asked_for(instance: Any, client: Any) -> None:
    instance.posts = [view(1)]
    await read(client, instance.where())
    await read(client, instance.where(limit=7))
    assert instance.server.requests[-1].query["limit"] == ["7"]
    query = instance.server.requests[-2].query
    assert query["community_name"] == ["news@far.example"] and query["sort"] == ["New"] and query["limit"] == ["50"]
    await read(client, instance.where("lemmy:far.example/local/top/week", nsfw=True))
    query = instance.server.requests[-1].query
    assert (query["type_"], query["sort"], query["show_nsfw"]) == (["Local"], ["TopWeek"], ["true"])


@pytest.mark.parametrize("software", ["lemmy", "piefed"])
async def test_a_persons_posts_are_paged_by_number(instance: Any, client: Any, software: str) -> None:
    instance.software = software
    posts = [view(n) for n in range(120, 0, -1)]

    def person(request: Any) -> Any:
        assert request.query["username"] == ["ada"] and ("include_content" in request.query) == (software == "piefed")
        start = (int(request.query.get("page", ["1"])[0]) - 1) * 50
        return instance.json({"posts": posts[start : start + 50], "comments": []})

    instance.other["/user"] = person
    got = await read(client, instance.where(f"{software}:far.example/u/ada", limit=120))
    assert len(natives(got)) == 120 and got[0].items[0].sightings[0].by.name == "Ada L"
    await read(client, instance.where(f"{software}:far.example/all/comments"))
    order = instance.server.requests[-1].query["sort"]
    assert order == ["Active" if software == "piefed" else "NewComments"]


def test_a_post_with_everything() -> None:
    raw = view(
        7, body="See [this](https://x.example/) & `code`\n\n::: spoiler The end\nthey _met_\n:::\n\n<b>no HTML</b>",
        url="https://pics.example/owl.jpg", alt_text="An owl", thumbnail_url="https://far.example/t.webp", nsfw=True,
        url_content_type="image/jpeg", updated="2026-03-02T00:00:00Z", embed_title="Owls", embed_description="Of owls",
        image_details={"width": 800, "height": 600}, counts={"score": -3, "comments": 9},
    )  # fmt: skip
    found = item(raw)
    assert found.text == "See this [1] & code\n\nThe end\n\nthey met\n\n<b>no HTML</b>"
    (picture,) = found.media
    assert (picture.url, picture.alt, picture.width, picture.preview_url, picture.mime) == (
        "https://pics.example/owl.jpg", "An owl", 800, "https://far.example/t.webp", "image/jpeg",
    )  # fmt: skip
    assert (found.points, found.comments, found.sensitive, found.content_warning) == (-3, 9, True, "NSFW")
    assert found.comments_url == found.native_id == "https://far.example/post/7" and found.updated
    assert (found.author.key, found.author.handle) == ("lemmy:far.example/u/ada", "@ada@far.example")
    assert found.tags == ("!news@far.example",) and found.extra["card"]["description"] == "Of owls"
    link = item(view(8, thumbnail_url="https://far.example/t.webp"))
    assert link.url == "https://site.example/8" and link.media[0].url == "https://far.example/t.webp"
    text = item(view(9, url=None, body="![a tram](https://pics.example/tram.png)"))
    assert text.url == text.comments_url and [(m.url, m.alt) for m in text.media] == [
        ("https://pics.example/tram.png", "a tram")
    ]
    assert item(view(10, url="https://v.example/a.mp4")).media[0].kind == "video"
    assert item(view(11, community={"name": "x", "actor_id": "https://far.example/c/x", "nsfw": True})).sensitive


def test_what_piefed_names_otherwise() -> None:
    raw = view(
        7, name=None, title="A poll", flair=[{"flair_title": "Serious"}], tags=[{"name": "trams"}],
        poll={"choices": [{"choice_text": "Yes", "num_votes": 4}], "end_poll": "2026-04-01T00:00:00Z", "mode": ""},
        creator={"user_name": "grace", "title": "Grace H", "actor_id": "https://pie.example/u/grace"},
    )  # fmt: skip
    found = item(raw)
    assert found.title == "A poll" and found.tags == ("!news@far.example", "Serious", "trams")
    assert found.poll.options == (("Yes", 4),) and found.author.name == "Grace H"


def test_a_cross_post_beside_its_original_is_the_original_once_more() -> None:
    by_eve = {"name": "eve", "actor_id": "https://far.example/u/eve"}
    other = {"name": "tech", "actor_id": "https://far.example/c/tech"}
    original = view(1, url=None, body="Some words of my own")
    quoted = "cross-posted from: https://far.example/post/1\n\n> Some words of my own"
    copy = view(5, name="Post 1", url=None, body=quoted, creator=by_eve, community=other)
    page = read_listing(json.dumps({"posts": [copy, original]}).encode(), VIA)
    (found,) = page.items
    assert found.native_id.endswith("/1") and [s.how for s in found.sightings] == ["list", "boost"]
    assert found.sightings[1].by.name == "eve" and found.links[-1].url == "https://far.example/post/5"
    assert page.entries == (("5", ""), ("1", "https://far.example/post/1"))
    alone = read_listing(json.dumps({"posts": [copy]}).encode(), VIA)
    assert alone.items[0].text == "Some words of my own", "so that the archive joins it with the original"
    assert read_listing(json.dumps({"posts": [copy]}).encode(), VIA, dict(page.crossed)).items == ()
    twins = [view(3, url="https://x.example/a", name="Same"), view(2, url="https://x.example/a", name="Same")]
    assert len(read_listing(json.dumps({"posts": twins}).encode(), VIA).items) == 1
    pie = [
        view(3, cross_posts=[{"post_id": 2}], published="2026-03-02T00:00:00Z"),
        view(2, cross_posts=[{"post_id": 3}]),
    ]
    assert [i.native_id[-1] for i in read_listing(json.dumps({"posts": pie}).encode(), VIA).items] == ["2"]


@pytest.mark.parametrize(
    ("body", "origin", "words"),
    [
        ("cross-posted from: https://a.example/post/1\n\n> one\n> \n> two", "https://a.example/post/1", "one\n\ntwo"),
        (
            "Cross-posted from [A title](https://a.example/post/1)\nmine\n> quoted",
            "https://a.example/post/1",
            "mine\n> quoted",
        ),
        ("cross-posted from: https://a.example/post/1", "https://a.example/post/1", ""),
        ("I cross-posted from: https://a.example/post/1", "", "I cross-posted from: https://a.example/post/1"),
    ],
)
def test_how_a_cross_post_says_so(body: str, origin: str, words: str) -> None:
    assert cross_post(body) == (origin, words)


async def test_deleted_posts_are_found_and_unlisted_ones_stay(instance: Any, client: Any) -> None:
    instance.posts = [view(n) for n in range(6, 0, -1)]
    cursor = (await read(client, instance.where()))[-1].cursor
    instance.posts = [view(6), view(5, deleted=True), view(1)]
    instance.fates = {
        "4": instance.json({"post_view": view(4, removed=True)}),
        "3": instance.json({"post_view": view(3)}),
    }
    got = await read(client, instance.where(), cursor)
    deleted = {name for page in got for name in page.deleted}
    assert deleted == {f"https://far.example/post/{n}" for n in (5, 4, 2)}
    assert not any(p.deleted for p in await read(client, instance.where(), got[-1].cursor)), "said once"


async def test_what_is_pinned_on_top_does_not_end_a_walk(instance: Any, client: Any) -> None:
    pinned = view(1000, featured_community=True)
    instance.posts = [pinned, *(view(n) for n in range(40, 0, -1))]
    cursor = (await read(client, instance.where(limit=40)))[-1].cursor
    instance.posts = [pinned, *(view(n) for n in range(140, 0, -1))]
    assert set(natives(await read(client, instance.where(), cursor))) >= {
        f"https://far.example/post/{n}" for n in range(140, 40, -1)
    }


@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (404, "couldnt_find_community", NotFound),
        (400, "couldnt_find_community", NotFound),
        (400, "No row was found when one was required", NotFound),
        (400, "rate_limit_error", RateLimited),
        (400, "instance_is_private", NotAuthorized),
        (401, "not_logged_in", NotAuthorized),
        (400, "strange", BadSettings),
    ],
)
async def test_refusals_are_explained(instance: Any, client: Any, status: int, word: str, error: Any) -> None:
    instance.other["/post/list"] = lambda _: instance.json({"error": word}, status)
    with pytest.raises(error, match=word):
        await read(client, instance.where())
    assert len(instance.server.requests) == 1


async def test_other_failures(instance: Any, client: Any) -> None:
    instance.software = "neither"
    instance.server.default = lambda r: instance.answer(b"<html>404", 404)
    with pytest.raises(NotFound, match="no Lemmy or PieFed server"):
        await read(client, instance.where())
    for answer, error in (
        (instance.answer(b"", 429, {"Retry-After": "9"}), RateLimited),
        (instance.answer(b"", 502), ServerFailure),
        (instance.answer(b'{"posts": [', 200), Malformed),
        (instance.answer(b"[]", 200), Malformed),
    ):
        instance.server.default = lambda r, answer=answer: answer
        with pytest.raises(error):
            await read(client, instance.where())
    for bad in ({}, {"address": "lemmy:!!"}, {"address": "https://youtube.com/c/x"}):
        with pytest.raises(BadSettings):
            await read(client, bad)


async def test_nothing_new_costs_no_reading(instance: Any, client: Any) -> None:
    instance.other["/post/list"] = lambda r: (
        instance.answer(b"", 304)
        if r.headers.get("if-none-match")
        else instance.answer(json.dumps({"posts": [view(1)]}).encode(), 200, {"ETag": '"x"'})
    )
    cursor = (await read(client, instance.where()))[-1].cursor
    (page,) = await read(client, instance.where(), cursor)
    assert page.items == () and page.cursor["seen"]


def reply(number: int, path: str, **changes: Any) -> dict[str, Any]:
    comment = {
        "id": number,
        "path": path,
        "content": f"**c{number}**",
        "ap_id": f"https://far.example/comment/{number}",
    }
    return {"comment": comment | changes, "creator": {"name": "bo"}, "counts": {"score": 1}}


async def test_comments_know_what_they_answer(instance: Any, client: Any) -> None:
    replies = [reply(12, "0.12"), reply(34, "0.12.34"), reply(5, "0.99.5"), reply(6, "0.6", deleted=True)]
    asked: list[str] = []
    instance.other["/comment/list"] = lambda r: (
        asked.append(r.query["post_id"][0]) or instance.json({"comments": replies})
    )
    extra = {"id": "777", "instance": instance.server.url("").split("//")[1].strip("/")}
    page = await Lemmy().thread(client, instance.where(), "https://far.example/post/7", extra)
    assert asked == ["777"], "the number that this server gives the post"
    post = "https://far.example/post/7"
    assert [(i.native_id[-2:], i.in_reply_to, i.text) for i in page.items] == [
        ("12", post, "c12"), ("34", "https://far.example/comment/12", "c34"), ("/5", post, "c5"),
    ]  # fmt: skip
    instance.software = "piefed"
    assert len((await Lemmy().thread(client, instance.where(), post, extra)).items) == 3


async def test_a_thread_elsewhere_never_reaches_into_a_private_network(instance: Any, client: Any) -> None:
    instance.other["/comment/list"] = lambda _: instance.json({"comments": []})
    home = {"address": "!news@far.example", "web": "http://127.0.0.1:9"}
    with pytest.raises(Exception, match=r"private|refus"):
        await Lemmy().thread(client, home, instance.server.url("/post/5"))
    assert not instance.server.requests
    with pytest.raises(NotFound):
        await Lemmy().thread(client, instance.where(), "hn:1")


async def test_a_token_is_sent_and_a_refused_one_asks_to_sign_in(instance: Any, client: Any) -> None:
    instance.posts, instance.token = [view(1)], "good"
    given = instance.where("lemmy:ada@far.example/subscribed")
    with pytest.raises(NotAuthorized, match="not signed in") as missing:
        await read(client, given)
    assert "penchant lemmy login" in missing.value.hint and not instance.server.requests
    secrets.set(token_key("ada@far.example"), "good")
    assert len(natives(await read(client, given))) == 1
    alone = instance.where("lemmy:far.example/subscribed")
    assert len(natives(await read(client, alone))) == 1, "the only account there is meant"
    instance.token = "another"
    with pytest.raises(NotAuthorized, match="refused the sign-in of ada@"):
        await read(client, given)
    with pytest.raises(NotAuthorized, match="owner"):
        await read(client, instance.where("lemmy:near.example/subscribed"))


@pytest.mark.parametrize("software", ["lemmy", "piefed"])
async def test_signing_in_keeps_the_token_and_not_the_password(instance: Any, client: Any, software: str) -> None:
    instance.software = software

    def login(request: Any) -> Any:
        form = json.loads(request.body)
        if form["password"] != "right":
            return instance.json({"error": "incorrect_login"}, 401)
        if software == "lemmy" and form.get("totp_2fa_token") != "123456":
            return instance.json({"error": "missing_totp_token"}, 400)
        return instance.json({"jwt": "good"})

    instance.other["/user/login"] = login
    base = instance.server.url("").rstrip("/")
    with pytest.raises(NotAuthorized, match="incorrect_login"):
        await sign_in(client, "far.example", "ada", "wrong", base=base)
    if software == "lemmy":
        with pytest.raises(NeedsCode):
            await sign_in(client, "far.example", "ada", "right", base=base)
    assert await sign_in(client, "far.example", "ada", "right", "123456", base=base) == "ada@far.example"
    assert secrets.get(token_key("ada@far.example")) == "good"
    assert "right" not in str([secrets.get(name) for name in secrets.names()])


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("!technology@lemmy.world", "lemmy:lemmy.world/c/technology"),
        ("https://lemmy.world/c/technology", "lemmy:lemmy.world/c/technology"),
        ("https://lemmy.world/c/rust@programming.dev", "lemmy:lemmy.world/c/rust@programming.dev"),
        ("lemmy:home.example/c/rust@programming.dev/hot", "lemmy:home.example/c/rust@programming.dev/hot"),
        ("lemmy:home.example", "lemmy:home.example/all"),
        ("lemmy:home.example/local/top", "lemmy:home.example/local/top/day"),
        ("lemmy:ada@home.example/subscribed", "lemmy:ada@home.example/subscribed"),
        ("lemmy:http://127.0.0.1:8536/all", "lemmy:http://127.0.0.1:8536/all"),
        ("https://piefed.social/c/piefed_meta", "piefed:piefed.social/c/piefed_meta"),
        ("piefed:pie.example/all", "piefed:pie.example/all"),
        ("https://lemmy.ml/u/ada", "lemmy:lemmy.ml/u/ada"),
        ("https://beehaw.org/", "lemmy:beehaw.org/all"),
        ("https://www.youtube.com/c/somebody", None),
        ("https://forum.example/c/category", None),
        ("@ada@lemmy.world", None),
        ("lemmy:home.example/nonsense", None),
        ("!x@", None),
    ],
)
def test_addresses(typed: str, address: str | None) -> None:
    found = recognise(typed)
    assert (found.address if found else None) == address
    if found:
        assert from_address(found.address) == from_address(typed)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_typed_address_raises(typed: str) -> None:
    for address in (
        typed,
        f"lemmy:{typed}",
        f"!{typed}@a.example",
        f"https://lemmy.world/{typed}",
        f"lemmy:a.b/{typed}",
    ):
        found = Lemmy().recognise(address)
        assert found is None or from_address(found.address) is not None


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="[](){}<>*_`~#|!:>-\n\t ax&;\\", max_size=300))
def test_markdown_of_any_shape_is_survived(words: str) -> None:
    assert "<script" not in to_html(words)
    cross_post(words)


def test_a_text_of_nothing_but_brackets_is_shown_as_it_is() -> None:
    assert item(view(1, body="![" * 30_000)).text == "![" * 30_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["\ud800\x1b[2J", "http://[", "0.1.2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = "name title body url ap_id published updated alt_text thumbnail_url cross_posts flair poll nsfw content path"


@settings(max_examples=100, deadline=None)
@given(post=st.dictionaries(st.sampled_from(FIELDS.split()), JSON), around=JSON)
def test_posts_of_any_shape_are_survived(post: dict[str, Any], around: Any) -> None:
    raw = {
        "post": {**post, "id": 1},
        "comment": {**post, "id": 2},
        "creator": around,
        "community": around,
        "counts": around,
    }
    body = json.dumps({"posts": [raw, around], "comments": [raw, around], "next_page": around}).encode()
    with contextlib.suppress(Malformed):
        for found in (*read_listing(body, VIA).items, *read_comments(body, VIA, "p", 10)):
            assert found.url.startswith(("http://", "https://")) and "\x1b" not in repr(found)


async def test_a_cursor_stays_small_whatever_a_server_calls_its_posts(instance: Any, client: Any) -> None:
    instance.posts = [view(n, ap_id=f"https://far.example/{'x' * 3000}/{n}") for n in range(50, 0, -1)]
    cursor = (await read(client, instance.where()))[-1].cursor
    assert 0 < len(json.dumps(cursor)) < 100_000 and cursor["seen"]
