"""Files of what a model remembers, believed only when every byte is as it was written.

llama.cpp takes any bytes for a memory: cut short they end the process, from another model they are silently wrong. So
each file begins with a mark, the length and the checksum of a JSON object ("facts": what the memory is of, "sizes" of
the parts that follow, and their checksum); nothing of it reaches llama.cpp before both checksums are right.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"penchant state 3"
#: Characters of the facts at most; they are read before anything is known of the file.
MOST_FACTS = 1 << 20
_HEAD = struct.Struct("<16sI32s")


def save(path: Path, facts: Mapping[str, Any], parts: Sequence[bytes | memoryview]) -> None:
    """Write a file, whole or not at all, for its owner only. Raises `OSError`."""
    digest = hashlib.sha256()
    for each in parts:
        digest.update(each)
    said = {"facts": dict(facts), "sizes": [len(each) for each in parts], "sha256": digest.hexdigest()}
    head = json.dumps(said).encode()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_HEAD.pack(MAGIC, len(head), hashlib.sha256(head).digest()) + head)
            for each in parts:
                file.write(each)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def facts(path: Path) -> dict[str, Any] | None:
    """What a file says it is of, without looking at the parts; None where that is damaged or they are cut short.

    Raises `OSError`.
    """
    with path.open("rb") as file:
        head = _head(file)
        if head is None or file.tell() + sum(head["sizes"]) != os.fstat(file.fileno()).st_size:
            return None
        return dict(head["facts"])


def first(path: Path, most: int) -> bytes | None:
    """The first part, without looking at the others; its checksum is the caller's affair. As `facts` otherwise."""
    with path.open("rb") as file:
        head = _head(file)
        return None if head is None or not head["sizes"] or head["sizes"][0] > most else file.read(head["sizes"][0])


def load(path: Path) -> tuple[dict[str, Any], list[memoryview]] | None:
    """The facts and the parts; None unless every byte is as it was written. Raises `OSError`."""
    with path.open("rb") as file:
        head = _head(file)
        if head is None:
            return None
        body = memoryview(file.read())
    if sum(head["sizes"]) != len(body) or hashlib.sha256(body).hexdigest() != head["sha256"]:
        return None
    parts, start = [], 0
    for size in head["sizes"]:
        parts.append(body[start : start + size])
        start += size
    return dict(head["facts"]), parts


def _head(file: BinaryIO) -> dict[str, Any] | None:
    """The JSON object at the beginning, which leaves the file at the parts; None where it is damaged."""
    try:
        magic, length, digest = _HEAD.unpack(file.read(_HEAD.size))
        if magic != MAGIC or length > MOST_FACTS:
            return None
        data = file.read(length)
        if hashlib.sha256(data).digest() != digest:
            return None
        said: dict[str, Any] = json.loads(data)
        if not all(isinstance(size, int) and size >= 0 for size in said["sizes"]):
            return None
        return said if isinstance(said["facts"], dict) and isinstance(said["sha256"], str) else None
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        return None
