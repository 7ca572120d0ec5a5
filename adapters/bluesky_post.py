"""Posting to Bluesky: only ever called because the reader pressed the key that says so.

A post is a record in the account's own repository. Its key (a TID) is made from the draft, so that the same draft sent
twice is one record. https://atproto.com/specs/tid, https://docs.bsky.app/docs/advanced-guides/posts
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .base import BadSettings, Malformed, NotAuthorized, NotFound, SourceError
from .bluesky_api import Session, open_session
from .bluesky_grant import sign_in_hint
from .bluesky_items import POST
from .bluesky_place import WEB, Place
from .outgoing import UNSURE, Outgoing, Posted, certain
from .text import clean_line
from .wire import decode, record, records, text

if TYPE_CHECKING:
    from .http import Client

#: What a post may hold: graphemes and bytes.
LIMIT, BYTES = 300, 3_000
COLLECTION = "app.bsky.feed.post"
_SORTED = "234567abcdefghijklmnopqrstuvwxyz"
_LINK = re.compile(rb"https?://[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]")
_TAG = re.compile(rb"(?<![\w&/])#([A-Za-z\x80-\xff_][\w\x80-\xff]{0,63})")


async def post(client: Client, account: str, outgoing: Outgoing) -> Posted:
    """Send a post as @account; the same key makes one post. Raises `SourceError` in words."""
    if graphemes(outgoing.text) > LIMIT or len(outgoing.text.encode()) > BYTES:
        size = graphemes(outgoing.text)
        raise BadSettings(
            f"Bluesky takes {LIMIT} characters, and this has {size}", hint="Shorten it: e edits the draft."
        )
    session = await open_session(client, Place("timeline", account=account))
    assert session.grant is not None
    rkey = tid(outgoing.at, outgoing.key)
    value: dict[str, Any] = {
        "$type": COLLECTION, "text": outgoing.text,
        "createdAt": datetime.fromtimestamp(outgoing.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }  # fmt: skip
    if found := facets(outgoing.text):
        value["facets"] = found
    if outgoing.lang:
        value["langs"] = [outgoing.lang]
    if outgoing.reply_to:
        value["reply"] = await _reply(session, outgoing.reply_to)
    uri = await certain(lambda: _send(session, rkey, value))
    return Posted(f"{WEB}/profile/{account}/post/{rkey}", uri)


async def _send(session: Session, rkey: str, value: dict[str, Any]) -> str:
    """Make the record; where that is refused or unclear, see whether an attempt before made it. Its address."""
    assert session.grant is not None
    body = {"repo": session.grant.did, "collection": COLLECTION, "rkey": rkey, "record": value}
    try:
        answer = await session.post("/xrpc/com.atproto.repo.createRecord", body)
        if answer.status == 200:
            return text(record(decode(answer.body, session.host)).get("uri"), 500)
    except UNSURE:
        if uri := await _there(session, rkey):
            return uri
        raise
    if uri := await _there(session, rkey):
        return uri
    raise _refused(answer.status, answer.body, session)


async def _there(session: Session, rkey: str) -> str:
    """The address of the record where it exists; "" where not, or where nobody can tell."""
    assert session.grant is not None
    query = urlencode({"repo": session.grant.did, "collection": COLLECTION, "rkey": rkey})
    try:
        found = record(decode((await session.get(f"/xrpc/com.atproto.repo.getRecord?{query}")).body, session.host))
    except SourceError:
        return ""
    return text(found.get("uri"), 500)


async def _reply(session: Session, native_id: str) -> dict[str, Any]:
    """Parent and root of an answer, each with the version that is answered."""
    if not POST.fullmatch(native_id):
        raise BadSettings("this is no post of Bluesky that could be answered")
    answer = await session.get(f"/xrpc/app.bsky.feed.getPosts?uris={quote(native_id, safe='')}")
    posts = records(record(decode(answer.body, session.host)).get("posts"), 1)
    if not posts:
        raise NotFound("The post to answer is gone", hint="Post the draft on its own, or drop it.")
    cid = text(posts[0].get("cid"), 200)
    if not cid:
        raise Malformed(f"{session.host} does not say which version of the post it has")
    parent = {"uri": native_id, "cid": cid}
    root = record(record(record(posts[0].get("record")).get("reply")).get("root"))
    known = {"uri": text(root.get("uri"), 500), "cid": text(root.get("cid"), 200)}
    return {"root": known if all(known.values()) else parent, "parent": parent}


def _refused(status: int, body: bytes, session: Session) -> SourceError:
    try:
        found = record(json.loads(body))
    except (ValueError, RecursionError):
        found = {}
    said = clean_line(text(found.get("message"), 500) or text(found.get("error"), 100), 200)
    says = f' It says: "{said}".' if said else ""
    account = session.place.account
    if status in (401, 403):
        words = f"{session.host} does not let penchant post as @{account} ({status}).{says}"
        return NotAuthorized(words, hint=sign_in_hint(account))
    hint = "Change the draft (e edits it) and post again; nothing went out."
    return BadSettings(f"{session.host} did not take the post ({status}).{says}", hint=hint)


def tid(at: float, key: str) -> str:
    """A record key: the time in microseconds, the last thousand and the clock's number made from the key."""
    noise = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
    value = ((int(at * 1000) * 1000 + noise % 1000) & (2**53 - 1)) << 10 | noise >> 20 & 1023
    return "".join(_SORTED[value >> 5 * place & 31] for place in range(12, -1, -1))


def facets(said: str) -> list[dict[str, Any]]:
    """Links and hashtags as ranges of the UTF-8: without them Bluesky shows both as plain text."""
    raw = said.encode()
    links, tags = list(_LINK.finditer(raw)), list(_TAG.finditer(raw))
    alone = [tag for tag in tags if not any(link.start() <= tag.start() < link.end() for link in links)]
    return [
        *(_facet(link.span(), "link", uri=link[0].decode()) for link in links),
        *(_facet(tag.span(), "tag", tag=tag[1].decode(errors="replace")) for tag in alone),
    ]


def _facet(span: tuple[int, int], name: str, **feature: str) -> dict[str, Any]:
    index = {"byteStart": span[0], "byteEnd": span[1]}
    return {"index": index, "features": [{"$type": f"app.bsky.richtext.facet#{name}", **feature}]}


def graphemes(said: str) -> int:
    """What a reader would count as characters, never too few: marks, joiners and what they join are one."""
    count, joined = 0, False
    for char in unicodedata.normalize("NFC", said):
        if char == "\u200d":
            joined = True
        elif unicodedata.category(char) not in ("Mn", "Me") and not "\U0001f3fb" <= char <= "\U0001f3ff":
            count += not joined
            joined = False
    return count
