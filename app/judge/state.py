"""Evaluated histories on disk, so that a restart does not read them again.

llama.cpp takes any bytes for a memory: cut short they end the process, from another model they are silently wrong. So
a file is used only if its name, its length and its checksum say that it is exactly what this model, in this format,
with this version of the library, remembered of exactly these tokens.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import struct
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .llama import Prefix

if TYPE_CHECKING:
    from .llama import Judge

log = logging.getLogger(__name__)

MAGIC, SUFFIX = b"penchant state 2", ".state"
#: Bytes of files kept, and of evaluated histories held in memory; the longest unused go first.
DISK, MEMORY = 200 << 20, 256 << 20
#: Smaller histories are evaluated faster than a file is looked for.
WORTH = 64
_HEAD = struct.Struct("<16sI")


class StateFiles:
    """A folder of evaluated histories. Failures of the disk cost a file, never more."""

    def __init__(self, folder: Path, room: int = DISK) -> None:
        self.folder, self.room = folder, room

    def load(self, key: str) -> list[bytes] | None:
        """The parts stored under a key; None where there are none, or not exactly those."""
        path = self.folder / f"{key}{SUFFIX}"
        try:
            parts = _parts(path.read_bytes(), key)
        except OSError:
            return None
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
        body = b"".join(parts)
        if len(body) > self.room:
            return
        facts = {"key": key, "sizes": [len(part) for part in parts], "digest": hashlib.blake2b(body).hexdigest()}
        head = json.dumps(facts).encode()
        path = self.folder / f"{key}{SUFFIX}"
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(_HEAD.pack(MAGIC, len(head)) + head)
                file.write(body)
            part.replace(path)
            self._make_room()
        except OSError as error:
            log.warning("an evaluated history was not stored", extra={"fields": {"why": str(error)}})
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

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


def _parts(data: bytes, key: str) -> list[bytes] | None:
    """The parts of a file's bytes; None unless every byte is as it was written under that key."""
    try:
        magic, length = _HEAD.unpack_from(data)
        facts = json.loads(data[_HEAD.size : _HEAD.size + length])
        sizes, body = [int(size) for size in facts["sizes"]], data[_HEAD.size + length :]
        whole = magic == MAGIC and facts["key"] == key and sum(sizes) == len(body) and min(sizes) >= 0
        if not whole or hashlib.blake2b(body).hexdigest() != facts["digest"]:
            return None
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        return None
    parts, start = [], 0
    for size in sizes:
        parts.append(body[start : start + size])
        start += size
    return parts


class Histories:
    """Evaluated histories of one judge: in memory, else from disk, else evaluated now.

    `maker` names the model's content, its format and the library: another maker's files are never read.
    """

    def __init__(self, judge: Judge, maker: str, files: StateFiles | None) -> None:
        self.judge, self.files = judge, files
        self._maker = f"{maker}\n{judge.context_tokens}\n{judge.batch_tokens}"
        self._held: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()

    def of(self, ids: tuple[int, ...]) -> Prefix:
        """The evaluated history of these tokens."""
        prefix = self._held.pop(ids, None) or self._loaded(ids) or self._evaluated(ids)
        self._held[ids] = prefix
        while len(self._held) > 1 and sum(each.state.nbytes for each in self._held.values()) > MEMORY:
            self._held.popitem(last=False)
        return prefix

    def _evaluated(self, ids: tuple[int, ...]) -> Prefix:
        prefix = self.judge.prefix(ids)
        if self.files is not None and len(ids) >= WORTH:
            self.files.save(self._key(ids), [prefix.state.tobytes(), prefix.after.tobytes()])
        return prefix

    def _loaded(self, ids: tuple[int, ...]) -> Prefix | None:
        import numpy as np

        parts = self.files.load(self._key(ids)) if self.files is not None and len(ids) >= WORTH else None
        if parts is None or len(parts) != 2 or len(parts[1]) != 4 * self.judge.model.words:
            return None
        return Prefix(ids, np.frombuffer(parts[0], np.uint8), np.frombuffer(parts[1], np.float32))

    def _key(self, ids: tuple[int, ...]) -> str:
        made = hashlib.blake2b(self._maker.encode() + b"\n" + struct.pack(f"<{len(ids)}i", *ids), digest_size=16)
        return made.hexdigest()
