"""Texts, JSON lists and CSV rows out of files of any length, in constant memory."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from .archive import Archive
from .base import Broken

#: Longest single entry of a list, in characters, and largest file that is read as one document.
MAX_ENTRY, MAX_DOCUMENT = 8 << 20, 8 << 20
MAX_FIELD = 1 << 20
#: Characters that the beginning of a list may have: its name, blanks, the bracket.
LONGEST_START = 4096
_GAP = re.compile(r"[\s,]*")
#: Any list: what stands before it (`window.YTD.like.part0 =`) is not looked at.
ANY_LIST = re.compile(r"\[")
_decode = json.JSONDecoder().raw_decode
_LOST = re.compile("[\udc80-\udcff]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


class Reading:
    """How the reading of one file went: entries read, and whether characters were lost."""

    def __init__(self) -> None:
        self.count = 0
        self.garbled = False


def texts(archive: Archive, name: str, reading: Reading) -> Iterator[str]:
    """A file as text: UTF-8, or what its byte order mark or its zeros say. What fits neither becomes U+FFFD."""
    decoder: Any = None
    for piece in archive.read(name):
        if decoder is None:
            encoding = _encoding(piece)
            # A U+FFFD that somebody wrote is none of ours: bytes that are no UTF-8 are told apart first.
            kept = "surrogateescape" if encoding.startswith("utf-8") else "replace"
            decoder = codecs.getincrementaldecoder(encoding)(kept)
        text = decoder.decode(piece)
        if not text.isascii() and _LOST.search(text):
            reading.garbled, text = True, _LOST.sub("\ufffd", text)
        yield text


def _encoding(head: bytes) -> str:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if head[1:8:2].count(0) == 4 or head[:8:2].count(0) == 4:
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return "utf-8"


def elements(archive: Archive, name: str, reading: Reading, start: re.Pattern[str] = ANY_LIST) -> Iterator[Any]:
    """The elements of the first list that `start` (ending with its bracket) finds. Raises `Broken`.

    Every element is decoded by itself, so a list that breaks off gives all of its sound ones first.
    """
    source = texts(archive, name, reading)
    buffer, at = _find(source, start, name)
    while True:
        found = _GAP.match(buffer, at)
        at = found.end() if found else at
        if at < len(buffer) and buffer[at] == "]":
            return
        try:
            value, end = _decode(buffer, at) if at < len(buffer) else (None, -1)
        except RecursionError:
            raise Broken(f"{name} nests its JSON too deeply") from None
        except ValueError:
            end = -1
        # A bare number at the end of what is there may go on in the next piece.
        if end < 0 or end == len(buffer):
            more = next(source, None)
            if more is not None and len(buffer) - at <= MAX_ENTRY:
                buffer, at = buffer[at:] + more, 0
                continue
            if end < 0:
                raise Broken(_why(name, more is None, buffer, at))
        reading.count += 1
        yield value
        at = end


def _find(source: Iterator[str], start: re.Pattern[str], name: str) -> tuple[str, int]:
    """(text, place just behind the opening bracket). Raises `Broken`."""
    buffer, empty = "", True
    for piece in source:
        buffer = buffer[-LONGEST_START:] + piece
        empty = empty and not piece.strip()
        if found := start.search(buffer):
            return buffer, found.end()
    raise Broken(f"{name} is empty" if empty else f"{name} holds no list of entries")


def _why(name: str, ended: bool, buffer: str, at: int) -> str:
    if ended:
        return f"{name} breaks off" if buffer[at:].strip() else f"{name} ends without closing its list"
    return f"{name} has an entry that is no JSON, or longer than {MAX_ENTRY >> 20} MiB"


def document(archive: Archive, name: str) -> Any:
    """A small JSON file as a whole, the assignment before it taken off. Raises `Broken`."""
    parts, length = [], 0
    for text in texts(archive, name, Reading()):
        parts.append(text)
        length += len(text)
        if length > MAX_DOCUMENT:
            raise Broken(f"{name} is larger than {MAX_DOCUMENT >> 20} MiB")
    whole = "".join(parts)
    begin = re.search(r"[\[{]", whole)
    try:
        return _decode(whole, begin.start())[0] if begin else None
    except (ValueError, RecursionError):
        raise Broken(f"{name} is not JSON") from None


def rows(archive: Archive, name: str, reading: Reading) -> Iterator[dict[str, str]]:
    """Rows of a CSV file by the names of its first row, in lower case. Raises `Broken`."""
    lines = _lines(texts(archive, name, reading), name)
    csv.field_size_limit(MAX_FIELD)
    table = csv.reader(lines)
    try:
        heads = [head.strip().lower() for head in next(table, [])]
        for row in table:
            if row:
                reading.count += 1
                yield dict(zip(heads, row, strict=False))
    except csv.Error as error:
        raise Broken(f"{name} is no sound CSV ({str(error)[:80]})") from None


def lines(archive: Archive, name: str, reading: Reading) -> Iterator[str]:
    """Lines without their ends."""
    return (line.rstrip("\r\n") for line in _lines(texts(archive, name, reading), name))


def _lines(source: Iterator[str], name: str) -> Iterator[str]:
    rest = ""
    for text in source:
        *found, rest = (rest + text).split("\n")
        if len(rest) > MAX_ENTRY:
            raise Broken(f"{name} has a line longer than {MAX_ENTRY >> 20} MiB")
        yield from (line + "\n" for line in found)
    if rest:
        yield rest
