"""What is new in a Maildir: every message once, however many came in one moment."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.mail_cursor import Spool
from penchant.adapters.mail_folder import EDGE, Entry, fresh


def taken_up(spool: Spool, entries: dict[str, Entry]) -> tuple[list[str], Spool]:
    """Names read in one visit, and the spool after a trip through JSON."""
    spool, names = spool.begun(entries, 10_000), []
    while True:
        names += spool.todo
        batch = fresh(entries, spool.since, frozenset(spool.edge))
        if not batch:
            return names, Spool.load(json.loads(json.dumps(spool.taken(10_000)[1].dump())))
        spool = spool.with_batch(batch)


@given(st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=5))
def test_each_message_is_taken_up_once(visits: list[list[int]]) -> None:
    entries: dict[str, Entry] = {}
    spool, seen, moment = Spool(), [], 0
    for arrivals in visits:
        for later in arrivals:  # 0: the same moment as the one before
            moment += later
            name = f"{len(entries)}.M1"
            entries[name] = Entry(name, name, 1000 + moment, float(len(entries) % 3))
        names, spool = taken_up(spool, entries)
        seen += names
    assert sorted(seen) == sorted(entries)


def test_a_folder_filled_in_one_moment_ends() -> None:
    entries = {f"{n}": Entry(f"{n}", "", 7, 0.0) for n in range(EDGE * 3)}
    names, spool = taken_up(Spool(), {})
    names, spool = taken_up(spool, entries)
    assert len(names) == len(entries) and len(json.dumps(spool.dump())) < 1000
    assert taken_up(spool, entries)[0] == []
