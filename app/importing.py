"""Exports of other services into the archive: stored like pages of a source, learned from like a first guess.

Every record becomes an item of a source of the kind "export", which nobody
polls, and one event for each thing the reader did with it. Events are named
by what they say, so that importing again adds nothing and an interrupted
import goes on; they carry {"exported": True}, which makes them no labels but a
profile that fades (see `rank.labels`).
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.adapters.base import Item, Page, SourceError
from penchant.adapters.exports import detect, load
from penchant.adapters.exports.archive import Archive, digest, open_archive
from penchant.adapters.exports.base import Act, Entry, Feed, Owner, Record, Skipped, Trouble
from penchant.adapters.exports.inside import owned

from .errors import NoSuchSource, PenchantError
from .store.imported import Imported
from .types import Event, EventKind

if TYPE_CHECKING:
    from .store import Store
    from .types import Subscription

KIND = "export"
#: Records stored together; the place reached is kept after each lot.
LOT = 400
#: Undos stored together: a few ms of write lock.
UNDO_LOT = 200
#: Names events by what they say.
_NAMES = uuid.UUID("5b0c3a6e-0f0e-5c36-9d8a-3f7a1f6f2f10")
#: The mark each act leaves: what somebody wrote they have read; what they passed on they liked.
_EVENTS: dict[str, EventKind] = {
    "authored": "open", "replied": "open", "quoted": "open", "liked": "like", "reposted": "like", "saved": "save",
}  # fmt: skip


@dataclass(slots=True)
class Report:
    """What an import found and did. `found` counts records; `new` and `known` make it up."""

    kind: str = ""
    title: str = ""
    source_id: int = 0
    found: int = 0
    new: int = 0
    known: int = 0
    unavailable: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    feeds: int = 0
    new_feeds: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    #: Entries that an interrupted import had stored before, and that were not looked at again.
    resumed: int = 0


@dataclass(slots=True)
class Progress:
    """How far the reading is, in bytes of the files that hold entries."""

    done: int
    total: int
    report: Report


Tell = Callable[[Progress], None]


def run(store: Store, path: Path, tell: Tell | None = None, kind: str = "") -> Report:
    """Import the export at `path`; `kind` says what it is where that cannot be told.

    Raises `PenchantError` where nothing there is an export, and `StoreError`; whatever was stored until then
    stays and is not stored again by the next try.
    """
    archive: Archive | None = None
    try:
        archive = open_archive(path)
        found, reader = (kind, load(kind)) if kind else detect(archive)
        members = reader.members(archive)
        if not members:
            raise PenchantError(f"{path} holds nothing that is a {kind} export", hint="Leave out --as to have it told.")
        work = _Import(store, _Metered(archive), found, reader.owner(archive), members)
        return work.run(reader.read(work.archive), tell or (lambda _: None))
    except SourceError as error:
        raise PenchantError(str(error), hint=error.hint) from error
    finally:
        if archive is not None:
            archive.close()


class _Metered:
    """An archive that counts the bytes read from each of its files, once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.path, self.unsafe, self.damage = archive.path, archive.unsafe, archive.damage
        self.names, self.size, self.stamp, self.close = archive.names, archive.size, archive.stamp, archive.close
        self._came: dict[str, int] = {}

    def read(self, name: str) -> Iterator[bytes]:
        came = 0
        for piece in self._archive.read(name):
            came += len(piece)
            self._came[name] = max(came, self._came.get(name, 0))
            yield piece

    def done(self, names: Sequence[str]) -> int:
        return sum(self._came.get(name, 0) for name in names)


class _Import:
    """One run over one archive."""

    def __init__(self, store: Store, archive: _Metered, kind: str, owner: Owner, members: list[str]) -> None:
        self.store, self.archive, self.owner, self.members = store, archive, owner, members
        self.imported = Imported(store.db)
        self.report = Report(kind, owner.title)
        self._round, self._source, self._cursor = 0, 0, dict[str, Any]()
        self._feeds: set[tuple[str, str]] | None = None

    def run(self, entries: Iterator[Entry], tell: Tell) -> Report:
        report, total = self.report, sum(map(self.archive.size, self.members))
        if self.archive.damage:
            report.troubles.append(self.archive.damage)
        if self.archive.unsafe:
            report.skipped["a file whose name leads out of the export, or a link"] += self.archive.unsafe
        if self.report.kind not in ("opml", "newsboat"):
            self._begin()
        place = int(self._cursor.get("done", 0))
        report.resumed = sum(1 for _ in islice(entries, place))
        while lot := list(islice(entries, LOT)):
            self._store(lot)
            place += len(lot)
            if self._source:
                self._cursor["done"] = place
                self.imported.keep(self._source, self._cursor, time.time())
            tell(Progress(min(self.archive.done(self.members), total), total, report))
        if self._source:
            self.imported.keep(self._source, {**self._cursor, "done": 0, "whole": True}, time.time())
            self._leave_if_empty()
        return report

    def _leave_if_empty(self) -> None:
        """A list of feeds, or an export of nothing, is no source."""
        found = self.store.subscriptions.get(self._source)
        if found is not None and not found.items:
            self.store.subscriptions.remove(self._source)
            self.report.source_id = 0

    def _begin(self) -> None:
        """The source, the round and the place to go on from."""
        rounds = self.imported.rounds(self.owner.address)
        self._round = max(rounds, default=0)
        if rounds.get(self._round):  # it was undone, perhaps not to the end
            _retract(self.store, self.owner.address)
            self._round += 1
        subscriptions = self.store.subscriptions
        self._source = subscriptions.add(KIND, self.owner.address, self.owner.title)
        self.report.source_id = self._source
        self.imported.put_place(self._source, str(self.archive.path.resolve()))
        stamp = f"{digest(self.archive, self.members)}:{self._round}"
        known = subscriptions.get(self._source)
        before = dict(known.cursor) if known else {}
        self._cursor = {"archive": stamp, "done": before.get("done", 0) if before.get("archive") == stamp else 0}

    def _store(self, lot: Sequence[Entry]) -> None:
        report = self.report
        for entry in lot:
            if isinstance(entry, Skipped):
                report.skipped[entry.why] += entry.count
            elif isinstance(entry, Trouble):
                report.troubles.append(entry.what)
            elif isinstance(entry, Feed):
                self._follow(entry)
        records = [entry for entry in lot if isinstance(entry, Record)]
        if records:
            self._take(records)

    def _take(self, records: Sequence[Record]) -> None:
        """Items first, then what was done with them; both may be there already."""
        report, now = self.report, time.time()
        names = {name for record in records for name in _names(record)}
        there = self.imported.items(sorted(names))
        pages: dict[str, Item] = {}
        for record in sorted(records, key=lambda record: record.sketch):  # stable: what knows more comes first
            known = record.item.native_id in pages or any(name in there for name in _names(record))
            if not (record.sketch and known):
                pages[record.item.native_id] = owned(self.owner.address, _dated(record))
        self.store.items.put_page(self._source, Page(tuple(pages.values()), dict(self._cursor)), now)
        ids = self.imported.items([(KIND, own) for own in pages])
        events: dict[str, Event] = {}
        of: list[tuple[Record, list[str]]] = []
        where = there | ids
        for record in records:
            item_id = next((where[name] for name in _names(record) if name in where), None)
            if item_id is None:  # the reader had it forgotten
                continue
            made = [self._event(record.item.native_id, act, item_id) for act in record.acts]
            events |= {event.id: event for event in made}
            of.append((record, [event.id for event in made]))
        old = self.imported.known_events(list(events))
        self.store.events.append(event for event in events.values() if event.id not in old)
        for record, own in of:
            report.found += 1
            report.unavailable += record.unavailable
            report.known += all(name in old for name in own)
            report.new += any(name not in old for name in own)
            report.acts.update(act.kind for act in record.acts)
            old.update(own)

    def _event(self, native: str, act: Act, item_id: int) -> Event:
        name = f"{self.owner.address}\x1f{self._round}\x1f{native}\x1f{act.kind}"
        value: dict[str, Any] = {"exported": True, "act": act.kind}
        if act.at is None:
            value["undated"] = True
        return Event(
            _EVENTS[act.kind], item_id, value, session=f"import:{self.owner.address}#{self._round}",
            id=uuid.uuid5(_NAMES, name).hex, at=act.at or 0.0,
        )  # fmt: skip

    def _follow(self, feed: Feed) -> None:
        subscriptions = self.store.subscriptions
        if self._feeds is None:
            self._feeds = {(s.kind, s.address) for s in subscriptions.all(counted=False)}
        subscriptions.add("rss", feed.url, feed.title, {"address": feed.url}, feed.folder)
        self.report.feeds += 1
        if ("rss", feed.url) not in self._feeds:
            self.report.new_feeds.append(feed.title or feed.url)
        self._feeds.add(("rss", feed.url))


def _names(record: Record) -> tuple[tuple[str, str], ...]:
    """Every name under which the item may be known, the export's own last."""
    return (*record.known_as, (KIND, record.item.native_id))


def _dated(record: Record) -> Item:
    """The item; where nobody says when it was published, it came to the reader when they first acted on it."""
    item = record.item
    if item.published is not None or "first_seen" in item.extra:
        return item
    moments = [act.at for act in record.acts if act.at is not None]
    return replace(item, extra={**item.extra, "first_seen": min(moments, default=0.0)})


def undo(store: Store, name: str) -> tuple[Subscription, int]:
    """Take a whole import back: (its source, events retracted). Raises `NoSuchSource`.

    What the reader themselves did with its items since stays, and so do items that other sources brought.
    """
    source = store.subscriptions.find(name)
    if source.kind != KIND:
        raise NoSuchSource(
            f"{source.title or source.address} is no import",
            hint="`penchant sources` lists imports; their kind is export.",
        )
    count = _retract(store, source.address)
    store.subscriptions.remove(source.id)
    store.pictures.prune()
    return source, count


def _retract(store: Store, address: str) -> int:
    """Undo every live event of an import; returns how many."""
    imported, count = Imported(store.db), 0
    while live := imported.live(address, UNDO_LOT):
        store.events.append(_undone(live))
        count += len(live)
        store.db.give_way()
    return count


def _undone(live: Iterable[tuple[str, str]]) -> Iterator[Event]:
    for event_id, session in live:
        yield Event("undo", undoes=event_id, session=session, id=uuid.uuid5(_NAMES, f"undo {event_id}").hex)
