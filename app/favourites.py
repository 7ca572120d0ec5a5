"""A like here is a favourite there: only where the reader switched it on, only from then on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penchant.adapters.base import RateLimited, ServerFailure, SourceError, TimedOut, Unreachable

from .errors import StoreError

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .store import Store
    from .sync import Call
    from .types import Article, Subscription

log = logging.getLogger(__name__)

#: Name under which the archive remembers the last event that was passed on.
REMEMBERED = "favourites"
#: Events looked at in one go.
CHUNK = 500
#: Seconds between looks for new likes, and after which those that a server did not take are tried again.
LOOK, RETRY = 1.0, 60.0
#: Failures that say nothing of the post: the rest waits for the next round.
_LATER = (RateLimited, ServerFailure, TimedOut, Unreachable)


@dataclass(frozen=True, slots=True)
class Favour:
    """One thing to tell a server. `url` and `extra` name the post."""

    seq: int
    like: bool
    settings: Mapping[str, Any]
    url: str
    extra: Mapping[str, Any]


async def lane(on: bool, call: Call, client: Client) -> None:
    """Pass likes on for as long as the worker runs; switched off, only see to it that they never will be.

    What is liked while the switch is off stays private, also once it is switched on again.
    """
    seen, tried = -1, 0.0
    while True:
        pause = LOOK
        try:
            if not on:
                await call(lambda store: store.control.forget(REMEMBERED))
                return
            last = await call(lambda store: store.events.last_seq())
            if last != seen or time.monotonic() - tried >= RETRY:
                seen, tried = last, time.monotonic()
                await pass_on(call, client)
        except StoreError as error:
            log.error("the archive refuses: %s", error)
            pause = RETRY
        await asyncio.sleep(pause)


async def pass_on(call: Call, client: Client) -> None:
    """Tell the servers of likes and of likes taken back since the last time. Raises `StoreError`."""
    from penchant.adapters.mastodon import favourite, unfavourite

    favours, known, through = await call(_todo)
    for favour in favours:
        tell = favourite if favour.like else unfavourite
        try:
            await tell(client, favour.settings, favour.url, favour.extra)
        except SourceError as error:
            fields = {"event": favour.seq, "kind": type(error).__name__}
            log.warning("favourite not passed on", extra={"fields": fields})
            if isinstance(error, _LATER):
                through = favour.seq - 1
                break
    if through != known:
        await call(lambda store: store.control.remember(REMEMBERED, through))


def _todo(store: Store) -> tuple[list[Favour], int | None, int]:
    """What to pass on, the event remembered, and the event up to which that is everything."""
    known = store.control.setting(REMEMBERED)
    if known is None:
        return [], None, store.events.last_seq()
    accounts = [s for s in store.subscriptions.all(counted=False, kinds=("mastodon",)) if s.settings.get("account")]
    favours, last = [], int(known)
    for seq, event in store.events.since(last, CHUNK):
        last = seq
        undone = store.events.get(event.undoes) if event.undoes else None
        liked = event.kind == "like"
        if not liked and not (undone is not None and undone.kind == "like"):
            continue
        if event.origin or (undone or event).value.get("exported"):  # another machine, or the server itself, knows
            continue
        number = event.item_id if liked else undone.item_id if undone else None
        article = store.items.article(number) if number is not None else None
        subscription = _account_for(article, accounts) if article is not None else None
        if article is not None and subscription is not None:
            favours.append(Favour(seq, liked, subscription.settings, article.card.url, article.extra))
    return favours, int(known), last


def _account_for(article: Article, accounts: list[Subscription]) -> Subscription | None:
    """The signed-in subscription that knows the post best: its own, else one of its server, else any."""
    if article.card.kind != "mastodon" or not accounts:
        return None
    server = str(article.extra.get("instance", ""))
    own = [s for s in accounts if s.id == article.card.subscription_id]
    near = [s for s in accounts if server and str(s.settings.get("address", "")).endswith("//" + server)]
    return (own or near or accounts)[0]
