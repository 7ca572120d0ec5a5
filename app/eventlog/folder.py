"""A folder that some program keeps the same on several machines: each machine adds logs, and takes in the others'.

    FOLDER/MACHINE/000000004711-9b00c63c.jsonl.gz     this machine's events up to number 4711, whose id begins so

A file never changes once it is there, so no two machines ever write to the same one.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .files import read_lines, write_lines
from .merging import Merged, merge
from .writing import lines

if TYPE_CHECKING:
    from penchant.app.paths import Paths
    from penchant.app.store import Store

#: Logs of this machine in the folder at which they become one.
MANY = 64
_THROUGH, _READ = "events.through", "events.read"
_MACHINE = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Exchanged:
    """What an exchange did. `machines`: the others; `troubles`: logs that could not be read whole, in words."""

    written: int = 0
    events: int = 0
    items: int = 0
    machines: int = 0
    troubles: list[str] = field(default_factory=list)
    unsound: Counter[str] = field(default_factory=Counter)


def machine_of(paths: Paths) -> str:
    """This machine's name: made once, kept beside the archive, so that a copied archive gets another on its machine."""
    path = paths.state / "machine"
    try:
        name = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    if not _MACHINE.fullmatch(name):
        name = uuid.uuid4().hex
        try:
            path.write_text(name + "\n", encoding="ascii")
        except OSError as error:
            raise PenchantError(
                f"{path} cannot be written: {error.strerror or error}", hint="Check the permissions of its folder."
            ) from error
    return name


def exchange(store: Store, folder: Path, machine: str) -> Exchanged:
    """Take in what other machines have left in `folder`, then leave what is new here. Raises `PenchantError`."""
    if not folder.is_dir():
        raise PenchantError(
            f"there is no folder {folder}", hint="Make it, and let your sync program keep it the same everywhere."
        )
    done = Exchanged()
    _take_in(store, folder, machine, done)
    done.written = _leave(store, folder / machine, machine)
    return done


def rewrite(store: Store, folder: Path, machine: str) -> int:
    """Replace this machine's logs by what its archive still holds; how many there were. Raises `PenchantError`."""
    own = folder / machine
    old = {path: path.stat().st_size for path in own.glob("*.jsonl.gz")} if own.is_dir() else {}
    if not old:
        return 0
    store.control.remember(_THROUGH, None)
    _leave(store, own, machine)
    remembered = store.control.setting(_THROUGH)
    kept = json.loads(remembered)[2] if remembered else ""
    for path in old:
        if path.name != kept:
            path.unlink(missing_ok=True)
    return len(old)


def others(folder: Path, machine: str) -> int:
    """How many other machines have left logs there."""
    try:
        return sum(1 for each in folder.iterdir() if _MACHINE.fullmatch(each.name) and each.name != machine)
    except OSError:
        return 0


def _take_in(store: Store, folder: Path, machine: str, done: Exchanged) -> None:
    """Read every log that is new, or has another size than when it was read."""
    before: dict[str, int] = json.loads(store.control.setting(_READ, "{}"))
    there: dict[str, int] = {}
    others = sorted(each for each in folder.iterdir() if _MACHINE.fullmatch(each.name) and each.name != machine)
    done.machines = len(others)
    for path in (path for other in others for path in sorted(other.glob("*.jsonl.gz"))):
        name = f"{path.parent.name}/{path.name}"
        there[name] = path.stat().st_size
        if before.get(name) != there[name]:
            _take(store, path, done)
    if there != before:
        store.control.remember(_READ, json.dumps(there))


def _take(store: Store, path: Path, done: Exchanged) -> None:
    merged = Merged()
    try:
        merged = merge(store, _whole(path, done))
    except PenchantError as error:
        done.troubles.append(f"{path.name}: {error}")
    done.events += merged.events
    done.items += merged.items
    done.unsound += merged.troubles


def _whole(path: Path, done: Exchanged) -> Iterator[str]:
    """The lines up to where the file is damaged."""
    try:
        yield from read_lines(path)
    except PenchantError as error:
        done.troubles.append(str(error))


def _leave(store: Store, own: Path, machine: str) -> int:
    """Write this machine's events that are not in the folder yet; returns how many lines."""
    after = _reached(store, own)
    last = store.events.last_seq(own=True)
    if last <= after:
        return 0
    old = sorted(own.glob("*.jsonl.gz"))
    if len(old) >= MANY:
        after = 0
    event = store.events.since(last - 1, 1)[0][1]
    name = f"{last:012d}-{event.id[:8]}.jsonl.gz"
    count = write_lines(own / name, lines(store, machine, after, last, own=True))
    store.control.remember(_THROUGH, json.dumps([last, event.id, name]))
    if not after:
        for path in old:
            if path.name != name:
                path.unlink(missing_ok=True)
    return count


def _reached(store: Store, own: Path) -> int:
    """The event up to which the folder has everything; 0 where the archive or the folder is another than it was."""
    remembered = store.control.setting(_THROUGH)
    if remembered is None:
        return 0
    seq, event_id, name = json.loads(remembered)
    same = store.events.since(seq - 1, 1)
    return int(seq) if (own / name).exists() and same and same[0][0] == seq and same[0][1].id == event_id else 0
