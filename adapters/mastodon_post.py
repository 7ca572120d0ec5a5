"""Posting to a Mastodon server: only ever called because the reader pressed the key that says so.

https://docs.joinmastodon.org/methods/statuses/#create (the Idempotency-Key is kept by servers for an hour).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .base import BadSettings, NotAuthorized, SourceError
from .mastodon_api import Session, open_session, status_id
from .mastodon_place import Place
from .outgoing import Outgoing, Posted, Undelivered, certain
from .text import clean_line
from .wire import address, decode, ident, record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Characters of a post on a server that says nothing else.
LIMIT = 500
#: From the widest to the narrowest; an answer is never wider than what it answers.
VISIBILITIES = ("public", "unlisted", "private", "direct")
_TAKEN = (200, 201, 202, 400, 401, 403, 404, 413, 422)


async def post(client: Client, place: Place, outgoing: Outgoing) -> Posted:
    """Send a post as `place.account`; the same key makes one post. Raises `SourceError` in words."""
    session = await open_session(client, place)
    if not session.token:
        raise NotAuthorized(f"Nobody is signed in to {place.host}", hint=_hint(place))
    form = {"status": outgoing.text}
    if outgoing.reply_to:
        form["in_reply_to_id"] = await status_id(session, outgoing.reply_to, outgoing.extra)
    if visible := narrower(outgoing.visibility, str(outgoing.extra.get("visibility") or "")):
        form["visibility"] = visible
    if outgoing.lang:
        form["language"] = outgoing.lang
    answer = await certain(lambda: _send(session, form, outgoing.key))
    if answer.status not in (200, 201, 202):
        raise _refused(answer, place)
    found = record(decode(answer.body, place.host))
    native = clean_line(text(found.get("uri"), 2000), 2000) or ident(found.get("id"))
    if not native:
        raise Undelivered(f"{place.host} took the post but does not say which one it is")
    return Posted(address(place.base, found.get("url")) or place.base, native)


async def _send(session: Session, form: dict[str, str], key: str) -> Response:
    url = f"{session.place.base}/api/v1/statuses"
    headers = {"Idempotency-Key": key}
    return await session.client.post(url, data=form, headers=headers, token=session.token, typed=True, ok=_TAKEN)


def narrower(wanted: str, answered: str) -> str:
    """The visibility to ask for: the reader's own, but never wider than that of the post that is answered."""
    known = [VISIBILITIES.index(each) for each in (wanted, answered) if each in VISIBILITIES]
    if not known or (answered not in VISIBILITIES[1:] and wanted not in VISIBILITIES):
        return ""
    return VISIBILITIES[max(known)]


def _refused(answer: Response, place: Place) -> SourceError:
    try:
        said = clean_line(text(record(json.loads(answer.body)).get("error"), 500), 200)
    except (ValueError, RecursionError):
        said = ""
    says = f' It says: "{said}".' if said else ""
    if answer.status in (401, 403):
        return NotAuthorized(f"{place.host} does not let penchant post ({answer.status}).{says}", hint=_hint(place))
    hint = "Shorten or change the draft (e edits it) and post again; nothing went out."
    return BadSettings(f"{place.host} did not take the post ({answer.status}).{says}", hint=hint)


def _hint(place: Place) -> str:
    where = place.host if place.base.startswith("https:") else place.base
    return f"Reading and posting are separate permissions: `penchant mastodon login {where} --post` gives both."
