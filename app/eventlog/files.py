"""Logs as files: plain or gzip, whole or not at all when written, bounded when read."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from penchant.app.errors import PenchantError

from .wire import LONGEST

#: Bytes of one log, unpacked: some million events with their items.
MOST = 4 << 30
_GZIP = b"\x1f\x8b"
_FIRST = b'{"type":"penchant-events"'


def is_log(path: Path) -> bool:
    """Whether a file begins as a log does."""
    try:
        with path.open("rb") as file:
            head = file.read(2)
        with gzip.open(path) if head == _GZIP else path.open("rb") as opened:
            return opened.read(len(_FIRST)) == _FIRST
    except (OSError, EOFError):
        return False


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a log. Raises `PenchantError` where it breaks off or is larger than a log can be."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if packed else raw as opened:
                yield from _bounded(opened, path)
    except (OSError, EOFError) as error:
        raise PenchantError(
            f"{path.name} is damaged or cannot be read: {error}",
            hint="What came before the damage is kept. Copy the file again, or wait until it is synced.",
        ) from error


def _bounded(opened: io.IOBase | gzip.GzipFile, path: Path) -> Iterator[str]:
    came = 0
    while line := opened.readline(LONGEST + 1):
        came += len(line)
        if came > MOST:
            raise PenchantError(f"{path.name} unpacks to more than {MOST >> 30} GB", hint="That is no log of yours.")
        yield line.decode("utf-8", "replace")


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write a log, packed where its name ends so; it appears only when it is whole and on disk. Returns its lines."""
    part, count = path.with_name(f".{path.name}.part"), 0
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else raw as out:
                for line in lines:
                    out.write(line.encode("utf-8", "replace"))
                    count += 1
            if not raw.closed:
                raw.flush()
                os.fsync(raw.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PenchantError(
            f"{path} cannot be written: {error.strerror or error}", hint="Choose another place; nothing was changed."
        ) from error
    return count
