"""Mastodon, Reddit, saved pages, bookmarks, lists of feeds: what each entry becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.adapters.contract_rules import proper
from penchant.adapters.exports.base import Feed, Record, Skipped

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
HOME = "https://example.social/users/ada"


def outbox(*entries: Any) -> str:
    return json.dumps({"@context": "https://www.w3.org/ns/activitystreams", "type": "OrderedCollection",
                       "totalItems": len(entries), "orderedItems": list(entries)})  # fmt: skip


def create(number: int, **more: Any) -> dict[str, Any]:
    note = {"id": f"{HOME}/statuses/{number}", "type": "Note", "published": "2023-01-02T03:04:05Z", "to": [PUBLIC],
            "url": f"https://example.social/@ada/{number}", "content": "<p>An <a href='https://example.org/x'>owl</a></p>",
            "tag": [{"type": "Hashtag", "name": "#Owls"}], "contentMap": {"en": "x"}, **more}  # fmt: skip
    return {"id": f"{HOME}/{number}/activity", "type": "Create", "published": "2023-01-02T03:04:05Z", "object": note}


def mastodon(*entries: Any) -> dict[str, str]:
    actor = {"id": HOME, "url": "https://example.social/@ada", "preferredUsername": "ada", "name": "Ada"}
    liked = ["https://other.example/users/bob/statuses/1", 7]
    return {"outbox.json": outbox(*entries), "likes.json": outbox(*liked), "actor.json": json.dumps(actor),
            "bookmarks.json": outbox("https://other.example/users/bob/statuses/2")}  # fmt: skip


def test_mastodon(made: Any, read: Any) -> None:
    uri = "https://other.example/users/bob/statuses/3"
    announce = {"type": "Announce", "published": "2023-02-02T03:04:05Z", "object": uri}
    direct = create(2, to=["https://other.example/users/bob"])
    picture = {
        "type": "Document",
        "mediaType": "image/png",
        "url": "/media_attachments/files/1/a.png",
        "name": "An owl",
    }
    reply = create(3, inReplyTo=f"{HOME}/statuses/1", attachment=[picture], summary="birds", sensitive=True)
    kind, entries = read(made.zip(mastodon(create(1), announce, direct, reply)))
    own, boost, left_out, answer, saved, liked, broken = entries
    assert kind == "mastodon"
    assert own.item.text == "An owl [1]" and own.item.tags == ("owls",) and own.item.lang == "en"
    assert own.item.author.handle == "@ada@example.social" and own.known_as == (("mastodon", own.item.native_id),)
    assert boost.acts[0].kind == "reposted" and boost.sketch and boost.acts[0].at == 1675307045.0
    assert left_out == Skipped("a direct message")
    assert answer.acts[0].kind == "replied" and answer.item.in_reply_to == own.item.native_id
    assert answer.item.content_warning == "birds" and answer.item.extra["files"] == ["media_attachments/files/1/a.png"]
    assert (saved.acts[0].kind, liked.acts[0].kind) == ("saved", "liked") and liked.acts[0].at is None
    assert isinstance(broken, Skipped)


def test_reddit(made: Any, read: Any) -> None:
    link = "https://www.reddit.com/r/Owls/comments/abc1/an_owl/"
    files = {
        "statistics.csv": "statistic,value\naccount name,ada\n",
        "posts.csv": "id,permalink,date,ip,subreddit,gildings,title,url,body\n"
        f'abc1,{link},2021-05-06 07:08:09 UTC,,Owls,0,An owl,,"Two lines\nwith <b> & a comma, here"\n',
        "comments.csv": "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"
        f"def2,{link}def2/,2021-05-06 07:08:10 UTC,,Owls,0,{link},,so it is,\n",
        "saved_posts.csv": f"id,permalink\nxyz9,{link.replace('abc1', 'xyz9')}\nbad,https://evil.example/x\n",
        "post_votes.csv": "id,permalink,direction\n"
        f"a1,{link.replace('abc1', 'a1')},up\na2,{link.replace('abc1', 'a2')},down\n",
    }
    kind, entries = read(made.zip(files))
    post, comment, saved, bad, up, down = entries
    assert kind == "reddit"
    assert post.item.title == "An owl" and post.item.text == "Two lines\nwith <b> & a comma, here"
    assert post.item.published == 1620284889.0 and post.item.author.handle == "u/ada"
    assert comment.item.in_reply_to == post.item.native_id == "reddit:t3_abc1" and comment.acts[0].kind == "replied"
    assert saved.sketch and saved.acts[0].kind == "saved" and saved.item.title == ""  # a slug is no title
    assert isinstance(bad, Skipped) and isinstance(down, Skipped) and "against" in down.why
    assert up.acts[0].kind == "liked" and up.known_as == (("reddit", "reddit:t3_a1"),)


POCKET = ("title,url,time_added,tags,status", "An owl,URL,1600000000,birds|trees,unread")
INSTAPAPER = ("URL,Title,Selection,Folder,Timestamp,Tags", 'URL,An owl,,Starred,1600000000,"[""birds""]"')
RAINDROP = (
    "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite",
    '1,An owl,,,URL,Unsorted,"birds, trees",2020-09-13T12:26:40.000Z,,,false',
)
READER = (
    "Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen",
    "An owl,URL,1,['birds'],2020-09-13 12:26:40+00:00,1,archive,True",
)


@pytest.mark.parametrize(
    ("kind", "table", "tags", "act"),
    [
        ("pocket", POCKET, ("birds", "trees"), "saved"),
        ("instapaper", INSTAPAPER, ("birds",), "liked"),
        ("raindrop", RAINDROP, ("birds", "trees", "unsorted"), "saved"),
        ("reader", READER, ("birds",), "saved"),
    ],
)
def test_saved_pages(made: Any, read: Any, kind: str, table: tuple[str, str], tags: tuple[str, ...], act: str) -> None:
    rows = [table[0], table[1].replace("URL", "https://example.org/owl"), table[1].replace("URL", "javascript:x")]
    found, (page, bad) = read(made.file("list.csv", "\ufeff" + "\r\n".join(rows)))
    assert found == kind and isinstance(bad, Skipped)
    assert (page.item.title, page.item.url, page.item.tags) == ("An owl", "https://example.org/owl", tags)
    # kept then; when it was published nobody says
    assert page.item.published is None and page.item.extra["first_seen"] == 1.6e9
    assert (page.acts[0].kind, page.acts[0].at) == (act, 1.6e9)


def test_one_page_saved_twice_is_one_item(made: Any, read: Any) -> None:
    places = ("example.org/a", "www.example.org/a/?utm_source=x")
    rows = "\n".join(f"A,https://{place},1600000000,,unread" for place in places)
    _, (first, second) = read(made.file("list.csv", "title,url,time_added,tags,status\n" + rows))
    assert first.item.native_id == second.item.native_id


def test_readwise_highlights(made: Any, read: Any) -> None:
    heads = "Highlight,Book Title,Book Author,Amazon Book ID,Note,Color,Tags,Location Type,Location,Highlighted at"
    rows = '"A long, wise passage",Owls,A. Wise,,mine,,,page,1,2020-09-13 12:26:40\n,Owls,,,,,,,,\n'
    kind, (one, none) = read(made.file("h.csv", f"{heads}\n{rows}"))
    assert kind == "readwise" and isinstance(none, Skipped)
    assert one.item.title == "Owls" and one.item.text == "A long, wise passage\n\nmine" and one.acts[0].at == 1.6e9


def test_bookmarks_of_a_browser(made: Any, read: Any) -> None:
    text = """<!DOCTYPE NETSCAPE-Bookmark-file-1><META CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE><H1>Bookmarks</H1>
<DL><p><DT><H3 PERSONAL_TOOLBAR_FOLDER="true">Bookmarks bar</H3><DL><p>
<DT><A HREF="https://example.org/owl" ADD_DATE="1600000000" TAGS="night">Owls &amp; trams</A><DD>All about them
<DT><H3>Birds</H3><DL><p><DT><A HREF="https://example.org/b">B</A></DL><p>
<DT><A HREF="javascript:alert(1)">no page</A></DL><p></DL>"""
    kind, (owl, bird, skipped) = read(made.file("bookmarks.html", text))
    assert kind == "bookmarks" and isinstance(skipped, Skipped)
    assert (owl.item.title, owl.item.text, owl.item.tags) == ("Owls & trams", "All about them", ("night",))
    assert owl.acts[0].at == 1.6e9 and bird.acts[0].at is None and bird.item.tags == ("birds",)


def test_newsboat_and_opml(made: Any, read: Any) -> None:
    urls = 'https://example.org/feed "tech" "~My blog"\n# no\n\n"query:all:unread = \\"yes\\""\nhttps://example.org/it\'s\nfile:///x\n'
    kind, entries = read(made.file("urls", urls))
    assert kind == "newsboat"
    assert [e for e in entries if isinstance(e, Feed)] == [
        Feed("https://example.org/feed", "My blog", ("tech",)), Feed("https://example.org/it's")
    ]  # fmt: skip
    assert [e.why for e in entries if isinstance(e, Skipped)] == [
        "a query feed of newsboat",
        "a line without a web address",
    ]
    outline = '<opml version="2.0"><body><outline text="B" xmlUrl="https://b.example/f"/></body></opml>'
    kind, entries = read(made.file("x.opml", outline))
    assert kind == "opml" and entries == [Feed("https://b.example/f", "B")]


def test_youtube(made: Any, read: Any) -> None:
    channel = "UC" + "x" * 22
    table = "Kanal-ID,Kanal-URL,Kanaltitel\n"
    liked = "Video ID,Playlist Video Creation Timestamp\nabcdefghijk,2020-09-13T12:26:40+00:00\n\n"
    old = "Playlist Id,Title\nPL1,Later\n\nVideo Id,Time Added\nabcdefghij_,2020-09-13 12:26:40 UTC\n"
    folder = "Takeout/YouTube and YouTube Music"
    kind, (feed, late, like) = read(
        made.zip(
            {
                f"{folder}/subscriptions/subscriptions.csv": f"{table}{channel},http://x,Owls\n",
                f"{folder}/playlists/Liked videos.csv": liked,
                f"{folder}/playlists/Later.csv": old,
            }
        )
    )
    assert kind == "youtube"
    assert feed == Feed(f"https://www.youtube.com/feeds/videos.xml?channel_id={channel}", "Owls")
    assert (like.item.url, like.acts[0].kind, like.acts[0].at) == (
        "https://www.youtube.com/watch?v=abcdefghijk",
        "liked",
        1.6e9,
    )
    assert (late.acts[0].kind, late.acts[0].at) == ("saved", 1.6e9) and late.item.title == ""


def test_every_record_is_clean(made: Any, read: Any) -> None:
    row = "\x1b[31mred\x1b[0m\u202e,https://example.org/\x1b]8;;x,1600000000,\x9b|a,unread\n"
    _, entries = read(made.file("list.csv", "title,url,time_added,tags,status\n" + row))
    for record in entries:
        if isinstance(record, Record):
            said = repr((record.item.title, record.item.url, record.item.tags))
            assert "\\x1b" not in said and "\\x9b" not in said and "\\u202e" not in said


def test_addresses_of_reddit_hold_nothing_that_a_terminal_obeys(made: Any, read: Any) -> None:
    link = "https://www.reddit.com/r/Owls/comments/abc1/an_owl/"
    head = "id,permalink,date,ip,subreddit,gildings,title,url,body\n"
    row = f"abc1,{link}\x08\x1b]0;x,2021-05-06 07:08:09 UTC,,Owls,0,An owl,http://a.example/\x07x,so\n"
    _, [post] = read(made.zip({"posts.csv": head + row, "statistics.csv": "statistic,value\n"}))
    proper(post.item)
    assert post.item.url.startswith(link) and post.item.title == "An owl"


def test_a_twitter_archive_without_its_owner_has_posts_without_author(made: Any, read: Any) -> None:
    files = made.twitter([made.tweet(1, "An owl")])
    del files["data/account.js"]
    _, [own] = read(made.zip(files))
    assert own.item.author is None and own.item.text == "An owl"
    proper(own.item)
