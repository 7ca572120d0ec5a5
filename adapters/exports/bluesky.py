"""A Bluesky account's repository (the .car file that the app exports): posts, likes, reposts.

Records hang in a tree whose nodes hold the paths ("app.bsky.feed.like/3k..."); a post knows neither its own address
nor who wrote it, so the tree is read first. https://atproto.com/specs/repository
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Author, Item, Link, Media
from penchant.adapters.bluesky_items import POST
from penchant.adapters.bluesky_text import read_text
from penchant.adapters.text import clean_line, parse_date

from . import car
from .archive import Archive
from .base import Act, ActKind, Broken, Entry, Owner, Record, Skipped
from .files import base_name, named, whole
from .inside import inside
from .streams import Reading

_WEB = "https://bsky.app"
_DID = re.compile(r"did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,200}")
_POINTERS: dict[str, ActKind] = {
    "app.bsky.feed.like": "liked", "app.bsky.feed.repost": "reposted", "app.bsky.bookmark": "saved",
}  # fmt: skip
#: A repository of a million records takes so many megabytes of paths; more is not read.
MOST_PATHS = 2_000_000


class Bluesky:
    """Own posts whole; liked and reposted ones by their address, since a repository holds one person's records."""

    kind: ClassVar[str] = "bluesky"

    def members(self, archive: Archive) -> list[str]:
        return [name for name in named(archive, r".+\.car") if b"roots" in next(archive.read(name), b"")[:200]]

    def owner(self, archive: Archive) -> Owner:
        for name in self.members(archive):
            if did := _whose(archive, name):
                return Owner(f"bluesky:{did}", f"Bluesky repository {did}")
        return Owner("bluesky", "Bluesky repository")

    def read(self, archive: Archive) -> Iterator[Entry]:
        yield from whole(archive, self.members(archive), _file)


def _whose(archive: Archive, name: str) -> str:
    """The DID in the commit, which servers write first; "" where there is none near the beginning."""
    try:
        for _, body in islice(car.blocks(archive, name), 100):
            commit = wire.record(car.decoded(body)) if b"did" in body else {}
            did = wire.text(commit.get("did"), 250)
            if "data" in commit and _DID.fullmatch(did):
                return did
    except Broken:
        pass
    return ""


def _file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
    did, blobs = _whose(archive, name), _blobs(archive)
    paths: dict[bytes, str] = {}
    for _, body in car.blocks(archive, name):
        if _is_node(body) and len(paths) < MOST_PATHS:
            paths |= _paths(car.decoded(body))
    for cid, body in car.blocks(archive, name):
        path = paths.get(cid, "")
        collection, _, key = path.partition("/")
        if collection == "app.bsky.feed.post":
            reading.count += 1
            yield _post(wire.record(car.decoded(body)), did, key, blobs)
        elif collection in _POINTERS:
            reading.count += 1
            yield _pointer(wire.record(car.decoded(body)), _POINTERS[collection])


def _is_node(body: bytes) -> bool:
    """Whether it may be a node: a map of two, "e" and "l"."""
    return body[:1] == b"\xa2" and body[1:3] in (b"ae", b"al")


def _paths(node: Any) -> dict[bytes, str]:
    """CID -> path of the entries of one node; each path shares a beginning ("p" bytes) with the one before it."""
    found: dict[bytes, str] = {}
    last = b""
    for entry in wire.records(wire.record(node).get("e"), 10_000):
        shared, rest, value = entry.get("p"), entry.get("k"), entry.get("v")
        if not isinstance(shared, int) or not isinstance(rest, bytes) or not isinstance(value, bytes):
            break
        last = (last[: max(0, shared)] + rest)[:1024]
        found[bytes(value)] = last.decode("utf-8", "replace")
    return found


def _post(raw: dict[str, Any], did: str, key: str, blobs: Mapping[str, str] = {}) -> Record | Skipped:
    uri = f"at://{did}/app.bsky.feed.post/{key}"
    if POST.fullmatch(uri) is None:
        return Skipped("a post without an address")
    rich = read_text(raw.get("text"), raw.get("facets"))
    reply = wire.record(raw.get("reply"))
    above, top = (_uri(reply.get(name)) for name in ("parent", "root"))
    quoted = _quoted(wire.record(raw.get("embed")))
    links = (*rich.links, Link(_page(quoted), "quoted post")) if quoted else rich.links
    at = parse_date(wire.text(raw.get("createdAt"), 64))
    langs = raw.get("langs")
    item = Item(
        uri, _page(uri), text=rich.text, published=at, tags=rich.tags, links=links, in_reply_to=above, thread=top,
        media=_media(wire.record(raw.get("embed")), blobs),
        author=Author(did, did, "", f"{_WEB}/profile/{did}"),
        lang=clean_line(wire.text(langs[0], 35), 35) if isinstance(langs, list) and langs else "",
    )  # fmt: skip
    act: ActKind = "replied" if above else "quoted" if quoted else "authored"
    return Record(item, (Act(act, at),), known_as=(("bluesky", uri),))


def _blobs(archive: Archive) -> dict[str, str]:
    """Pictures that were saved beside the repository, each a file named by its CID."""
    return {stem: name for name in archive.names() if (stem := base_name(name).partition(".")[0]).startswith("bafkrei")}


def _media(embed: dict[str, Any], blobs: Mapping[str, str]) -> tuple[Media, ...]:
    """The pictures of a post that lie beside the repository, with their alt texts."""
    below = wire.record(embed.get("media")) or embed
    found = []
    for entry in wire.records(below.get("images"), 8):
        blob = wire.record(entry.get("image"))
        ref = blob.get("ref")
        own = blobs.get("b" + b32encode(ref).decode().rstrip("=").lower(), "") if isinstance(ref, car.Link) else ""
        if own:
            alt = clean_line(wire.text(entry.get("alt"), 4000), 1500)
            found.append(Media(inside(own), "image", alt, clean_line(wire.text(blob.get("mimeType"), 100), 100)))
    return tuple(found)


def _pointer(raw: dict[str, Any], act: ActKind) -> Record | Skipped:
    uri = _uri(raw.get("subject"))
    if not uri:
        return Skipped("a mark on something that is no post")
    item = Item(uri, _page(uri), extra={"unavailable": ["the text"]})
    at = parse_date(wire.text(raw.get("createdAt"), 64))
    return Record(item, (Act(act, at),), sketch=True, known_as=(("bluesky", uri),), unavailable=1)


def _uri(value: Any) -> str:
    uri = wire.text(wire.record(value).get("uri"), 500)
    return uri if POST.fullmatch(uri) else ""


def _quoted(embed: dict[str, Any]) -> str:
    """The post that an embed shows: "record", or "recordWithMedia" one level deeper."""
    below = wire.record(embed.get("record"))
    return _uri(below) or _uri(below.get("record"))


def _page(uri: str) -> str:
    found = POST.fullmatch(uri)
    return f"{_WEB}/profile/{found[1]}/post/{found[2]}" if found else ""
