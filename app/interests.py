"""Fitting interests: clusters of what was liked, with keys that stay and names made of words. Reads and writes a store.

A key is the beginning of the uid of the item nearest to a centre when the cluster was first found. So dials and names
find their cluster again after a rebuild, and on another machine.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .rank.interests import Cluster, clusters, matched, word_names
from .rank.labels import WHOLE, LabelBook
from .rank.snapshot import SnapshotError, restore
from .ranking_rows import RowReader
from .store.interests import Interest
from .types import View

if TYPE_CHECKING:
    from .rank.batch import Batch
    from .store import Store

log = logging.getLogger(__name__)

#: Liked things that are looked at, the newest; items that say which words are usual; digits of a key.
LIKED, USUAL, DIGITS = 2_000, 600, 12
#: Members kept of each cluster, and members whose words name it.
MEMBERS, SPOKEN = 200, 60
#: A refit is due after so many more likes, or this share more.
MORE, SHARE = 20, 0.25
#: A name of the language model stays while the cluster keeps this share of its nearest members.
KEPT, NEAREST = 0.5, 12


def due(store: Store) -> bool:
    """Whether enough was liked (or taken back) since the last fit, or the vectors are of another model."""
    state, liked = store.interests.state(), store.interests.positives()
    before = state.get("liked")
    if not isinstance(before, int):
        return liked > 0
    moved = abs(liked - before)
    return moved >= MORE or (moved > 0 and moved >= SHARE * before) or state.get("space") != _space(store)


def _space(store: Store) -> str:
    spaces = RowReader(store).spaces()
    return spaces["sentence" if "sentence" in spaces else "static"][0]


def refit(store: Store, now: float | None = None) -> list[Interest]:
    """Find the interests anew and keep them. Equal events over equal statistics give equal clusters."""
    now = time.time() if now is None else now
    positives, weights, decided = _liked(store)
    rows = _rows(store)
    batch = rows.read(positives).batch
    ids = [int(i) for i in batch.item_ids]
    found = clusters(batch.meaning, np.array([weights[i] for i in ids]))
    old = store.interests.all()
    keys = _keys(store, rows, found, ids, old)
    names = _word_names(store, [[ids[m] for m in each.members[:SPOKEN]] for each in found])
    space = _space(store)
    judged = _judged(rows, found, decided)
    fresh = [
        Interest(
            keys[n], space, _centre(store, space, [ids[m] for m in each.members]), len(each.members), names[n],
            _kept_name(old, keys[n], [ids[m] for m in each.members]), now,
            tuple(ids[m] for m in each.members[:MEMBERS]), each.radius, *judged[n],
        )
        for n, each in enumerate(found)
    ]  # fmt: skip
    store.interests.replace(fresh)
    store.interests.remember({"liked": store.interests.positives(), "space": space, "at": now})
    return fresh


def _liked(store: Store) -> tuple[list[int], dict[int, float], dict[int, int]]:
    """Ids liked, saved or exported, the newest last; their weights; of every decided item 1 for, 0 against."""
    book, drafts = LabelBook(), store.drafts.by_models()
    seq = 0
    while events := store.events.since(seq, 5_000):
        for _, event in events:
            if event.item_id not in drafts:
                book.add(event)
        seq = events[-1][0]
    weights = {item_id: min(acts, WHOLE) / WHOLE for item_id, acts in book.exported.items()}
    decided = {label.item_id: label.y for label in book.labels if label.weight >= 1.0 and label.whole}
    for label in book.labels:
        if label.y and label.weight >= 0.5 and label.whole:
            weights[label.item_id] = max(label.weight, weights.pop(label.item_id, 0.0))
    for item_id, liked in decided.items():
        if not liked:
            weights.pop(item_id, None)
    return list(weights)[-LIKED:], weights, decided


def _rows(store: Store) -> RowReader:
    """Rows as the newest head has them; statistics of its own where there is no head, or one of other vectors."""
    rows = RowReader(store)
    head = store.scores.head()
    if head is not None and head.blob:
        try:
            rows.stats = restore(head.blob).stats
        except SnapshotError as error:
            log.info("statistics for interests: %s", error)
    if not rows.stats.items or rows.outdated():
        rows.fit(sorted(store.items.ids(View.NEWEST, limit=LIKED)))
    return rows


def _keys(
    store: Store, rows: RowReader, found: Sequence[Cluster], ids: Sequence[int], old: Sequence[Interest]
) -> list[str]:
    """The keys of the clusters: those of earlier ones that they were, or new ones."""
    members: dict[str, Sequence[int]] = {each.key: each.members[:32] for each in old}
    for key in store.interests.wanted_keys():
        item_id = store.interests.item_of(key) if key not in members else None
        if item_id is not None:
            members[key] = [item_id]
    known, centres = [], []
    for key, of in members.items():
        total = rows.read(of).batch.meaning.astype(np.float64).sum(axis=0)
        if np.any(total):
            known.append(key)
            centres.append(total / np.linalg.norm(total))
    dims = rows.blank().meaning.shape[1]
    new = np.array([each.centre for each in found], np.float64).reshape(len(found), dims)
    same = matched(np.array(centres).reshape(len(centres), dims), new)
    uids = store.items.uids([ids[each.members[0]] for each in found])
    taken = {known[j] for j in same.values()}
    out = []
    for n, each in enumerate(found):
        key = known[same[n]] if n in same else uids[ids[each.members[0]]][:DIGITS]
        if n not in same and key in taken:  # the item that a cluster which went elsewhere was named after
            key = uids[ids[each.members[0]]][:32]
        taken.add(key)
        out.append(key)
    return out


def _word_names(store: Store, groups: Sequence[Sequence[int]]) -> list[str]:
    def texts(ids: Sequence[int]) -> list[str]:
        return [f"{title} {' '.join(tags)} {text}" for title, text, tags in store.items.texts(ids).values()]

    if not groups:
        return []
    liked = {item_id for group in groups for item_id in group}
    usual = [i for i in store.items.ids(View.NEWEST, limit=USUAL) if i not in liked]
    return word_names([texts(group) for group in groups], texts(usual))


def _centre(store: Store, space: str, members: Sequence[int]) -> bytes:
    matrix, mask = store.vectors.get_matrix(space, list(members))
    total = matrix[mask].astype(np.float64).sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), "<f4").tobytes()


def _judged(rows: RowReader, found: Sequence[Cluster], decided: Mapping[int, int]) -> list[tuple[int, int]]:
    """(liked, judged) of the decided items within each cluster's radius."""
    batch: Batch = rows.read(list(decided)[-LIKED:]).batch
    y = np.array([decided[int(i)] for i in batch.item_ids], np.int64)
    out = []
    for each in found:
        inside = batch.meaning @ each.centre >= each.radius
        out.append((int(y[inside].sum()), int(inside.sum())))
    return out


def _kept_name(old: Sequence[Interest], key: str, members: Sequence[int]) -> str:
    before = next((each for each in old if each.key == key), None)
    if before is None or not before.name:
        return ""
    nearest = before.members[:NEAREST]
    return before.name if len(set(nearest) & set(members)) >= KEPT * len(nearest) else ""
