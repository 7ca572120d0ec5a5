"""The GGUF file format, as far as penchant reads and writes it (version 3, little endian).

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: magic, version, numbers of tensors and of metadata
entries, the entries, the tensors' names and shapes, then their data, each from a multiple of the alignment on.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    import numpy as np

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
#: More than any model has; a file that claims more is damaged or made to harm.
MAX_TENSORS, MAX_ENTRIES, MAX_ARRAY, MAX_STRING, MAX_DEPTH = 65_536, 65_536, 16 << 20, 16 << 20, 2
#: Values of a list that is kept: the largest vocabularies have 262,144 tokens.
MAX_KEPT = 1 << 19
#: Value type -> struct format of the numbers.
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY, _UINT32, _INT32, _FLOAT32, _BOOL = 8, 9, 4, 5, 6, 7
#: Tensor type -> (numbers in a block, bytes of a block), as ggml has them; a type not listed is taken as it says.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
}  # fmt: skip
_DAMAGED = "The file is damaged, incomplete or no model: get it again and compare its checksum."


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself. `values` has the single numbers and short texts, not the long lists."""

    version: int
    values: Mapping[str, Any]
    lengths: Mapping[str, int] = field(default_factory=dict)  # of the lists
    lists: Mapping[str, list[Any]] = field(default_factory=dict)  # those asked for
    tensors: int = 0
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # of the tensors, innermost axis first
    kinds: Mapping[int, int] = field(default_factory=dict)  # tensor type -> numbers stored in it

    @property
    def architecture(self) -> str:
        return str(self.values.get("general.architecture", ""))

    def of_architecture(self, key: str) -> Any:
        """The value of "<architecture>.<key>"; None where there is none."""
        return self.values.get(f"{self.architecture}.{key}")


def read_header(path: Path, lists: Sequence[str] = ()) -> Header:
    """Read and check everything before the weights, and keep the lists named. Raises `PenchantError` in words.

    llama.cpp ends the whole process on some files that break its expectations; what is checked here (counts,
    lengths, shapes, whether all weights are inside the file) never comes to it.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, os.fstat(file.fileno()).st_size, path, lists).header()
    except FileNotFoundError as error:
        raise PenchantError(
            f"there is no model file at {path}", hint="Correct `sentence` in [models], or put the file there."
        ) from error
    except OSError as error:
        raise PenchantError(
            f"the model file {path} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error


class _Reader:
    """A cursor over an untrusted file that never reads past its end."""

    def __init__(self, file: BinaryIO, size: int, path: Path, wanted: Sequence[str]) -> None:
        self.file, self.size, self.path, self.wanted = file, size, path, wanted
        self.values: dict[str, Any] = {}
        self.lengths: dict[str, int] = {}
        self.lists: dict[str, list[Any]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.kinds: dict[int, int] = {}

    def header(self) -> Header:
        if self.file.read(4) != MAGIC:
            raise PenchantError(
                f"{self.path} is not a GGUF file",
                hint="llama.cpp reads GGUF files only; models in other formats have to be converted first.",
            )
        (version,) = self._take("I")
        if version not in VERSIONS:
            raise PenchantError(
                f"{self.path} has GGUF version {version}; known are {VERSIONS[0]} and {VERSIONS[1]}",
                hint="It is very old, big-endian or damaged: look for a newer conversion of the model.",
            )
        tensors, entries = self._count(MAX_TENSORS, "tensors"), self._count(MAX_ENTRIES, "entries")
        for _ in range(entries):
            key = self._string(65_535)
            kind = self._take("I")[0]
            if kind == _ARRAY:
                start = self.file.tell()
                self.lengths[key] = self._skip_array(1)
                if key in self.wanted and self.lengths[key] <= MAX_KEPT:
                    self.file.seek(start)
                    self.lists[key] = self._array()
            elif kind == _STRING:
                self.values[key] = self._string(MAX_STRING)[:256]
            else:
                self.values[key] = self._take(self._number(kind))[0]
        self._tensors(tensors)
        return Header(version, self.values, self.lengths, self.lists, tensors, self.shapes, self.kinds)

    def _tensors(self, count: int) -> None:
        """Shapes are plausible and the data of each ends inside the file."""
        end = 0
        for _ in range(count):
            name = self._string(64)
            axes = self._count(4, "axes", "I")
            shape = self.shapes[name] = self._take(f"{axes}Q")
            kind, offset = self._take("IQ")
            numbers = math.prod(shape)
            per, width = _BLOCKS.get(kind, (256, 1))
            if not 0 < numbers < 1 << 40 or offset > 1 << 60:
                raise self._damaged(f"a tensor of shape {list(shape)} at {offset}")
            self.kinds[kind] = self.kinds.get(kind, 0) + numbers
            end = max(end, offset + numbers // per * width)
        alignment = self.values.get("general.alignment", ALIGNMENT)
        if not isinstance(alignment, int) or not 0 < alignment <= 65_536 or alignment & (alignment - 1):
            raise self._damaged(f"an alignment of {alignment!r}")
        start = -(-self.file.tell() // alignment) * alignment
        if start + end > self.size:
            raise self._damaged(f"{self.size:,} bytes of {start + end:,}")

    def _skip_array(self, depth: int) -> int:
        kind = self._take("I")[0]
        length = self._count(MAX_ARRAY, "values of a list")
        if kind == _ARRAY:
            if depth >= MAX_DEPTH:
                raise self._damaged("lists inside lists inside lists")
            for _ in range(length):
                self._skip_array(depth + 1)
        elif kind == _STRING:
            for _ in range(length):
                self._skip(self._count(MAX_STRING, "bytes of a text"))
        else:
            self._skip(length * struct.calcsize("<" + self._number(kind)))
        return length

    def _array(self) -> list[Any]:
        """A list of texts or numbers; a list of lists is empty."""
        kind, length = self._take("IQ")
        if kind == _STRING:
            return [self._string(MAX_STRING) for _ in range(length)]
        return [] if kind == _ARRAY else list(self._take(f"{length}{self._number(kind)}"))

    def _take(self, layout: str) -> tuple[Any, ...]:
        width = struct.calcsize("<" + layout)
        data = self.file.read(width)
        if len(data) != width:
            raise self._damaged("it ends too early")
        return struct.unpack("<" + layout, data)

    def _skip(self, length: int) -> None:
        if self.file.tell() + length > self.size:
            raise self._damaged("it ends too early")
        self.file.seek(length, os.SEEK_CUR)

    def _count(self, most: int, what: str, layout: str = "Q") -> int:
        count = int(self._take(layout)[0])
        if count > most:
            raise self._damaged(f"it claims {count:,} {what}")
        return count

    def _string(self, most: int) -> str:
        length = self._count(most, "bytes of a text")
        if self.file.tell() + length > self.size:
            raise self._damaged("it ends too early")
        return self.file.read(length).decode("utf-8", "replace")

    def _number(self, kind: int) -> str:
        if kind not in _NUMBERS:
            raise self._damaged(f"a value of the unknown type {kind}")
        return _NUMBERS[kind]

    def _damaged(self, found: str) -> PenchantError:
        return PenchantError(f"the model file {self.path} cannot be used: {found}", hint=_DAMAGED)


def write(file: BinaryIO, entries: Mapping[str, Any], tensors: Sequence[tuple[str, np.ndarray]]) -> None:
    """Write a whole file. Entries: str, bool, int (uint32), float (float32), lists of str, int (int32) or float.

    Tensors are float32 or float16, in the order of rows first; GGUF lists the axes from the innermost on.
    """
    parts = [MAGIC, struct.pack("<IQQ", 3, len(tensors), len(entries))]
    for key, value in entries.items():
        parts += [_text(key), _value(value)]
    offset = 0
    for name, array in tensors:
        axes = array.shape[::-1]
        kind = {"float32": 0, "float16": 1}[array.dtype.name]
        parts += [_text(name), struct.pack(f"<I{len(axes)}QIQ", len(axes), *axes, kind, offset)]
        offset += array.nbytes + -array.nbytes % ALIGNMENT
    head = b"".join(parts)
    file.write(head + b"\0" * (-len(head) % ALIGNMENT))
    for _, array in tensors:
        file.write(array.astype(array.dtype.newbyteorder("<"), order="C", copy=False).tobytes())
        file.write(b"\0" * (-array.nbytes % ALIGNMENT))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    return _list(value)


def _list(values: Iterable[Any]) -> bytes:
    items = list(values)
    if items and isinstance(items[0], str):
        return struct.pack("<IIQ", _ARRAY, _STRING, len(items)) + b"".join(map(_text, items))
    kind, letter = (_FLOAT32, "f") if items and isinstance(items[0], float) else (_INT32, "i")
    return struct.pack(f"<IIQ{len(items)}{letter}", _ARRAY, kind, len(items), *items)
