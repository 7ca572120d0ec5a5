"""A Maildir, read-only: which messages are new, and their bytes. Blocking; run it in a thread.

What is new is told by the time of the inode (it moves with delivery and with
renaming, never back), so that a file counts as new whatever its name or date
say. A message whose flags changed is read again, which changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass

from .base import BadSettings, NotFound, SourceError
from .mail_imap import MAX_MESSAGE
from .mail_place import Place

#: Files taken up at once; those of one moment stay together.
BATCH = 500
#: Names remembered of the newest moment: a folder filled by one copy has many.
EDGE = 500
#: Stands for all names of a moment that has more.
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message: its name without flags, where it lies, when it came (ns of the inode; seconds of delivery)."""

    name: str
    path: str
    changed: int
    delivered: float


def scan(place: Place) -> dict[str, Entry]:
    """Every message of new/ and cur/. Raises `SourceError`."""
    found: dict[str, Entry] = {}
    folders = [folder for sub in ("new", "cur") if os.path.isdir(folder := os.path.join(place.path, sub))]
    if not folders:
        hint = "A Maildir is a folder that has cur/ and new/; mbox files are not read."
        if os.path.isdir(place.path):
            raise BadSettings(f"{place.path} is no Maildir", hint=hint)
        raise NotFound(f"there is no folder {place.path}", hint=hint)
    try:
        for folder in folders:
            with os.scandir(folder) as rows:
                for row in rows:
                    with contextlib.suppress(FileNotFoundError):  # moved from new/ to cur/ meanwhile
                        state = row.stat()
                        if stat.S_ISREG(state.st_mode) and not row.name.startswith("."):
                            name = row.name.partition(":")[0]
                            found[name] = Entry(name, row.path, state.st_ctime_ns, _delivered(name, state.st_mtime))
    except OSError as error:
        raise SourceError(
            f"{place.path} cannot be read ({error.strerror})", hint="Check that the folder belongs to you."
        ) from error
    return found


def fresh(entries: dict[str, Entry], since: int, edge: frozenset[str]) -> list[Entry]:
    """Messages not taken up yet, oldest moment first: at most about `BATCH`, whole moments."""
    whole = EVERYTHING in edge
    new = sorted(
        (e for e in entries.values() if e.changed > since or (e.changed == since and not whole and e.name not in edge)),
        key=lambda e: (e.changed, e.name),
    )
    end = BATCH
    while end < len(new) and new[end].changed == new[end - 1].changed:
        end += 1
    return new[:end]


def read(entry: Entry) -> bytes | None:
    """The beginning of a message; None when it is gone. Raises `SourceError`."""
    try:
        with open(entry.path, "rb") as file:
            return file.read(MAX_MESSAGE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(
            f"{entry.path} cannot be read ({error.strerror})", hint="Check that the file belongs to you."
        ) from error


def _delivered(name: str, changed: float) -> float:
    """Seconds in the name, as delivery agents write them; else the file's own time."""
    seconds = name.partition(".")[0]
    return float(seconds) if seconds.isdigit() and 8 < len(seconds) < 12 else changed
