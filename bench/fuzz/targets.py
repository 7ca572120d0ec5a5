"""What is fuzzed: the cleaner of texts and every reader of exports, functions of bytes that raise where they fail.

A reader's input is its files in one piece, apart by `APART`; `SEEDS` are small valid ones, from which a fuzzer begins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cbor2

from penchant.adapters.contract_rules import hold, proper, strings, unsafe
from penchant.adapters.exports import KINDS, load
from penchant.adapters.exports.base import Record
from penchant.adapters.text import clean, clean_line, excerpt, html_to_text

Target = Callable[[bytes], None]
APART = b"\n\x1f\n"
_PAGE = "https://example.org/a"
_NOTE = {"id": "https://s.example/1", "type": "Note", "published": "2023-01-02T03:04:05Z", "content": "<p>An <b>owl",
         "to": ["https://www.w3.org/ns/activitystreams#Public"], "attributedTo": "https://s.example/ada"}  # fmt: skip
_TWEET = {"tweet": {"id_str": "1", "created_at": "Tue Mar 19 14:05:17 +0000 2019", "full_text": "An owl &amp; a fox",
                    "entities": {"urls": [{"url": "https://t.co/x", "expanded_url": _PAGE}]}}}  # fmt: skip
_REDDIT = "https://www.reddit.com/r/Owls/comments/abc1/an_owl/"


def _named(body: bytes) -> bytes:
    return b"\1\x71\x12\x20" + hashlib.sha256(body).digest()


def _repository() -> bytes:
    """A CAR file of one post: header, commit, record, tree, each with its length (below 128, or two bytes of it)."""
    def link(body: bytes) -> cbor2.CBORTag:
        return cbor2.CBORTag(42, b"\0" + _named(body))

    def sized(body: bytes) -> bytes:
        size = len(body)
        return (bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])) + body

    post = {"$type": "app.bsky.feed.post", "text": "An owl", "createdAt": "2024-05-06T07:08:09.000Z"}
    record = cbor2.dumps(post, canonical=True)
    entry = {"p": 0, "k": b"app.bsky.feed.post/3kaac", "v": link(record), "t": None}
    tree = cbor2.dumps({"e": [entry], "l": None}, canonical=True)
    commit = {"did": "did:plc:ada", "version": 3, "data": link(tree), "rev": "3kaaa", "sig": b"x"}
    root = cbor2.dumps(commit, canonical=True)
    header = sized(cbor2.dumps({"roots": [link(root)], "version": 1}, canonical=True))
    return header + b"".join(sized(_named(body) + body) for body in (root, record, tree))


def _js(name: str, entries: list[object]) -> str:
    return f"window.YTD.{name}.part0 = {json.dumps(entries)}"


def _listed(*entries: object) -> str:
    return json.dumps({"@context": "https://www.w3.org/ns/activitystreams", "orderedItems": list(entries)})


#: Kind of export -> its files, as their services write them.
SEEDS: dict[str, dict[str, str | bytes]] = {
    "twitter": {
        "data/tweets.js": _js("tweets", [_TWEET]),
        "data/like.js": _js("like", [{"like": {"tweetId": "2", "fullText": "a liked text"}}]),
        "data/account.js": _js("account", [{"account": {"username": "Ada", "accountId": "7"}}]),
    },
    "mastodon": {
        "outbox.json": _listed(
            {"type": "Create", "object": _NOTE}, {"type": "Announce", "object": "https://o.example/2"}
        ),
        "likes.json": _listed("https://o.example/users/bob/statuses/1"),
        "actor.json": json.dumps({"id": "https://s.example/ada", "preferredUsername": "ada", "name": "Ada"}),
    },
    "reddit": {
        "posts.csv": "id,permalink,date,ip,subreddit,gildings,title,url,body\n"
        f'abc1,{_REDDIT},2021-05-06 07:08:09 UTC,,Owls,0,An owl,,"Two\nlines"\n',
        "saved_posts.csv": f"id,permalink\nxyz9,{_REDDIT}\n",
        "post_votes.csv": f"id,permalink,direction\na1,{_REDDIT},up\n",
    },
    "bluesky": {"repo.car": _repository()},
    "instagram": {
        "liked_posts.json": json.dumps({"likes_media_likes": [{"title": "ada", "string_list_data": [
            {"href": "https://www.instagram.com/p/abcde/", "timestamp": 1600000000}]}]}),
        "posts_1.json": json.dumps([{"media": [
            {"uri": "a.jpg", "creation_timestamp": 1600000000, "title": "An owl"}]}]),
    },
    "tiktok": {"user_data.json": json.dumps({"Activity": {"Like List": {"ItemFavoriteList": [
        {"date": "2021-05-06 07:08:09", "link": "https://www.tiktokv.com/share/video/7000000000000000000/"}]}}})},
    "youtube": {
        "subscriptions.csv": "Channel Id,Channel Url,Channel Title\n"
        "UCabcdefghijklmnopqrstuv,http://www.youtube.com/channel/UCabcdefghijklmnopqrstuv,Owls\n",
        "playlists/Liked videos.csv": "Video ID,Playlist Video Creation Timestamp\n"
        "abcdefghijk,2021-05-06T07:08:09+00:00\n",
    },
    "pocket": {"list.csv": f"title,url,time_added,tags,status\nAn owl,{_PAGE},1600000000,birds|trees,unread\n"},
    "instapaper": {"list.csv": f'URL,Title,Selection,Folder,Timestamp,Tags\n{_PAGE},An owl,,Starred,1600000000,"[]"\n'},
    "raindrop": {"list.csv": "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n"
                 f'1,An owl,,,{_PAGE},Unsorted,"birds, trees",2020-09-13T12:26:40.000Z,,,false\n'},
    "readwise": {"list.csv": "Highlight,Book Title,Book Author,Amazon Book ID,Note,Color,Tags,Location Type,Location,"
                 "Highlighted at,Document tags\nAn owl,A book,Ada,,,,,,1,2020-09-13 12:26:40+00:00,\n"},
    "reader": {"list.csv": "Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen\n"
               f"An owl,{_PAGE},1,['birds'],2020-09-13 12:26:40+00:00,1,archive,True\n"},
    "starred": {"starred.json": json.dumps({"id": "user/-/state/com.google/starred", "items": [
        {"crawlTimeMsec": "1600000000000", "id": "tag:google.com,2005:reader/item/1", "title": "An owl",
         "canonical": [{"href": _PAGE}], "summary": {"content": "<p>so"}, "origin": {"title": "Owls"}}]})},
    "hackernews": {"favorites.html": "<html><title>ada's favorites | Hacker News</title><table>"
                   "<tr class='athing' id='1'><td class='title'><span class='titleline'>"
                   f"<a href='{_PAGE}'>An owl</a></span></td></tr></table>"},
    "bookmarks": {"bookmarks.html": "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p><DT><H3>Birds</H3><DL><p>"
                  f'<DT><A HREF="{_PAGE}" ADD_DATE="1600000000" TAGS="a,b">An owl</A></DL></DL>'},
    "opml": {"feeds.opml": '<opml version="2.0"><body><outline text="Birds"><outline type="rss" text="Owls"'
             f' xmlUrl="{_PAGE}"/></outline></body></opml>'},
    "newsboat": {"urls": f'{_PAGE} "tech" "~Owls"\n# a comment\n"query:x:unread = \\"yes\\""\n'},
}  # fmt: skip


class Held:
    """An archive in memory (`exports.archive.Archive`)."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.path, self.unsafe, self.damage = Path("export.zip"), 0, ""
        self._files = files

    def names(self) -> list[str]:
        return list(self._files)

    def size(self, name: str) -> int:
        return len(self._files[name])

    def stamp(self, name: str) -> str:
        return "1"

    def read(self, name: str) -> Iterator[bytes]:
        data = self._files[name]
        yield from (data[start : start + 4_096] for start in range(0, len(data), 4_096))

    def close(self) -> None:
        pass


def cleaner(data: bytes) -> None:
    """Nothing that a terminal obeys comes out, whatever goes in; cleaning what is clean changes nothing."""
    raw = _text(data)
    for found in (clean(raw), clean_line(raw), excerpt(clean(raw), 80)):
        hold(not any(map(unsafe, found)), f"what a terminal obeys was left: {found[:200]!a}")
    hold(clean(clean(raw)) == clean(raw), "cleaning twice is not cleaning once")
    hold("\n" not in clean_line(raw), "a line of several lines")
    text, links, media = html_to_text(raw, "https://example.org/")
    for _, words in strings([text, *links, *media]):
        hold(not any(map(unsafe, words)), f"what a terminal obeys was left of a page: {words[:200]!a}")
    for link in links:
        hold(link.url.startswith(("http://", "https://", "mailto:")), f"a link that is none: {link.url[:200]!a}")


def _text(data: bytes) -> str:
    """As UTF-8 with lone surrogates where that goes, else a character a byte."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def reader(kind: str, data: bytes) -> None:
    """Whatever the files hold, entries come out that are what an item must be; nothing is raised."""
    parts = data.split(APART)
    archive = Held(dict(zip(SEEDS[kind], parts, strict=False)))
    export = load(kind)
    owner = export.owner(archive)
    hold(not any(map(unsafe, owner.address + owner.title)), f"an owner that a terminal obeys: {owner!a}")
    for entry in export.read(archive):
        if isinstance(entry, Record):
            proper(entry.item)
        for _, words in strings(entry):
            hold(not any(map(unsafe, words)), f"what a terminal obeys was left: {words[:200]!a}")


def seed(kind: str) -> bytes:
    """The valid input of a reader."""
    return APART.join(part.encode() if isinstance(part, str) else part for part in SEEDS[kind].values())


TARGETS: dict[str, Target] = {"cleaner": cleaner, **{kind: partial(reader, kind) for kind in KINDS}}
