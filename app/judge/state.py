"""Evaluated histories on disk, so that a restart does not read them again.

A file (`statefile`) is used only if its name says that it is what this model, in this format, with this version of the
library, remembered of exactly these tokens.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import struct
from collections import OrderedDict, deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.heap import give_back

from . import statefile
from .carrying import NOTHING, Put
from .llama import Prefix

if TYPE_CHECKING:
    from .carrying import Carrying
    from .llama import Judge

log = logging.getLogger(__name__)

SUFFIX = ".state"
#: Bytes of files kept, and of evaluated histories held in memory; the longest unused go first.
DISK, MEMORY = 200 << 20, 256 << 20
#: Smaller histories are evaluated faster than a file is looked for.
WORTH = 64
#: A history is held in memory for so many turns of any. A group of texts takes four at most (two halves, liked and
#: skipped), and with every renewal of the reader's history four new ones come, 64 MB of the starter model.
TURNS = 16


class StateFiles:
    """A folder of evaluated histories. Failures of the disk cost a file, never more."""

    def __init__(self, folder: Path, room: int = DISK) -> None:
        self.folder, self.room = folder, room

    def load(self, key: str) -> list[memoryview] | None:
        """The parts stored under a key; None where there are none, or not exactly those."""
        path = self.folder / f"{key}{SUFFIX}"
        try:
            found = statefile.load(path)
        except OSError:
            return None
        parts = found[1] if found is not None and found[0].get("key") == key else None
        if parts is None:
            log.warning("a stored history is damaged and was dropped", extra={"fields": {"file": path.name}})
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            with contextlib.suppress(OSError):
                os.utime(path)
        return parts

    def save(self, key: str, parts: Sequence[bytes]) -> None:
        """Store parts under a key, whole or not at all, and make room."""
        if sum(len(part) for part in parts) > self.room:
            return
        try:
            statefile.save(self.folder / f"{key}{SUFFIX}", {"key": key}, parts)
            self._make_room()
        except OSError as error:
            log.warning("an evaluated history was not stored", extra={"fields": {"why": str(error)}})

    def _make_room(self) -> None:
        """The longest unused files go, and what a kill left half written."""
        found = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another process may have been quicker
                facts = path.stat()
                if path.suffix == SUFFIX:
                    found.append((facts.st_mtime, facts.st_size, path))
                elif path.suffix == ".part" and not path.name.endswith(f".{os.getpid()}.part"):
                    path.unlink()
        used = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if used <= self.room:
                break
            path.unlink(missing_ok=True)
            used -= size


class Histories:
    """Evaluated histories of one judge: in memory, else from disk, else evaluated now.

    `maker` names the model's content, its format and the library: another maker's files are never read.
    """

    def __init__(self, judge: Judge, maker: str, files: StateFiles | None, carrying: Carrying | None = None) -> None:
        self.judge, self.files, self.carrying = judge, files, carrying
        self._maker = f"{maker}\n{judge.context_tokens}\n{judge.batch_tokens}"
        self._held: OrderedDict[tuple[str, tuple[int, ...]], Prefix] = OrderedDict()
        self._asked: deque[tuple[str, tuple[int, ...]]] = deque(maxlen=TURNS)

    def of(self, ids: tuple[int, ...], put: Put = NOTHING) -> Prefix:
        """The evaluated history of these tokens, under what is put into the model now (`Carrying.put`)."""
        key = (put.mark, ids)
        prefix = self._held.pop(key, None) or self._loaded(ids, put) or self._evaluated(ids, put)
        self._held[key] = prefix
        self._asked.append(key)
        self._let_go()
        return prefix

    def _let_go(self) -> None:
        held, asked = len(self._held), set(self._asked)
        while len(self._held) > 1 and (
            next(iter(self._held)) not in asked or sum(each.state.nbytes for each in self._held.values()) > MEMORY
        ):
            self._held.popitem(last=False)
        if len(self._held) < held:
            give_back()  # the blocks lie between others, so freeing them alone does not shrink the process

    def _evaluated(self, ids: tuple[int, ...], put: Put) -> Prefix:
        prefix = self.judge.prefix(ids) if self.carrying is None else self.carrying.evaluated(ids, put)
        if self.files is not None and self._kept(ids, put):
            self.files.save(self._key(ids, put), [prefix.state.tobytes(), prefix.after.tobytes()])
        return prefix

    def _loaded(self, ids: tuple[int, ...], put: Put = NOTHING) -> Prefix | None:
        import numpy as np

        parts = self.files.load(self._key(ids, put)) if self.files is not None and self._kept(ids, put) else None
        if parts is None or len(parts) != 2 or len(parts[1]) != 4 * self.judge.model.words:
            return None
        return Prefix(ids, np.frombuffer(parts[0], np.uint8), np.frombuffer(parts[1], np.float32))

    def _kept(self, ids: tuple[int, ...], put: Put) -> bool:
        return len(ids) >= WORTH and not put.tokens

    def _key(self, ids: tuple[int, ...], put: Put) -> str:
        maker = "\n".join(part for part in (self._maker, put.mark) if part)
        made = hashlib.blake2b(maker.encode() + b"\n" + struct.pack(f"<{len(ids)}i", *ids), digest_size=16)
        return made.hexdigest()
