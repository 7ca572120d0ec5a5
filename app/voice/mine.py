"""What a reader wrote, answered, quoted, passed on and liked, as typed examples from the archive."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.app.store import Store

#: Kinds of example, in their order; those of `OWN` are the reader's own words.
KINDS = ("authored", "replied", "quoted", "reposted", "liked", "saved")
OWN = ("authored", "replied", "quoted")
#: Characters of a text, and of what it answers.
LONGEST = 4_000
#: What says who wrote to whom, or where, instead of how somebody writes.
_NAMES = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@[\w.-]+(?:@[\w.-]+)?|\[\d+\]")
_FIRST = re.compile(r"^(?:@[\w.-]+(?:@[\w.-]+)?[\s,:]*)+")


@dataclass(frozen=True, slots=True)
class Example:
    """One text of the reader's past. `at`: Unix seconds, 0 where the export does not say.

    `parent`: the text that it answers or quotes ("": the archive has none), `parent_item` its number there (0: it was
    in a thread, or is unknown); `answers`: that it answers or quotes something, known or not.
    """

    kind: str
    text: str
    at: float
    item_id: int
    parent: str = ""
    parent_item: int = 0
    answers: bool = False
    lang: str = ""
    source: str = ""


def bare(text: str) -> str:
    """A text without addresses and names of people, which would tell its author by whom they talk to."""
    return " ".join(_NAMES.sub(" ", text).split())


def spoken(text: str) -> str:
    """A reply without the names of those it answers, which services put before it."""
    return _FIRST.sub("", text).strip()


def examples(store: Store) -> list[Example]:
    """Every example with a text, the oldest first; acts that were undone, and items that are gone, are left out."""
    rows = store.db.rows(
        "SELECT e.value ->> 'act', coalesce(e.kind, ''), e.at, i.id, i.title, i.text, i.lang, i.in_reply_to,"
        " nullif(i.extra, '') ->> 'quotes', coalesce(nullif(u.title, ''), u.address, i.kind)"
        " FROM live_events e JOIN items i ON i.id = e.item_id LEFT JOIN subscriptions u ON u.id = i.subscription_id"
        " WHERE (e.value ->> 'exported' AND e.kind IN ('open', 'like', 'save')) OR e.kind IN ('like', 'save')"
        " ORDER BY e.at, e.clock, e.id"
    )
    above = _texts(store, {row[7] or row[8] for row in rows if row[7] or row[8]})
    threads = _threads(store, [row[3] for row in rows if row[7]])
    drafts = store.drafts.by_models()
    found: dict[tuple[int, str], Example] = {}
    for act, event, at, item_id, title, text, lang, reply, quotes, source in rows:
        kind = act if act in KINDS else {"like": "liked", "save": "saved"}.get(event, "")
        said = "\n".join(part for part in (title, text) if part)[:LONGEST].strip()
        if not kind or not said or item_id in drafts:
            continue
        parent = above.get(reply or quotes or "", (0, ""))
        words = parent[1] or threads.get(item_id, "")
        found.setdefault(
            (item_id, kind),
            Example(kind, said, at, item_id, words, parent[0], bool(reply or quotes), lang, source),
        )
    return list(found.values())


def _texts(store: Store, names: set[str]) -> dict[str, tuple[int, str]]:
    """(number, text) of items by their native ids, whichever kind of source brought them."""
    found: dict[str, tuple[int, str]] = {}
    kinds = json.dumps([kind for (kind,) in store.db.rows("SELECT DISTINCT kind FROM subscriptions")])
    wanted = sorted(names)
    for start in range(0, len(wanted), 500):
        rows = store.db.rows(
            "SELECT a.native_id, i.id, i.title, i.text FROM json_each(?) n JOIN json_each(?) k"
            " JOIN aliases a ON a.kind = k.value AND a.native_id = n.value JOIN items i ON i.id = a.item_id"
            " ORDER BY i.id",
            (json.dumps(wanted[start : start + 500]), kinds),
        )
        for native, item_id, title, text in rows:
            said = "\n".join(part for part in (title, text) if part)[:LONGEST].strip()
            if said:
                found.setdefault(native, (item_id, said))
    return found


def _threads(store: Store, ids: Sequence[int]) -> dict[int, str]:
    """What stands right above items, where their thread was fetched."""
    found: dict[int, str] = {}
    for (item_id,) in store.db.rows(
        "SELECT item_id FROM threads WHERE item_id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(set(ids))),)
    ):
        thread = store.threads.get(item_id)
        above = [reply.text for reply in thread.replies if reply.depth is None] if thread else []
        if above and above[-1].strip():
            found[item_id] = above[-1].strip()[:LONGEST]
    return found


def others(store: Store, mine: Iterable[Example], limit: int = 2_000) -> list[str]:
    """Short texts by other people: what was liked and passed on, then the newest posts of the archive."""
    listed = list(mine)
    own = {example.item_id for example in listed if example.kind in OWN}
    keys = json.dumps(sorted(own))
    authors = store.db.rows(
        "SELECT DISTINCT author_key FROM items WHERE author_key <> '' AND id IN (SELECT value FROM json_each(?))",
        (keys,),
    )
    found = {each.item_id: each.text for each in listed if each.kind not in OWN and each.item_id not in own}
    rows = store.db.rows(
        "SELECT id, title, text FROM items WHERE deleted_at IS NULL AND kind <> 'draft' AND text <> ''"
        " AND author_key NOT IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY sort_at DESC LIMIT ?",
        (json.dumps([key for (key,) in authors]), keys, limit),
    )
    for item_id, title, text in rows:
        if len(found) >= limit:
            break
        found.setdefault(item_id, "\n".join(part for part in (title, text) if part)[:LONGEST])
    return list(found.values())[:limit]
