"""What a vision model makes of a picture, kept so that it is made once: in memory and as files.

A sight is a row of pieces as libmtmd gives them: tokens of text (marks around the picture) and embeddings (the picture
or one part of it). Files carry a checksum: a flipped bit in an embedding would not be noticed otherwise.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"SIGHT1\n"
_SUM = 16
#: Largest file read back: 8,192 tokens of 4,096 numbers.
_LARGEST = 160 << 20
_NAME = re.compile(r"[0-9a-f]{8,64}")


class Seen(NamedTuple):
    """Embeddings of a picture or of a part of it.

    `chunk` is libmtmd's own description of it (no pixels); `embd` float32 [tokens, width]; `positions` how far it
    moves the reader on (less than `tokens` in models that number rows and columns); `whole` if its tokens look at one
    another in both directions, so that they must be computed in one go.
    """

    chunk: bytes
    embd: NDArray[np.float32]
    positions: int
    whole: bool

    @property
    def tokens(self) -> int:
        return int(self.embd.shape[0])


Piece = Seen | tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A picture as a language model takes it in. `key` names it: mmproj file and picture."""

    key: str
    pieces: tuple[Piece, ...]

    @property
    def tokens(self) -> int:
        """Room that it takes in the context."""
        return size(self.pieces)


def size(pieces: Iterable[Piece]) -> int:
    """Tokens of pieces."""
    return sum(piece.tokens if isinstance(piece, Seen) else len(piece) for piece in pieces)


def pack(sight: Sight) -> bytes:
    """The bytes of a file."""
    facts: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for piece in sight.pieces:
        if not isinstance(piece, Seen):
            facts.append({"text": list(piece)})
            continue
        facts.append({
            "chunk": len(piece.chunk), "shape": list(piece.embd.shape), "positions": piece.positions,
            "whole": piece.whole,
        })  # fmt: skip
        blobs += [piece.chunk, piece.embd.astype("<f4", copy=False).tobytes()]
    body = json.dumps({"key": sight.key, "pieces": facts}).encode() + b"\n" + b"".join(blobs)
    return _MAGIC + hashlib.blake2b(body, digest_size=_SUM).digest() + body


def unpack(data: bytes, key: str) -> Sight | None:
    """The sight of that key in a file's bytes; None if they are damaged or another's."""
    import numpy as np

    start = len(_MAGIC) + _SUM
    body = data[start:]
    if data[: len(_MAGIC)] != _MAGIC or hashlib.blake2b(body, digest_size=_SUM).digest() != data[len(_MAGIC) : start]:
        return None
    head, _, rest = body.partition(b"\n")
    facts = json.loads(head)
    if facts["key"] != key:
        return None
    pieces: list[Piece] = []
    for fact in facts["pieces"]:
        if "text" in fact:
            pieces.append(tuple(fact["text"]))
            continue
        chunk, rest = rest[: fact["chunk"]], rest[fact["chunk"] :]
        tokens, width = fact["shape"]
        embd = np.frombuffer(rest[: 4 * tokens * width], "<f4").reshape(tokens, width).astype(np.float32)
        rest = rest[4 * tokens * width :]
        pieces.append(Seen(chunk, embd, fact["positions"], fact["whole"]))
    return Sight(key, tuple(pieces))


class Sights:
    """Sights of one mmproj file, by the key of the picture. The longest unused go first; one thread."""

    def __init__(self, folder: Path | None, *, memory_bytes: int = 64 << 20, disk_bytes: int = 256 << 20) -> None:
        self.folder, self.memory_bytes, self.disk_bytes = folder, memory_bytes, disk_bytes
        self._kept: OrderedDict[str, Sight] = OrderedDict()

    def get(self, key: str) -> Sight | None:
        found = self._kept.get(key)
        if found is None and (found := self._read(key)) is not None:
            self._keep(found)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, sight: Sight) -> None:
        """Keep it; a full or read-only disk only means that it is made again another day."""
        self._keep(sight)
        path = self._path(sight.key)
        if path is None:
            return
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = tempfile.NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False)  # noqa: SIM115
            try:
                with file:
                    file.write(pack(sight))
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
            _shrink(path.parent, self.disk_bytes)

    def _keep(self, sight: Sight) -> None:
        self._kept[sight.key] = sight
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self.memory_bytes:
            self._kept.popitem(last=False)

    def _read(self, key: str) -> Sight | None:
        path = self._path(key)
        try:
            if path is None or path.stat().st_size > _LARGEST:
                return None
            sight = unpack(path.read_bytes(), key)
            if sight is None:
                path.unlink()
            else:
                os.utime(path)
            return sight
        except OSError:
            return None

    def _path(self, key: str) -> Path | None:
        return self.folder / f"{key}.sight" if self.folder and _NAME.fullmatch(key) else None


def _bytes(sight: Sight) -> int:
    return sum(piece.embd.nbytes for piece in sight.pieces if isinstance(piece, Seen))


def _shrink(folder: Path, most: int) -> None:
    """Delete the files used least lately until the rest fits, and what a killed process left half written."""
    files = [(entry.stat(), entry) for entry in os.scandir(folder) if entry.is_file()]
    files.sort(key=lambda each: each[0].st_mtime)
    total = sum(stat.st_size for stat, _ in files)
    newest = files[-1][0].st_mtime if files else 0.0
    for stat, entry in files:
        left_over = entry.name.endswith(".new") and stat.st_mtime < newest - 3600
        if total <= most and not left_over:
            continue
        os.unlink(entry.path)
        total -= stat.st_size
