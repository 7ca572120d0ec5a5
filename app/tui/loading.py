"""Reading the archive for the list, as plain functions of a store: run them in the reader's thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from penchant.app.types import Card, Subscription, View

from .mutewatch import held_in

if TYPE_CHECKING:
    from penchant.app.store import Store

FIRST_IDS = 200
FIRST_CARDS = 40
#: More rows than anyone scrolls through; reading them all takes 0.1 s, behind the first paint.
MOST_IDS = 200_000
#: Counting every view of 100,000 items takes some 20 ms: not on every keypress (seconds).
COUNT_EVERY = 2.0
#: The ranking of an open window hears what models say at most so often (seconds).
HEAR_EVERY = 30.0


class FirstPage(NamedTuple):
    """What the first paint of a view needs."""

    view: View
    ids: list[int]
    cards: list[Card]
    subscription_id: int | None = None
    subscribed: bool = True
    #: The reader did something since this order was stored.
    behind: bool = False
    #: What was muted then, as (what, key).
    muted: frozenset[tuple[str, str]] = frozenset()


def first_page(store: Store, view: View, subscription_id: int | None = None) -> FirstPage:
    """The beginning of a view: about a millisecond, also of 100,000 items."""
    ids = list(store.items.ids(view, subscription_id=subscription_id, limit=FIRST_IDS))
    if view == View.FOR_YOU:
        ids = mixed(store, ids)
    cards = store.items.cards(ids[:FIRST_CARDS])
    subscribed = bool(ids) or bool(store.subscriptions.all(counted=False))
    behind = view == View.FOR_YOU and store.scores.behind()
    muted = held_in(store.events.mutes(), time.time())
    return FirstPage(view, ids, cards, subscription_id, subscribed, behind, muted)


def mixed(store: Store, ids: list[int], fixed: int = 0) -> list[int]:
    """For you with the generated items that the reader wants in it; the first `fixed` stay where they are."""
    from penchant.app.store.real import any_drafts

    if not any_drafts(store.db):
        return ids
    from penchant.app.generating_seats import weave
    from penchant.app.store import generated

    wanted = generated.read(store.db)
    return weave(ids, fixed, generated.pool(store.db, wanted), store.drafts.item_ids(), wanted.step)


def all_ids(store: Store, view: View, subscription_id: int | None = None, *, folded: bool = False) -> list[int]:
    """Every id of a view; `folded`: also those behind another item of their story."""
    return list(store.items.ids(view, subscription_id=subscription_id, limit=MOST_IDS, folded=folded))


def marked(store: Store) -> dict[str, int]:
    """How many items are saved, liked and for later: from small indexes, cheap enough for every key."""
    return {str(view): store.items.count(view) for view in (View.SAVED, View.LIKED, View.LATER)}


#: Sources under way that are told one by one.
FETCHING = 100


class Pulse(NamedTuple):
    """What another process changed since the last look."""

    top: list[int]
    changed: list[Card]
    counts: dict[str, int]
    fetching: list[Subscription]
    #: How many sources are fetched or wait for it (`fetching` has the first ones), fail, and are followed.
    busy: int = 0
    failing: int = 0
    sources: int = 0
    #: Whether models have said so much since that the ranking should hear it.
    voices: bool = False


class Watch:
    """Looks whether the archive changed; lives in the reader's thread."""

    def __init__(self) -> None:
        self.version = -1
        self.counted_at = 0.0
        self.counts: dict[str, int] = {}
        self._recount = True
        self._voices: tuple[object, ...] = (None, None)  # of an archive without models
        self._waiting = False
        self._heard_at = 0.0

    def look(
        self, store: Store, view: View, subscription_id: int | None, on_screen: Sequence[int], force: bool
    ) -> Pulse | None:
        """None when nothing was committed elsewhere."""
        version = store.data_version()
        due = time.monotonic() - self.counted_at > COUNT_EVERY
        heard = self._waiting and time.monotonic() - self._heard_at > HEAR_EVERY
        if version == self.version and not force and not (self._recount and due) and not heard:
            return None
        self.version = version
        self._recount = not (force or due)
        if self._recount:
            self.counts = {**self.counts, **marked(store)}
        else:
            self.counts = {str(name): count for name, count in store.items.counts().items()}
            self.counted_at = time.monotonic()
        fetching, busy, failing, sources = store.subscriptions.standing(FETCHING)
        top = (
            []
            if view == View.SEARCH
            else list(store.items.ids(view, subscription_id=subscription_id, limit=FIRST_IDS))
        )
        return Pulse(
            top,
            store.items.cards(list(on_screen)),
            self.counts,
            fetching,
            busy,
            failing,
            sources,
            self._hear(store),
        )

    def _hear(self, store: Store) -> bool:
        """Whether models said more, or others are heard; now and then only, for the ranking orders anew each time."""
        from penchant.app.store.judging import voices

        now = voices(store.db)
        self._waiting = now != self._voices
        if not self._waiting or time.monotonic() - self._heard_at <= HEAR_EVERY:
            return False
        self._voices, self._waiting, self._heard_at = now, False, time.monotonic()
        return True
