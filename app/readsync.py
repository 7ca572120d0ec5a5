"""Keeping read and saved in step with reader servers: one exchange with one account.

Nothing is remembered of an exchange but what was agreed afterwards: whoever is killed in the middle looks at both sides
again, and what is done already differs no more.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from penchant.adapters import load
from penchant.adapters.remote import Remote, Status
from penchant.adapters.remote_place import KINDS, sync_of

from .readsync_merge import Plan, plan
from .types import Event, EventKind

if TYPE_CHECKING:
    from penchant.adapters.http import Client
    from penchant.adapters.remote import News

    from .store import Store
    from .store.remote_states import Entry
    from .sync import Call
    from .types import Subscription

#: Entries told to a server in one go, and in one exchange: the rest comes with the next one.
BATCH, MOST = 50, 1000


@dataclass(slots=True)
class Exchanged:
    """How many entries were changed here and there."""

    here: int = 0
    there: int = 0
    more: bool = False


@dataclass(slots=True)
class Telling:
    """Batches for the server, in the words of `Remote.mark`."""

    batches: list[tuple[dict[str, bool], list[Entry]]] = field(default_factory=list)
    more: bool = False


def followed(store: Store) -> list[Subscription]:
    """Accounts of reader servers that the reader wants kept in step."""
    sources = store.subscriptions.all(counted=False, kinds=KINDS)
    return [s for s in sources if not s.paused and sync_of(s.settings) != "off"]


async def exchange(call: Call, client: Client, source: Subscription) -> Exchanged:
    """Bring both sides into agreement, as far as consent goes. Raises `SourceError`, `StoreError`."""
    adapter: Any = load(source.kind)
    remote: Remote = await adapter.open(client, source.settings)
    agreed, since = await call(lambda store: _agreed(store, source, remote.place.prefix))
    news = await remote.news(agreed, since)
    here, telling = await call(lambda store: _settle(store, source, remote.place.prefix, news))
    done = Exchanged(here, more=telling.more)
    for wanted, entries in telling.batches:
        await remote.mark([entry.entry for entry in entries], **wanted)
        await call(partial(_told, source=source, wanted=wanted, entries=entries))
        done.there += len(entries)
    await call(lambda store: store.control.remember(_through(source), news.through))
    return done


def _through(source: Subscription) -> str:
    return f"readsync {source.id}"


def _agreed(store: Store, source: Subscription, prefix: str) -> tuple[dict[str, Status | None], float]:
    entries = store.remote.entries(source.id, source.kind, prefix)
    agreed = {e.entry: Status(e.agreed.read, e.agreed.starred) if e.agreed else None for e in entries}
    return agreed, float(store.control.setting(_through(source), 0.0))


def _settle(store: Store, source: Subscription, prefix: str, news: News) -> tuple[int, Telling]:
    """Do here what is to be done here; returns how much that was, and what is to be told.

    The reader may have pressed keys while the server was asked, so this side is looked at anew. Events come first:
    without them nothing is agreed.
    """
    tell = sync_of(source.settings) == "both"
    found = plan(store.remote.entries(source.id, source.kind, prefix), news.changed, tell=tell)
    events = _events(store, source, found, news)
    store.events.append(events)
    store.remote.agree(source.id, ((entry.entry, entry.item_id, state) for entry, state in found.agreed))
    return len(events), _telling(found)


def _events(store: Store, source: Subscription, found: Plan, news: News) -> list[Event]:
    """What the server says, as events whose ids follow from it: said twice, they are there once."""
    now, made = time.time(), []

    def event(kind: EventKind, entry: Entry, *parts: object, undoes: str | None = None) -> Event:
        status = news.changed.get(entry.entry)
        at = min(status.changed or now, now) if status else now
        name = "\x1f".join(map(str, (source.kind, entry.native_id, *parts)))
        digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        return Event(kind, entry.item_id, {"elsewhere": True}, undoes=undoes, id=f"elsewhere-{digest}", at=at)

    made += [event("impression", entry, "read") for entry in found.see]
    made += [event("save", entry, "star", entry.at) for entry in found.save]
    saves = store.remote.live_saves([entry.item_id for entry in found.unsave])
    for entry in found.unsave:
        # Where saving was all that marked it seen, taking that back must not bring it up again.
        made += [event("impression", entry, "read")] if entry.here.read else []
        made += [event("undo", entry, "unstar", id_, undoes=id_) for id_ in saves[entry.item_id]]
    return made


def _telling(found: Plan) -> Telling:
    """What the server is told, in small batches and not too many of them."""
    batches: list[tuple[dict[str, bool], list[Entry]]] = []
    for wanted, entries in (
        ({"starred": True}, found.star), ({"starred": False}, found.unstar), ({"read": True}, found.read)
    ):  # fmt: skip
        batches += [(wanted, entries[start : start + BATCH]) for start in range(0, len(entries), BATCH)]
    return Telling(batches[: MOST // BATCH], more=len(batches) > MOST // BATCH)


def _told(store: Store, source: Subscription, wanted: dict[str, bool], entries: list[Entry]) -> None:
    store.remote.told(source.id, [(entry.entry, entry.item_id) for entry in entries], **wanted)
