"""Where a draft can go, as what, and sending it: only ever called on the reader's explicit word.

What is about to be sent is remembered before it goes, so that a kill in between, or a second try, makes no second post.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError
from penchant.app.store.drafts import Draft
from penchant.app.store.posting import Target, target

if TYPE_CHECKING:
    from penchant.adapters.http import Client
    from penchant.adapters.outgoing import Outgoing, Posted
    from penchant.app.store import Store

#: Characters that the services take, where a server says nothing else.
LIMITS = {"mastodon": 500, "bluesky": 300}
SIGN_IN = "`penchant mastodon login HOST --post` or `penchant bluesky login YOU.bsky.social` signs in."


class CannotPost(PenchantError):
    """There is nowhere to post it, or it went out already."""

    hint = SIGN_IN


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody to post as. `kind`: "mastodon" or "bluesky"; `name`: user@host or a handle; `base`: of its server."""

    kind: str
    name: str
    base: str = ""

    @property
    def words(self) -> str:
        """For the reader."""
        return f"@{self.name.lstrip('@')} ({self.kind.capitalize()})"


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft that is ready to go out: which text, as whom, in answer to what (None: on its own)."""

    draft: Draft
    account: Account
    answers: Target | None
    text: str

    @property
    def words(self) -> str:
        """What happens on the next key, in one line."""
        answer = f" in answer to {self.answers.handle or 'the post'}" if self.answers else ""
        limit = LIMITS[self.account.kind]
        long = (
            f" ({len(self.text)} characters, {self.account.kind} usually takes {limit})"
            if len(self.text) > limit
            else ""
        )
        return f"as {self.account.words}{answer}{_audience(self)}{long}"


def _audience(ready: Ready) -> str:
    """Who will see it, where that is known."""
    seen = str(ready.answers.extra.get("visibility") or "") if ready.answers else ""
    names = {"private": ", to followers only", "direct": ", to the people named only", "unlisted": ", quietly public"}
    return names.get(seen, ", in public")


def accounts(store: Store) -> list[Account]:
    """Everybody who is signed in on this machine, Mastodon first. Raises `SecretsUnavailable`."""
    from penchant.adapters import secrets
    from penchant.adapters.base import BadSettings
    from penchant.adapters.mastodon_place import base_of, from_settings

    bases = {}
    for each in store.subscriptions.all(counted=False, kinds=("mastodon",)):
        with contextlib.suppress(BadSettings):
            place = from_settings(each.settings)
            bases[place.account.lower()] = place.base
    found = []
    for key in secrets.names():
        kind, _, name = key.partition(":")
        if kind == "mastodon" and "@" in name:
            found.append(Account(kind, name, bases.get(name) or base_of(name.rpartition("@")[2])))
        elif kind == "bluesky" and name:
            found.append(Account(kind, name))
    return sorted(found, key=lambda account: (account.kind != "mastodon", account.name))


def ready(store: Store, draft: Draft) -> list[Ready]:
    """Every way in which a draft can go out, the likeliest first. Raises `CannotPost` in words."""
    if draft.state == "posted":
        where = str(draft.facts.get("url") or "")
        raise CannotPost("this draft was posted already", hint=where or "`V` lists it among the posted ones.")
    if not draft.text.strip():
        raise CannotPost("this draft is empty", hint="e edits it.")
    known = accounts(store)
    if not known:
        raise CannotPost("nobody is signed in to post as")
    answers = target(store.db, draft.parent_id) if draft.parent_id is not None else None
    if draft.kind == "reply" and answers is None:
        raise CannotPost(
            "what this draft answers is no post of Mastodon or Bluesky", hint="y copies the draft instead."
        )
    fitting = [each for each in known if answers is None or each.kind == answers.kind]
    if not fitting:
        kind = answers.kind.capitalize() if answers else ""
        raise CannotPost(f"the post to answer is on {kind}, and nobody is signed in there")
    before = str(_sending(draft).get("account") or "")
    fitting.sort(key=lambda account: (account.name != before, not _near(account, answers)))
    return [Ready(draft, each, answers, worded(draft.text, each, answers)) for each in fitting]


def _near(account: Account, answers: Target | None) -> bool:
    """Whether a post came by the very server of the account."""
    return answers is not None and str(answers.extra.get("instance") or "-") in account.base


def worded(text: str, account: Account, answers: Target | None) -> str:
    """The text as it goes out: an answer on Mastodon names whom it answers, or nobody hears of it."""
    handle = answers.handle if answers else ""
    if account.kind != "mastodon" or not handle or handle.lower() in text.lower() or handle.lstrip("@") == account.name:
        return text
    return f"{handle} {text}"


def key_of(ready: Ready) -> str:
    """The same for the same draft, words and account."""
    whole = "\x1f".join([ready.draft.id, ready.account.kind, ready.account.name, ready.text])
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def begin(store: Store, chosen: Ready) -> Ready:
    """Remember that this is going out, and since when; to be called before `send`. Raises `CannotPost`."""
    draft = store.drafts.get(chosen.draft.id)
    if draft is None or draft.state == "posted":
        raise CannotPost("this draft is gone" if draft is None else "this draft was posted already")
    before = _sending(draft)
    same = before.get("key") == key_of(chosen)
    sending = {
        "account": chosen.account.name,
        "key": key_of(chosen),
        "at": before["at"] if same else round(time.time(), 3),
    }
    store.drafts.state(draft.id, sending=sending)
    return replace(chosen, draft=replace(draft, facts={**draft.facts, "sending": sending}))


async def send(client: Client, chosen: Ready) -> Posted:
    """Send it. Raises `SourceError` in words; sending it again makes no second post."""
    if chosen.account.kind == "bluesky":
        from penchant.adapters.bluesky_post import post

        return await post(client, chosen.account.name, _outgoing(chosen))
    from penchant.adapters.mastodon_place import Place
    from penchant.adapters.mastodon_post import post as toot

    return await toot(client, Place(chosen.account.base, "home", "", chosen.account.name), _outgoing(chosen))


def _outgoing(chosen: Ready) -> Outgoing:
    from penchant.adapters.outgoing import Outgoing

    answers, at = chosen.answers, float(_sending(chosen.draft).get("at") or time.time())
    name, extra = (answers.native_id, answers.extra) if answers else ("", {})
    return Outgoing(chosen.text, key_of(chosen), name, extra, at=at)


def done(store: Store, chosen: Ready, posted: Posted) -> None:
    """It stands at its service now."""
    store.drafts.state(
        chosen.draft.id, "posted", url=posted.url, native_id=posted.native_id, account=chosen.account.name,
        posted_at=round(time.time(), 3), sending=None,
    )  # fmt: skip


def failed(store: Store, chosen: Ready, error: Exception) -> None:
    """It did not go out; where nobody knows, the draft says so until it is sent again."""
    from penchant.adapters.outgoing import Undelivered

    if not isinstance(error, Undelivered):
        store.drafts.state(chosen.draft.id, sending=None)


def _sending(draft: Draft) -> dict[str, Any]:
    found = draft.facts.get("sending")
    return dict(found) if isinstance(found, dict) else {}


def choose(ways: Sequence[Ready], name: str) -> Ready:
    """The way of an account by its name, or the only one. Raises `CannotPost`."""
    wanted = name.lstrip("@").lower()
    found = [each for each in ways if not wanted or each.account.name == wanted]
    if len(found) != 1:
        known = ", ".join(each.account.name for each in ways)
        raise CannotPost(
            "which account?" if not wanted else f"nobody called {wanted} can post this", hint=f"One of: {known}."
        )
    return found[0]
