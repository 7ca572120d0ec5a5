"""What becomes of a post or comment: media, warnings, flairs, polls, and shapes nobody promised."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Malformed
from penchant.adapters.reddit_feed import read_feed
from penchant.adapters.reddit_items import read_listing, read_thread, to_item


def item(raw: dict[str, Any]) -> Any:
    (found,) = read_listing(json.dumps({"data": {"children": [{"kind": "t3", "data": raw}]}}).encode(), "reddit").items
    return found


def test_a_link_post_leads_to_the_link_and_a_text_post_to_its_discussion(post: Any) -> None:
    link = item(post("a1"))
    assert (link.title, link.url) == ("Post a1", "https://site.example/a1")
    assert link.comments_url == "https://www.reddit.com/r/rust/comments/a1/post/"
    text = item(post("a2", is_self=True, selftext_html="<p>words</p>", edited=1_770_000_100))
    assert text.url == text.comments_url and text.text == "words" and text.updated == 1_770_000_100
    plain = item(post("a3", is_self=True, selftext="*only* <b>[Markdown](/x)</b>", edited=False))
    assert plain.text == "only <b>Markdown [1]</b>" and plain.updated is None


def test_what_was_escaped_once_more_is_not_shown_so_and_what_was_meant_so_is(post: Any) -> None:
    escaped = item(post("a1", title="A &amp; B", url="https://x.example/?a=1&amp;b=2"))
    assert (escaped.title, escaped.url) == ("A & B", "https://x.example/?a=1&b=2")
    html = "&lt;div class=&quot;md&quot;&gt;&lt;p&gt;R&amp;amp;D&lt;/p&gt;&lt;/div&gt;"
    assert item(post("a2", title="&lt;3", selftext_html=html)).text == "R&D"
    meant = item(post("a3", title="What is &amp;nbsp; and &lt;?", selftext_html="<p>R&amp;D</p>"))
    assert (meant.title, meant.text) == ("What is &amp;nbsp; and &lt;?", "R&D")


def test_a_gallery_is_several_pictures_with_their_captions(post: Any) -> None:
    picture = {"status": "valid", "e": "Image", "m": "image/jpg", "s": {"u": "https://preview.redd.it/1.jpg?a=1&s=2",
               "x": 800, "y": 600}, "p": [{"u": "https://preview.redd.it/1.jpg?width=640", "x": 640}]}  # fmt: skip
    moving = {"status": "valid", "e": "AnimatedImage", "m": "image/gif", "s": {"gif": "https://i.redd.it/2.gif"}}
    raw = post(
        "a1", url="https://www.reddit.com/gallery/a1", is_gallery=True,
        gallery_data={"items": [{"media_id": "two", "caption": "an owl"}, {"media_id": "one"}, {"media_id": "lost"}]},
        media_metadata={"one": picture, "two": moving, "lost": {"status": "failed"}},
    )  # fmt: skip
    found = item(raw)
    assert [(m.url, m.alt) for m in found.media] == [
        ("https://i.redd.it/2.gif", "an owl"), ("https://preview.redd.it/1.jpg?a=1&s=2", ""),
    ]  # fmt: skip
    one = found.media[1]
    assert (one.width, one.height, one.mime) == (800, 600, "image/jpeg") and one.preview_url.endswith("width=640")
    assert found.url == found.comments_url


def test_pictures_videos_and_previews(post: Any) -> None:
    preview = {"images": [{"source": {"url": "https://preview.redd.it/b.jpg", "width": 9, "height": 8},
               "resolutions": [{"url": "https://preview.redd.it/s.jpg"}]}]}  # fmt: skip
    picture = item(post("a1", url="https://i.redd.it/cat.png", post_hint="image", preview=preview))
    assert picture.media[0].url == picture.url == "https://i.redd.it/cat.png"
    assert (picture.media[0].width, picture.media[0].preview_url) == (9, "https://preview.redd.it/s.jpg")
    video = {"reddit_video": {"fallback_url": "https://v.redd.it/x/DASH_720.mp4", "width": 720, "height": 404}}
    film = item(post("a2", url="https://v.redd.it/x", secure_media=video, preview=preview))
    assert film.media[0].kind == "video" and film.url == film.comments_url and film.media[0].preview_url
    link = item(post("a3", preview=preview))
    assert link.media[0].url == "https://preview.redd.it/b.jpg" and link.url == "https://site.example/a3"
    inside = {"p1": {"status": "valid", "e": "Image", "s": {"u": "https://preview.redd.it/p1.png"}}}
    words = '<p><a href="https://preview.redd.it/p1.png">A graph</a></p>'
    text = item(post("a4", is_self=True, selftext_html=words, media_metadata=inside))
    assert [(m.url, m.alt) for m in text.media] == [("https://preview.redd.it/p1.png", "A graph")]


def test_warnings_flairs_and_polls(post: Any) -> None:
    raw = post("a1", over_18=True, spoiler=True, link_flair_text=":crab: Help & Advice", is_original_content=True)
    found = item(raw)
    assert found.sensitive and found.content_warning == "NSFW, Spoiler"
    assert found.tags == ("r/rust", "Help & Advice", "OC")
    rich = [{"e": "emoji", "a": ":crab:"}, {"e": "text", "t": "News "}]
    assert item(post("a2", link_flair_richtext=rich)).tags == ("r/rust", "News")
    poll = {"options": [{"text": "Yes", "vote_count": 3}, {"text": "No"}], "voting_end_timestamp": 1_770_000_000_000}
    voted = item(post("a3", poll_data=poll)).poll
    assert voted.options == (("Yes", 3), ("No", None)) and voted.closes_at == 1_770_000_000


def test_points_that_are_hidden_negative_or_absurd(post: Any, reply: Any) -> None:
    assert item(post("a1", hide_score=True)).points is None
    assert item(post("a1", score=True)).points is None and item(post("a1", score=float("inf"))).points is None
    comment = to_item(reply("c1", "t1_C0", score=-7), "t1_c1")
    assert comment is not None and comment.points == -7
    assert (comment.in_reply_to, comment.thread) == ("reddit:t1_c0", "reddit:t3_a1")


def test_an_author_who_left_is_nobody_and_the_post_stays(post: Any) -> None:
    found = item(post("a1", author="[deleted]", selftext="still here"))
    assert found.author is None and found.title


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["\ud800\x1b[2J", "http://[", "t3_a1", "https://www.reddit.com/r/x/s/abcd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = (
    "id name title author subreddit permalink url url_overridden_by_dest is_self created_utc edited score replies "
    "selftext selftext_html body body_html link_id parent_id crosspost_parent crosspost_parent_list gallery_data "
    "media_metadata secure_media media poll_data link_flair_richtext link_flair_text over_18 removed_by_category "
    "preview num_comments"
)
FIELDS = NAMES.split()


@settings(max_examples=150, deadline=None)
@given(raw=st.dictionaries(st.sampled_from(FIELDS), JSON), kind=st.sampled_from(["t1", "t3", "t5", "more"]))
def test_things_of_any_shape_are_survived(raw: dict[str, Any], kind: str) -> None:
    thing = {"kind": kind, "data": {**raw, "id": "a1"}}
    page = {"kind": "Listing", "data": {"children": [thing, raw, 5, None], "after": raw.get("name")}}
    for document in (page, [page, page], raw):
        body = json.dumps(document).encode()
        with contextlib.suppress(Malformed):
            for found in read_listing(body, "reddit").items:
                assert found.native_id == "reddit:" + found.native_id[7:] and "\x1b" not in repr(found)
                assert found.url.startswith(("http://", "https://"))
        with contextlib.suppress(Malformed):
            read_thread(body, "reddit", 10)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_feeds_with_any_words_are_survived(words: str) -> None:
    from html import escape

    page = "https://www.reddit.com/r/a/comments/abc/"
    content = f"{escape(escape(words))} submitted by /u/x {escape(words)}"
    entry = (
        f"<id>t3_abc</id><link href='{page}'/><title>{escape(words)}</title><content type='html'>{content}</content>"
    )
    body = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry>{entry}</entry></feed>".encode("utf-8", "replace")
    with contextlib.suppress(Malformed):
        for found in read_feed(body, "https://www.reddit.com/r/a/.rss", "", 1e9).items:
            assert found.native_id == "reddit:t3_abc"
