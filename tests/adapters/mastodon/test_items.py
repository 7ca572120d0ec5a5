"""What becomes of each part of a status; and that no status of any shape does harm."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Malformed
from penchant.adapters.mastodon_items import Via, convert, read_context, read_timeline, to_item

VIA = Via("https://home.example", followed=True, filter_context="home")


def one(raw: dict[str, Any], via: Via = VIA) -> Item:
    (item,) = convert([raw], via).items
    return item


def test_text_keeps_lines_links_shortcodes_and_leaves_mentions_unnumbered(make: Any) -> None:
    html = (
        '<p><span class="h-card"><a href="https://a.example/@bob" class="u-url mention">@<span>bob</span></a>'
        "</span>"
        ' :blobcat: see <a href="https://x.example/long/path" rel="nofollow"><span class="invisible">https://</span>'
        '<span class="ellipsis">x.example/long</span><span class="invisible">/path</span></a><br />'
        '<a href="https://a.example/tags/rust" class="mention hashtag" rel="tag">#<span>rust</span></a></p>'
    )
    item = one(make.status(1, content=html, tags=[{"name": "rust"}, {"name": "rust"}, {}, None]))
    assert item.text == "@bob :blobcat: see https://x.example/long/path [1]\n#rust"
    assert [link.url for link in item.links] == ["https://x.example/long/path"]
    assert item.tags == ("rust",)
    assert (item.points, item.comments, item.lang) == (5, 2, "en")
    assert item.author and item.author.key == "mastodon:home.example/@ada"


def test_pictures_keep_alt_text_blurhash_and_size(make: Any) -> None:
    picture = {
        "type": "image",
        "url": "https://cdn.example/1.png",
        "preview_url": "https://cdn.example/1s.png",
        "description": "A cat\x1b[31m\non a mat",
        "blurhash": "UeMa39jtS",
        "meta": {"original": {"width": 640, "height": 480}},
    }
    waiting = {"type": "unknown", "url": None, "remote_url": "https://far.example/2.mp3"}
    film = {"type": "gifv", "url": "https://cdn.example/3.mp4"}
    item = one(
        make.status(1, media_attachments=[picture, waiting, film, {"type": "image", "url": "javascript:x"}])
    )
    first = item.media[0]
    assert (first.alt, first.blurhash, first.width, first.height) == (
        "A cat\non a mat",
        "UeMa39jtS",
        640,
        480,
    )
    assert [(m.kind, m.url[-5:]) for m in item.media] == [
        ("image", "1.png"),
        ("file", "2.mp3"),
        ("video", "3.mp4"),
    ]


def test_warnings_and_the_readers_own_filters(make: Any) -> None:
    def filtered(action: str, context: list[str]) -> list[dict[str, Any]]:
        return [{"filter": {"title": "Spoilers", "filter_action": action, "context": context}}]

    item = one(make.status(1, spoiler_text="Food", sensitive=True, visibility="private"))
    assert (item.content_warning, item.sensitive, item.extra["visibility"]) == ("Food", True, "private")
    assert one(make.status(1, filtered=filtered("warn", ["home"]))).content_warning == "Filtered: Spoilers"
    assert convert([make.status(1, filtered=filtered("hide", ["home"]))], VIA).items == ()
    assert convert([make.status(1, filtered=filtered("hide", ["notifications"]))], VIA).items != ()


def test_polls_cards_and_quotes(make: Any) -> None:
    poll = {
        "options": [{"title": "yes", "votes_count": 3}, {"title": "no", "votes_count": None}],
        "expires_at": "2026-03-02T00:00:00Z",
        "multiple": True,
    }
    card = {
        "url": "https://x.example/a",
        "title": "A page",
        "provider_name": "X",
        "image": "https://x.example/a.png",
    }
    quoted = make.status(7, account=make.account("bob", "far.example"), content="<p>one</p><p>two</p>")
    item = one(
        make.status(
            1,
            poll=poll,
            card=card,
            quote={"state": "accepted", "quoted_status": quoted},
            content="<p>So:</p>",
        )
    )
    assert item.poll and item.poll.options == (("yes", 3), ("no", None)) and item.poll.multiple
    assert item.poll.closes_at == 1772409600.0
    assert item.extra["card"]["title"] == "A page"
    assert [link.url for link in item.links] == ["https://x.example/a", quoted["url"]]
    assert item.text.startswith("So:\n\n> @bob@far.example:\n> one")
    assert item.extra["quote"]["native_id"] == quoted["uri"]
    warned = quoted | {"spoiler_text": "Politics"}
    hidden = one(make.status(1, quote={"state": "accepted", "quoted_status": warned}))
    assert "one" not in hidden.text and "[Politics]" in hidden.text
    pending = one(make.status(1, quote={"state": "pending", "quoted_status": None}))
    assert pending.extra["quote"]["state"] == "pending" and ">" not in pending.text


def test_replies_find_their_parents(make: Any) -> None:
    ada = make.account("ada")
    parent = make.status(1, account=make.account("bob", "far.example"))
    known = make.status(2, in_reply_to_id="1001", in_reply_to_account_id="9")
    own = make.status(4, account=ada, in_reply_to_id="1003", in_reply_to_account_id=ada["id"])
    unknown = make.status(5, in_reply_to_id="55", in_reply_to_account_id="9")
    items = {item.extra["id"]: item for item in convert([unknown, own, known, parent], VIA).items}
    assert items["1002"].in_reply_to == parent["uri"] == items["1002"].thread
    assert items["1004"].in_reply_to == "https://home.example/users/ada/statuses/1003", (
        "a thread of one's own"
    )
    assert items["1005"].in_reply_to == "mastodon:home.example/statuses/55"
    assert items["1001"].in_reply_to == items["1001"].thread == ""


def test_a_chain_of_replies_has_one_root_even_when_it_bites_its_tail(make: Any) -> None:
    chain = [make.status(n, in_reply_to_id=str(999 + n), in_reply_to_account_id="9") for n in range(2, 6)]
    first = make.status(1)
    items = convert([*reversed(chain), first], VIA).items
    assert {item.thread for item in items} == {"", first["uri"]}
    ring = [make.status(1, in_reply_to_id="1002"), make.status(2, in_reply_to_id="1001")]
    assert len(convert(ring, VIA).items) == 2


def test_one_unreadable_status_costs_only_itself(make: Any) -> None:
    good = [make.status(1), make.status(2)]
    body = json.dumps([good[0], None, 7, "x", [], {}, {"id": None, "uri": 5}, good[1]]).encode()
    assert [item.extra["id"] for item in read_timeline(body, VIA).items] == ["1001", "1002"]


def test_a_status_without_a_web_address_gets_its_page_on_the_readers_server(make: Any) -> None:
    item = one(
        make.status(
            1, url=None, uri="tag:far.example,2026:objectId=5", account=make.account("bob", "far.example")
        )
    )
    assert item.native_id == "tag:far.example,2026:objectId=5"
    assert item.url == "https://home.example/@bob@far.example/1001"


def test_control_bytes_never_survive(make: Any) -> None:
    evil = "a\x1b]52;c;ZXZpbA==\x07b\x9b31mc\u202ed\x00"
    raw = make.status(
        1,
        content=f"<p>{evil}&#27;[2J</p>",
        spoiler_text=evil,
        account=make.account(display_name=evil, acct=evil),
        tags=[{"name": evil}],
        media_attachments=[{"url": "https://x.example/1", "description": evil}],
        card={"url": "https://x.example/", "title": evil, "description": evil},
        language=evil,
        visibility=evil,
        poll={"options": [{"title": evil, "votes_count": 1}]},
    )
    words = repr(one(raw)).replace("\\n", "")
    assert not any(mark in words for mark in ("\\x1b", "\\x9b", "\\x07", "\\x00", "\\u202e"))


def test_an_item_can_cross_a_process_boundary(make: Any) -> None:
    timeline = convert([make.status(1)], VIA)
    assert pickle.loads(pickle.dumps(timeline)) == timeline


def test_a_huge_status_stays_small(make: Any) -> None:
    item = one(make.status(1, content="<b>x " * 2_000_000, spoiler_text="w" * 10_000_000))
    assert len(item.text) < 400_000 and len(item.content_warning) <= 500


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "\ud800", "5", "http://[", "http:///x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of every value inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places_of(child, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    document = copy.deepcopy(document)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mutation_of_a_status_harms_nothing_but_itself(data: st.DataObject, make: Any) -> None:
    quoted = make.status(7, account=make.account("bob", "far.example"))
    full = make.status(
        1,
        in_reply_to_id="9",
        media_attachments=[
            {"type": "image", "url": "https://x.example/1", "meta": {"original": {"width": 1}}}
        ],
        tags=[{"name": "a"}],
        card={"url": "https://x.example/", "title": "t", "authors": [{"name": "n"}]},
        poll={"options": [{"title": "o", "votes_count": 1}], "expires_at": None},
        quote={"state": "accepted", "quoted_status": quoted},
        filtered=[{"filter": {"title": "f", "context": ["home"], "filter_action": "warn"}}],
    )
    raw = make.boost(2, full, make.account("cleo"))
    for _ in range(data.draw(st.integers(1, 3))):
        raw = changed(raw, data.draw(st.sampled_from(places_of(raw))), data.draw(JSON))
    neighbour = make.status(50)
    timeline = convert([raw] if isinstance(raw, dict) else [], VIA)
    both = convert([r for r in (raw, neighbour) if isinstance(r, dict)], VIA)
    assert neighbour["uri"] in {item.native_id for item in both.items}
    for item in timeline.items:
        assert item.native_id and item.url.startswith(("http://", "https://"))
        assert repr(item).encode("utf-8", "strict") and item.content_hash
        assert all(m.url.startswith("http") for m in item.media)
        assert isinstance(item.points, int | None) and isinstance(item.published, float | None)


@settings(max_examples=60, deadline=None)
@given(document=JSON)
def test_documents_of_any_shape_are_read_or_malformed(document: Any) -> None:
    body = json.dumps(document).encode()
    for read in (
        lambda: read_timeline(body, VIA),
        lambda: read_context(body, VIA, "1", "https://x.example/1"),
    ):
        try:
            read()
        except Malformed as error:
            assert error.hint


@settings(max_examples=60, deadline=None)
@given(
    raw=st.dictionaries(st.sampled_from(["id", "uri", "url", "account", "content", "reblog", "poll"]), JSON)
)
def test_to_item_never_raises(raw: dict[str, Any]) -> None:
    item = to_item(raw, VIA)
    assert item is None or item.native_id
