"""Rows straight from the leaf pages of a damaged file, past whatever led to them. Pure.

Format: https://www.sqlite.org/fileformat2.html, sections 1.6 (b-tree pages)
and 2.1 (records). Nothing is believed: every offset is checked, and what does
not parse is skipped.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import Any

#: Largest row believed, bytes; a damaged length must not make us read the whole file as one value.
LARGEST = 16 << 20
_TABLE_LEAF = 13


class Malformed(ValueError):
    """A cell that is no record."""


def rows(data: bytes | mmap.mmap, columns: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(row number, values) of every table row in the file with exactly `columns` values.

    Includes rows of other tables of that width and rows that were deleted or
    replaced but stand on a page that is still a leaf: the caller judges.
    """
    size = int.from_bytes(data[16:18], "big")
    size = 65_536 if size == 1 else size
    if size < 512 or size & (size - 1):
        size = 4_096  # the head is damaged: penchant's files have pages of 4,096 bytes
    usable = size - (data[20] if len(data) > 20 else 0)
    for start in range(0, len(data) - size + 1, size):
        head = start + (100 if start == 0 else 0)
        if data[head] != _TABLE_LEAF:
            continue
        count = int.from_bytes(data[head + 3 : head + 5], "big")
        if head + 8 + 2 * count > start + size:
            continue
        for (offset,) in struct.iter_unpack(">H", data[head + 8 : head + 8 + 2 * count]):
            try:
                number, payload = _cell(data, start, offset, size, usable)
                values = _record(payload, columns)
            except (Malformed, IndexError, struct.error, UnicodeDecodeError):
                continue
            yield number, values


def _varint(data: bytes | mmap.mmap, place: int) -> tuple[int, int]:
    value = 0
    for step in range(8):
        byte = data[place + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + step + 1
    return value << 8 | data[place + 8], place + 9


def _cell(data: bytes | mmap.mmap, start: int, offset: int, size: int, usable: int) -> tuple[int, bytes]:
    """Row number and payload of one leaf cell, its overflow pages followed."""
    if not 8 <= offset < size:
        raise Malformed
    length, place = _varint(data, start + offset)
    number, place = _varint(data, place)
    number -= (number >> 63) << 64
    if length > LARGEST:
        raise Malformed
    most = usable - 35
    if length <= most:
        if place + length > start + size:
            raise Malformed
        return number, data[place : place + length]
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = least if local > most else local
    if place + local + 4 > start + size:
        raise Malformed
    parts, have = [data[place : place + local]], local
    page = int.from_bytes(data[place + local : place + local + 4], "big")
    while have < length:
        begin = (page - 1) * size
        if page < 2 or begin + size > len(data):
            raise Malformed
        take = min(usable - 4, length - have)
        parts.append(data[begin + 4 : begin + 4 + take])
        have += take
        page = int.from_bytes(data[begin : begin + 4], "big")
    return number, b"".join(parts)


def _record(payload: bytes, columns: int) -> tuple[Any, ...]:
    """The values of a record that has exactly `columns` of them."""
    head, place = _varint(payload, 0)
    if head > len(payload):
        raise Malformed
    kinds = []
    while place < head:
        kind, place = _varint(payload, place)
        kinds.append(kind)
    if len(kinds) != columns or place != head:
        raise Malformed
    values = []
    for kind in kinds:
        value, place = _value(payload, kind, place)
        values.append(value)
    if place != len(payload):
        raise Malformed
    return tuple(values)


_INTEGER = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _value(payload: bytes, kind: int, place: int) -> tuple[Any, int]:
    if kind == 0:
        return None, place
    if kind in (8, 9):
        return kind - 8, place
    if kind in (10, 11):
        raise Malformed
    size = _INTEGER.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    raw = payload[place : place + size]
    if len(raw) < size:
        raise Malformed
    place += size
    if kind in _INTEGER:
        return int.from_bytes(raw, "big", signed=True), place
    if kind == 7:
        return struct.unpack(">d", raw)[0], place
    return (raw.decode("utf-8") if kind % 2 else bytes(raw)), place
