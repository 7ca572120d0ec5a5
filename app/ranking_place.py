"""Where an item stands in For You, or would stand, and what holds it down: for what a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .rank.batch import code
from .rank.explain import TITLES
from .rank.order import faded
from .rank.order_places import HEAD_PLACES
from .rank.types import Part, Ranking, WhyNot

if TYPE_CHECKING:
    from .rank.types import RankItem
    from .ranking import RankSession
    from .ranking_rows import Block

#: Parts of the number that are named, and the least logit worth naming.
NAMED, LEAST = 3, 0.1
_DAY = 86400.0


class _Reason(NamedTuple):
    """`weight`: logits it takes away; what keeps an item out altogether weighs more than any."""

    weight: float
    text: str


_KEPT_OUT = 1e6


def why_not(session: RankSession, item_id: int, now: float, *, listed: bool = False) -> WhyNot:
    """Where the item stands or would stand, and why not higher; `listed`: it is on screen there.

    KeyError: there is no such item.
    """
    found = session.store.items.rank_items([item_id])
    if not found:
        raise KeyError(item_id)
    ranking = session.order((), now)
    place = _place(session, ranking, item_id, now)
    reasons = [
        *([] if listed else _kept_out(session, ranking, item_id, now)),
        *_beside(session, ranking, found[0], place),
        *_old(session, found[0], now),
        *_parts(session.why(item_id).parts),
    ]
    reasons.sort(key=lambda reason: -reason.weight)
    return WhyNot(place, max(len(ranking), place + 1), tuple(reason.text for reason in reasons))


def _place(session: RankSession, ranking: Ranking, item_id: int, now: float) -> int:
    """Its place, or that of the card it stands behind, or how many of those ranked are worth more."""
    for standing in (item_id, _leader(ranking, item_id)):
        if standing in ranking.ids:
            return ranking.ids.index(standing)
    held = session.learned[1]
    ranked = np.isin(held.columns.ids, ranking.ids)
    own = held.columns.ids == item_id
    block = held if own.any() else session.rows([item_id])
    worth = _worth(session, block, now)[own if own.any() else slice(None)]
    return int(np.count_nonzero(_worth(session, held, now)[ranked] > worth[0]))


def _worth(session: RankSession, block: Block, now: float) -> np.ndarray:
    """float64[n]: belief less age."""
    model = session.learned[0]
    belief = model.belief(model.score(block.batch, now=now))
    half_life = session.stories.half_life(block.columns.source, model.dials)
    return np.asarray(belief - faded(now - block.columns.at, half_life), np.float64)


def _leader(ranking: Ranking, item_id: int) -> int | None:
    return next((leader for leader, others in ranking.stories.items() if item_id in others), None)


def _kept_out(session: RankSession, ranking: Ranking, item_id: int, now: float) -> list[_Reason]:
    """What keeps it out of the list: seen, muted, folded, its story told, not ranked yet."""
    items, out = session.store.items, []
    events = session.store.events.of_item(item_id)
    if events:
        did = {"like": "liked", "skip": "skipped", "save": "saved", "later": "kept for later", "open": "opened"}
        verb = next((did[event.kind] for event in reversed(events) if event.kind in did), "passed")
        out.append(f"you have seen it already: {verb} {_ago(now - events[-1].at)} ago")
    out += [f"it is muted: the {mute.what} {mute.name!r}" for mute in items.muted_by(item_id, now)]
    leader = _leader(ranking, item_id)
    if leader is not None:
        out.append(f"it stands behind another item of its story: {_title(session, leader)!r}")
    elif not events:
        for other in session.stories.members(item_id):
            seen = session.store.events.of_item(other) if other != item_id else []
            if seen:
                ago = _ago(now - seen[-1].at)
                out.append(f"its story was told {ago} ago by {_title(session, other)!r} (-{session.options.told:.1f})")
                break
    ready = session.stories.ready(item_id)
    if not out and ready is None:
        out.append("it is older or weaker than all that is ranked at once")
    elif ready is False:
        out.append("its words and vectors are still to come, so little is known of it")
    return [_Reason(_KEPT_OUT - n, text) for n, text in enumerate(out)]


def _beside(session: RankSession, ranking: Ranking, item: RankItem, place: int) -> list[_Reason]:
    """What it repeats of the places just above it."""
    options = session.options
    above = ranking.ids[max(0, min(place, HEAD_PLACES) - options.memory) : place]
    if place >= HEAD_PLACES or not above:
        return []
    others = session.store.items.rank_items(above)
    author = sum(1 for other in others if other.author_key and other.author_key == item.author_key)
    source = sum(1 for other in others if other.source_key == item.source_key)
    out = []
    if author and options.author:
        more = "an item" if author == 1 else f"{author} items"
        cost = author * options.author
        out.append(_Reason(cost, f"{more} by {item.author or 'the same author'} just above it (-{cost:.1f})"))
    held = session.learned[1].columns.source
    common = np.mean(held == code(item.source_key)) > 0.5  # nearly everything is from there
    if source > 1 and not common and options.source * source >= LEAST:
        cost = source * options.source
        out.append(_Reason(cost, f"{source} items from {item.source} just above it (-{cost:.1f})"))
    return out


def _old(session: RankSession, item: RankItem, now: float) -> list[_Reason]:
    half = float(session.stories.half_life(np.array([code(item.source_key)]), session.learned[0].dials)[0])
    cost = float(faded(now - item.at, half))
    if cost < LEAST:
        return []
    return [_Reason(cost, f"its age of {_ago(now - item.at)}; what {item.source} brings fades by half in"
                          f" {_ago(half * _DAY)} (-{cost:.1f})")]  # fmt: skip


def _parts(parts: tuple[Part, ...]) -> list[_Reason]:
    """The parts of its number that speak against it most."""
    against = sorted((part for part in parts if part.logit <= -LEAST and part.key != "base"), key=lambda p: p.logit)
    named = [f"{TITLES.get(part.key, part.name)} {part.logit:+.1f}" for part in against[:NAMED]]
    if not named:
        return []
    return [_Reason(-against[0].logit, f"what speaks against it: {', '.join(named)}")]


def _title(session: RankSession, item_id: int) -> str:
    cards = session.store.items.cards([item_id])
    text = (cards[0].title or cards[0].excerpt) if cards else "an item no longer here"
    return text if len(text) <= 60 else text[:59] + "…"


def _ago(seconds: float) -> str:
    for size, unit in ((_DAY, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "a moment"
