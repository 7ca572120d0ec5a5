"""A large archive for `bench/search.py` from a small one: each item again and again with another title.

The rows are those that the ordinary doors write, in large transactions. `checked` multiplies a small archive so and
asks `penchant doctor`, whose rules (full text, names, vectors in step with the items) the result must keep.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from penchant.adapters.base import Author, Item
from penchant.app.store import Store, doctor, text_index
from penchant.app.store.rows import uid

SYLLABLES = ["ka", "re", "mo", "ti", "lun", "sor", "vex", "pha", "dri", "ne", "quo", "zan", "bel", "ust", "ir"]
CHUNK = 5_000
_ITEM = (
    "INSERT INTO items(id, uid, kind, native_id, subscription_id, sort_at, published, first_seen, text_len,"
    " content_hash, lang, author_key, author, title, url, canonical_url, domain, excerpt, text, people)"
    " SELECT ?1, ?2, kind, ?3, subscription_id, sort_at - ?4, published - ?4, first_seen, text_len, ?5, lang,"
    " author_key, author, ?6, ?7, ?7, domain, excerpt, text, people FROM items WHERE id = ?8"
)
_BESIDE = (
    "INSERT INTO aliases(kind, native_id, item_id, content_hash) SELECT kind, native_id, id, content_hash FROM items"
    " WHERE id BETWEEN ?1 AND ?2",
    "INSERT INTO sightings SELECT s.item_id + ?3, s.subscription_id, s.how, s.by_key, s.by_name, s.at, i.native_id"
    " FROM sightings s JOIN items i ON i.id = s.item_id + ?3 WHERE i.id BETWEEN ?1 AND ?2",
    "INSERT INTO fingerprints SELECT item_id + ?3, simhash FROM fingerprints WHERE item_id + ?3 BETWEEN ?1 AND ?2",
    "INSERT INTO item_state(item_id, seen, opened, liked, skipped, saved, later)"
    " SELECT item_id + ?3, seen, 0, 0, 0, 0, 0 FROM item_state WHERE item_id + ?3 BETWEEN ?1 AND ?2",
)


def multiply(store: Store, space: str, times: int) -> None:
    """All items and their vectors `times` over; a copy's vector has a cosine of .9 with its first."""
    chance, noise = random.Random(9), np.random.default_rng(9)
    base = int(store.db.value("SELECT max(id) FROM items"))
    for turn in range(1, times):
        for start in range(1, base + 1, CHUNK):
            end = min(start + CHUNK - 1, base)
            shift = turn * base
            hashes = _copy(store, start, end, shift, chance)
            vectors, have = store.vectors.get_matrix(space, list(range(start, end + 1)))
            other = noise.standard_normal(vectors.shape).astype(np.float32) / np.sqrt(vectors.shape[1])
            made = 0.9 * vectors + 0.436 * other
            made = (made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)).astype("<f4")
            told = zip(hashes, made, have, strict=True)
            store.vectors.put(space, [(key, row.tobytes()) for key, row, there in told if there])
        text_index.merge(store.db)
        store.db.checkpoint()


def _copy(store: Store, start: int, end: int, shift: int, chance: random.Random) -> list[bytes]:
    """Items `start` to `end` once more, with ids `shift` higher; their content hashes."""
    rows = store.db.rows(
        "SELECT id, kind, native_id, url, title, text, author_key, author FROM items WHERE id BETWEEN ? AND ?",
        (start, end),
    )
    hashes, made = [], []
    for number, kind, name, url, title, text, key, author in rows:
        title = f"{title} {''.join(chance.choices(SYLLABLES, k=3))}"
        item = Item(f"{name}-{shift}", f"{url}-{shift}", title, text, Author(key, author))
        hashes.append(item.content_hash)
        made.append((number + shift, uid(kind, item.native_id), item.native_id, float(shift), hashes[-1], title,
                     item.url, number))  # fmt: skip
    with store.db.write():
        store.db.run_many(_ITEM, made)
        span = (start + shift, end + shift)
        for sql in _BESIDE:
            store.db.run(sql, span if "?3" not in sql else (*span, shift))
        text_index.add(store.db, *span)
    return hashes


def checked(store: Store, path: Path, space: str) -> None:
    """Raises where the rules of the archive do not hold after `multiply`; `store` lies at `path` and is small."""
    multiply(store, space, 3)
    wrong = [found for found in doctor.check(path).findings if found.level == "error"]
    if wrong:
        raise SystemExit(f"the archive in bulk differs from the ordinary one: {wrong}")


