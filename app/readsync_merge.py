"""Read and starred in two places: a three-way merge against what was last agreed. Pure.

A truth value that differs in two places differs from the agreed one in exactly one of them, so there is no conflict
to ask about: whoever changed it is followed. Reading is not taken back: an entry marked unread there stays seen here,
and nobody argues about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from penchant.adapters.remote import Status

from .store.remote_states import Entry, State


@dataclass(slots=True)
class Plan:
    """What to do: `see`, `save`, `unsave` here, after which `agreed` holds; `read`, `star`, `unstar` there."""

    see: list[Entry] = field(default_factory=list)
    save: list[Entry] = field(default_factory=list)
    unsave: list[Entry] = field(default_factory=list)
    read: list[Entry] = field(default_factory=list)
    star: list[Entry] = field(default_factory=list)
    unstar: list[Entry] = field(default_factory=list)
    agreed: list[tuple[Entry, State]] = field(default_factory=list)


def plan(entries: Sequence[Entry], news: Mapping[str, Status | None], *, tell: bool = True) -> Plan:
    """Compare. Entries without news stand there as agreed; those that are gone there (None) are left in peace.

    Without `tell` the server is told nothing, and what it was not told is not agreed.
    """
    found = Plan()
    for entry in entries:
        agreed = entry.agreed or State()
        there = news.get(entry.entry, Status(agreed.read, agreed.starred))
        if there is None:
            _settle(found, entry, entry.here)
        else:
            _one(found, entry, agreed, there, tell)
    return found


def _settle(found: Plan, entry: Entry, state: State) -> None:
    if state != entry.agreed:
        found.agreed.append((entry, state))


def _one(found: Plan, entry: Entry, agreed: State, there: Status, tell: bool) -> None:
    here, settled = entry.here, agreed
    if here.read == there.read:
        settled = replace(settled, read=here.read)
    elif there.read and not agreed.read:
        found.see.append(entry)
        settled = replace(settled, read=True)
    elif here.read and not agreed.read and tell:
        found.read.append(entry)
    if here.starred == there.starred:
        settled = replace(settled, starred=here.starred)
    elif there.starred != agreed.starred and not (tell and _later_here(entry, there)):
        (found.save if there.starred else found.unsave).append(entry)
        settled = replace(settled, starred=there.starred)
    elif tell:
        (found.star if here.starred else found.unstar).append(entry)
    _settle(found, entry, settled)


def _later_here(entry: Entry, there: Status) -> bool:
    """Whether the reader decided here too since the last agreement, and after the server's change.

    Where the server does not say when, the keypress here counts.
    """
    if entry.agreed is None or entry.toggled <= entry.at:
        return False
    return there.changed is None or entry.toggled > there.changed
