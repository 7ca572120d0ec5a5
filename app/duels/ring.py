"""Which two are compared next: those whose answer would tell most (imports numpy; in the thread that ranks)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penchant.app.rank.pairs import chance, difference, preferred, worth

from .packs import ADDRESS

if TYPE_CHECKING:
    from penchant.app.rank.batch import Batch
    from penchant.app.rank.model import Model
    from penchant.app.ranking import RankSession
    from penchant.app.store import Store

#: What can be compared.
POOLS = ("jokes", "captions", "posts")
#: Texts drawn for a choice, and pairs of them that are looked at.
DRAWN, LOOKED_AT = 24, 120
#: Characters of a post that is compared as a whole.
SHORT, LONG = 20, 400
#: Of the pairs that tell most one is drawn, so that no text comes up again and again.
BEST = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items side by side; `chance` is the probability given to the first being preferred."""

    first: int
    second: int
    chance: float
    about: str
    texts: tuple[str, str]


def pool(session: RankSession, kind: str) -> list[list[int]]:
    """Groups of items of which two may be compared: all jokes, the captions of one picture, unseen short posts."""
    if kind == "posts":
        short = session.store.db.rows(
            "SELECT i.id FROM carray(?) c CROSS JOIN items i ON i.id = c.value"
            " WHERE i.text_len + length(i.title) BETWEEN ? AND ? AND i.content_warning = '' AND NOT i.sensitive",
            (_bound(session.candidates), SHORT, LONG),
        )
        return [[row[0] for row in short]]
    return _packed(session.store, captions=kind == "captions")


def _packed(store: Store, *, captions: bool) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for item_id, about in store.db.rows(
        "SELECT i.id, i.title FROM subscriptions u JOIN items i ON i.subscription_id = u.id"
        f" WHERE u.kind = 'export' AND u.address GLOB '{ADDRESS}*' AND u.removed_at IS NULL AND (i.title <> '') = ?"
        " ORDER BY i.id",
        (int(captions),),
    ):
        groups.setdefault(about, []).append(item_id)
    return [group for group in groups.values() if len(group) > 1]


def _bound(ids: Sequence[int]) -> object:
    from penchant.app.store.bound import bound

    return bound(ids)


def pick(session: RankSession, kind: str, asked: Collection[tuple[int, int]], seed: int) -> Pair | None:
    """The next pair, none of `asked` ((smaller, larger) ids); None where there is nothing left to compare."""
    rng = np.random.default_rng([seed, len(asked)])
    known = frozenset(asked)
    met = dict.fromkeys(itertools.chain.from_iterable(known), 0)
    for each in itertools.chain.from_iterable(known):
        met[each] += 1
    for group in _order(pool(session, kind), met, rng):
        fresh = sorted(group, key=lambda item_id: (met.get(item_id, 0), rng.random()))[:DRAWN]
        pairs = [p for p in itertools.combinations(sorted(fresh), 2) if p not in known]
        if pairs:
            return _most_telling(session, pairs, rng, titled=kind == "posts")
    return None


def _order(groups: list[list[int]], met: dict[int, int], rng: np.random.Generator) -> list[list[int]]:
    """Groups whose items were compared least often first."""
    keyed = [(sum(met.get(i, 0) for i in group) / len(group), rng.random(), group) for group in groups if group]
    return [group for _, _, group in sorted(keyed, key=lambda entry: entry[:2])]


def _most_telling(
    session: RankSession, pairs: list[tuple[int, int]], rng: np.random.Generator, *, titled: bool
) -> Pair:
    chosen = [pairs[n] for n in rng.permutation(len(pairs))[:LOOKED_AT]]
    ids = sorted({item_id for pair in chosen for item_id in pair})
    block = session.rows(ids)
    place = {item_id: n for n, item_id in enumerate(block.columns.ids.tolist())}
    model, _ = session.learned
    logit, variance = compared(model, block.batch, [(place[a], place[b]) for a, b in chosen])
    best = np.argsort(-worth(logit, variance), kind="stable")[:BEST]
    at = int(best[rng.integers(len(best))])
    a, b = chosen[at]
    p = float(chance(logit, variance)[at])
    if rng.random() < 0.5:  # what is believed must not show in the side
        a, b, p = b, a, 1.0 - p
    found = session.store.items.texts([a, b])
    (about, first, _), (other, second, _) = (found.get(each, ("", "", ())) for each in (a, b))
    if titled:
        return Pair(a, b, p, "", (f"{about}\n{first}".strip(), f"{other}\n{second}".strip()))
    return Pair(a, b, p, about if about == other else "", (first, second))


def compared(model: Model, batch: Batch, pairs: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """(logit, variance) float64[n] that the first row of each pair is preferred to the second."""
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    return preferred(model, difference(batch.take(first), batch.take(second)))
