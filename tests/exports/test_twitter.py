"""Twitter archives of every age: what each tweet becomes, and what must not be made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.exports.archive import open_archive
from penchant.adapters.exports.base import Record, Skipped
from penchant.adapters.exports.streams import Reading, elements
from penchant.adapters.exports.twitter import wrapper
from penchant.adapters.exports.twitter_tweets import moment

ID = 1_107_999_999_999_999_999


def records(read: Any, path: Path) -> list[Record]:
    return [entry for entry in read(path)[1] if isinstance(entry, Record)]


def acts(record: Record) -> list[str]:
    return [act.kind for act in record.acts]


def test_links_are_expanded_and_pictures_taken_out_of_the_text(made: Any, read: Any) -> None:
    url = {"url": "https://t.co/a", "expanded_url": "https://example.org/x", "display_url": "example.org/x"}
    entities = {"urls": [url], "hashtags": [{"text": "Owls"}]}
    photo = {"url": "https://t.co/b", "media_url_https": "https://pbs.twimg.com/media/p.jpg", "type": "photo"}
    text = "Owls &amp; trams https://t.co/a https://t.co/b"
    files = made.twitter([made.tweet(ID, text, entities=entities, extended_entities={"media": [photo]})])
    files[f"data/tweets_media/{ID}-p.jpg"] = b"\xff\xd8"
    (record,) = records(read, made.zip(files))
    item = record.item
    assert item.text == "Owls & trams example.org/x [1]" and item.links[0].url == "https://example.org/x"
    assert item.media[0].url == "https://pbs.twimg.com/media/p.jpg" and item.tags == ("owls",)
    assert item.extra["files"] == [f"data/tweets_media/{ID}-p.jpg"]
    assert item.author is not None and (item.author.name, item.author.handle) == ("Ada L", "@Ada")
    assert item.url == f"https://x.com/Ada/status/{ID}" and item.published == 1553004317.0 and item.points == 3
    assert acts(record) == ["authored"] and record.acts[0].at == item.published


def test_replies_and_quotes_join_inside_the_archive_and_the_rest_is_said_to_be_missing(made: Any, read: Any) -> None:
    url = {"url": "https://t.co/q", "expanded_url": f"https://twitter.com/bob/status/{ID + 9}", "display_url": "x"}
    own = made.tweet(ID, "first")
    inside = made.tweet(ID + 1, "second", in_reply_to_status_id_str=str(ID), in_reply_to_screen_name="Ada")
    outside = made.tweet(ID + 2, "third", in_reply_to_status_id_str="55", in_reply_to_screen_name="bob")
    quote = made.tweet(ID + 3, "look https://t.co/q", entities={"urls": [url]})
    found = records(read, made.zip(made.twitter([inside, own, outside, quote])))
    by = {r.item.native_id: r for r in found}
    second, third, fourth = (by[f"twitter:{ID + n}"] for n in (1, 2, 3))
    assert second.item.in_reply_to == f"twitter:{ID}" and not second.unavailable and acts(second) == ["replied"]
    assert third.unavailable == 1 and third.item.extra["unavailable"] == ["https://x.com/bob/status/55"]
    assert acts(fourth) == ["quoted"] and fourth.item.extra["unavailable"] == [f"https://x.com/bob/status/{ID + 9}"]


def test_a_retweet_is_told_by_its_text(made: Any, read: Any) -> None:
    mention = {"user_mentions": [{"screen_name": "Bob", "name": "Bob B"}]}
    files = made.twitter([made.tweet(ID, "RT @bob: something said at leng…", entities=mention)])
    (record,) = records(read, made.zip(files))
    assert acts(record) == ["reposted"] and record.item.text == "something said at leng…"
    assert record.item.author is not None and record.item.author.name == "Bob B"
    assert record.item.sightings[0].by is not None and record.item.sightings[0].by.handle == "@Ada"
    assert record.unavailable == 1  # it is cut, and nobody makes up the rest


def test_likes_have_no_author_and_no_time(made: Any, read: Any) -> None:
    files = made.twitter([], [made.like(ID, "an owl &lt;3"), made.like(20, None), {"like": {"fullText": "no id"}}])
    _, entries = read(made.zip(files))
    owl, bare, nameless = entries
    assert owl.item.text == "an owl <3" and owl.item.author is None and owl.acts[0].at is None and owl.sketch
    assert owl.item.published == moment(str(ID))  # when it was posted, which its id says
    assert bare.item.published is None and bare.item.text == "" and bare.unavailable == 1
    assert nameless == Skipped("a like without the id of its tweet")


def test_bookmarks_are_saved(made: Any, read: Any) -> None:
    bookmark = {"bookmark": {"tweetId": "6", "fullText": "kept", "bookmarkedAt": "2025-06-03T21:00:00.000Z"}}
    (record,) = records(read, made.zip({"data/bookmark.js": made.js("bookmark", [bookmark])}))
    assert acts(record) == ["saved"] and record.acts[0].at == 1748984400.0


def test_a_long_post_gets_its_whole_text(made: Any, read: Any) -> None:
    whole = "Now a long thought begins here and goes on for very many words. " * 9
    note = {"noteTweet": {"noteTweetId": "1", "createdAt": "2019-03-19T14:05:17.000Z", "core": {"text": whole}}}
    other = {"noteTweet": {"noteTweetId": "2", "createdAt": "2019-03-19T14:05:17.000Z", "core": {"text": "Another"}}}
    cut = made.tweet(ID, whole[:250] + "… https://t.co/more")
    short = made.tweet(ID + 1, "short as it is")
    files = made.twitter([cut, short], note_tweet=made.js("note_tweet", [other, note]))
    first, second = records(read, made.zip(files))
    assert first.item.text == whole.strip() and second.item.text == "short as it is"


BARE = {"id_str": "30", "created_at": "Tue Mar 19 14:05:17 +0000 2019", "full_text": "old"}
MONTHLY = {"id_str": "30", "created_at": "2019-03-19 14:05:17 +0000", "text": "old", "user": {"screen_name": "ada"}}


@pytest.mark.parametrize(
    ("name", "wrapped", "entry"),
    [
        ("tweet.js", "window.YTD.tweet.part0", BARE),
        ("data/js/tweets/2013_05.js", "Grailbird.data.tweets_2013_05", MONTHLY),
    ],
)
def test_archives_from_before_2019(made: Any, read: Any, name: str, wrapped: str, entry: dict[str, Any]) -> None:
    (record,) = records(read, made.zip({name: f"{wrapped} = {json.dumps([entry])}"}))
    assert record.item.text == "old" and record.item.published == 1553004317.0


def test_parts_are_read_in_their_order(made: Any, read: Any) -> None:
    files = {f"data/tweets-part{n}.js": made.js("tweets", [made.tweet(n + 40, f"part {n}")], n) for n in (10, 2, 1)}
    files["data/tweets.js"] = made.js("tweets", [made.tweet(40, "part 0")])
    assert [r.item.text for r in records(read, made.zip(files))] == ["part 0", "part 1", "part 2", "part 10"]


def test_control_bytes_do_not_come_through(made: Any, read: Any) -> None:
    (record,) = records(read, made.zip(made.twitter([made.tweet(ID, "red \x1b[31mtext\x9b \u202eback")])))
    assert record.item.text == "red text back"


def test_the_recordings(shared_dir: Path) -> None:
    folder = shared_dir / "recordings" / "twitter-export"
    for fact in json.loads((folder / "expected.json").read_text())["facts"]:
        path = folder / fact["file"]
        archive = open_archive(path)
        if "wrapper" in fact:
            assert wrapper(archive, path.name) == fact["wrapper"].removeprefix("window.")
            assert len(list(elements(archive, path.name, Reading()))) == fact["records"]


def test_statuses_as_the_api_gave_them(shared_dir: Path, read: Any) -> None:
    folder = shared_dir / "recordings" / "twitter-export"
    fact = next(f for f in json.loads((folder / "expected.json").read_text())["facts"] if "ids" in f)
    found = records(read, folder / fact["file"])
    assert len(found) == fact["api_statuses"]
    assert sum(acts(r) == ["reposted"] for r in found) == fact["retweets"]
    assert sum("quotes" in r.item.extra for r in found) == fact["quotes"]
    names = {r.item.native_id for r in found if acts(r) != ["reposted"]}
    assert names == {f"twitter:{n}" for n in fact["ids"][1:]}
    (whole,) = [r for r in found if acts(r) == ["reposted"]]
    assert whole.item.native_id == "twitter:1169242008432644097" and "scale up" in whole.item.text
