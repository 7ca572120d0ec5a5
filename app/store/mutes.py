"""What is muted as one SQL condition, asked of a few items or of the whole archive."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from penchant.app.muting import Mute, in_force
from penchant.app.types import Event

from .condition import EVERYTHING, Condition, unspaced
from .connection import Database

#: Terms joined by AND side by side: SQLite refuses trees deeper than 1,000.
_TOGETHER = 200
#: Columns of the full-text index in which a word is looked for.
_FIELDS = "{title text alt}"
#: Every column of the condition but the texts is in this index (migration 2).
_MUTED = "SELECT i.id FROM items i INDEXED BY items_muting WHERE i.deleted_at IS NULL AND NOT ({})"
_READY: WeakSet[Database] = WeakSet()


def condition(db: Database, mutes: Sequence[Event], now: float) -> Condition:
    """A condition on `items i` that holds for what is not muted at `now` (Unix seconds).

    False as a value where nothing is muted. Mutes that have ended count for nothing.
    """
    keys: dict[str, set[str]] = {}
    for mute in in_force(mutes, now):
        keys.setdefault(mute.what, set()).add(mute.key)
    if not keys:
        return EVERYTHING
    _prepare(db)
    return _all(
        [
            *_authors(keys.get("author", set())),
            *_sources(db, keys.get("source", set())),
            *map(_language, sorted(keys.get("language", ()))),
            *_domains(keys.get("domain", set())),
            *_texts(keys.get("word", set()) | keys.get("phrase", set())),
        ]
    )


def hides(db: Database, mute: Mute, item_id: int, now: float) -> bool:
    """Whether this one mute hides an item."""
    shown = condition(db, mute.events, now)
    asked = f"SELECT NOT ({shown.sql}) FROM items i WHERE i.id = ?"
    return bool(shown) and bool(db.value(asked, (*shown.params, item_id)))


def of_few(shown: Condition, item_id: str) -> Condition:
    """`shown` as a condition on an id: asks item by item, for a page."""
    if not shown:
        return shown
    return Condition(f"EXISTS (SELECT 1 FROM items i WHERE i.id = {item_id} AND {shown.sql})", shown.params)


def of_many(shown: Condition, item_id: str) -> Condition:
    """The same, having looked everything muted up first: some 20 ms for 100,000 items, whatever is asked."""
    if not shown:
        return shown
    return Condition(f"{item_id} NOT IN ({_MUTED.format(shown.sql)})", shown.params)


def unseen_and_muted(shown: Condition) -> Condition:
    """A query for how many items For you lacks because they are muted."""
    sql = _MUTED.format(shown.sql).replace("SELECT i.id", "SELECT count(*)", 1)
    seen = "NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = i.id)"
    whole = "NOT EXISTS (SELECT 1 FROM dropped d WHERE d.item_id = i.id)"
    return Condition(f"{sql} AND {seen} AND {whole}", shown.params)


def _all(terms: Sequence[Condition]) -> Condition:
    groups = [terms[at : at + _TOGETHER] for at in range(0, len(terms), _TOGETHER)]
    sql = " AND ".join("(" + " AND ".join(term.sql for term in group) + ")" for group in groups)
    return Condition(sql, tuple(param for term in terms for param in term.params)) if terms else EVERYTHING


def _authors(keys: set[str]) -> Iterable[Condition]:
    if keys:
        yield Condition("i.author_key NOT IN (SELECT value FROM json_each(?))", (json.dumps(sorted(keys)),))


def _sources(db: Database, keys: set[str]) -> Iterable[Condition]:
    """Subscriptions named by number, "kind:address", address or title."""
    if not keys:
        return
    wanted = {key.casefold() for key in keys}
    named = [
        id_
        for id_, kind, address, title in db.rows("SELECT id, kind, address, title FROM subscriptions")
        if wanted & {str(id_), f"{kind}:{address}".casefold(), address.casefold(), title.casefold()}
    ]
    if named:
        # Whatever a source that is not muted also brought stays.
        yield Condition(
            "(i.subscription_id IS NULL OR i.subscription_id NOT IN (SELECT value FROM json_each(?))"
            " OR EXISTS (SELECT 1 FROM sightings m WHERE m.item_id = i.id"
            " AND m.subscription_id NOT IN (SELECT value FROM json_each(?))))",
            (json.dumps(named),) * 2,
        )


def _language(code: str) -> Condition:
    """de is de-AT too, but not den."""
    start = _storable(code.lower().replace("_", "-") + "-")
    return Condition(f"substr(lower(replace(i.lang, '_', '-')) || '-', 1, {len(start)}) <> ?", (start,))


def _domains(keys: set[str]) -> Iterable[Condition]:
    """Each with its subdomains, however an international name is written."""
    written = sorted(keys | {other for key in keys for other in _spellings(key)})
    if written:
        yield Condition("i.domain NOT IN (SELECT value FROM json_each(?))", (json.dumps(written),))
    for key in written:
        yield Condition(f"substr(i.domain, -{len(key) + 1}) <> ?", ("." + key,))


def _spellings(domain: str) -> Iterable[str]:
    for codec in ("encode", "decode"):
        try:
            yield domain.encode("idna").decode("ascii") if codec == "encode" else domain.encode().decode("idna")
        except UnicodeError:
            continue


def _texts(keys: set[str]) -> Iterable[Condition]:
    """Words and phrases, whole and in any case.

    Letters, digits and blanks are what the full-text index knows. Of words with
    more ("c++", accents) it nominates items, whose text is then read. What it
    cannot split (Chinese, an emoji) stands or does not stand in the text.
    """
    plain = sorted(key for key in keys if key.isascii() and key.replace(" ", "").isalnum())
    if plain:
        either = " OR ".join(f'"{key}"' for key in plain)
        yield Condition("i.id NOT IN (SELECT rowid FROM search WHERE search MATCH ?)", (f"{_FIELDS} : ({either})",))
    for key in sorted(keys.difference(plain)):
        if unspaced(key) or not any(map(str.isalnum, key)):
            # No index, but no reading into Python either.
            anywhere = "lower(i.title || char(10) || i.text || char(10) || i.alt)"
            yield Condition(f"instr({anywhere}, ?) = 0", (_storable(key.lower()),))
        else:
            yield Condition(
                "CASE WHEN i.id IN (SELECT rowid FROM search WHERE search MATCH ?)"
                " THEN NOT has_words(?, i.title, i.text, i.alt) ELSE 1 END",
                (f'{_FIELDS} : "{_storable(key).replace(chr(34), chr(34) * 2)}"', _storable(key)),
            )


def _storable(text: str) -> str:
    """FTS5 ends an expression at NUL; a lone surrogate is no UTF-8."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _prepare(db: Database) -> None:
    """Make `has_words` known, once for each connection: doing it again would disturb running statements."""
    if db not in _READY:
        with db.failures():
            db.apsw.create_scalar_function("has_words", _has_words, 4, deterministic=True)
        _READY.add(db)


def _has_words(*key_and_texts: Any) -> bool:
    wanted = _pattern(str(key_and_texts[0]))
    return any(wanted.search(unicodedata.normalize("NFC", str(text))) for text in key_and_texts[1:])


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, unicodedata.normalize("NFC", key).split()))
    first = r"(?<!\w)" if key[:1].isalnum() else ""
    last = r"(?!\w)" if key[-1:].isalnum() else ""
    return re.compile(first + words + last, re.IGNORECASE)
