"""One file from a server to the disk: resumed after a break, verified, there in whole or not at all.

What has arrived lies beside its place as NAME.part, with NAME.part.json saying what it is a part of. The operating
system's lock on .NAME.lock keeps two processes from writing one file.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from penchant.app.errors import AlreadyRunning, PenchantError
from penchant.app.lock import WorkerLock

from .catalogue import OPEN_CLIP
from .check import CHUNK, check
from .files import write_whole
from .hub import Part
from .web import STALL, Broken

if TYPE_CHECKING:
    from .web import Answer, Web

#: Bytes done so far of this file, 0 to its size.
Progress = Callable[[int], None]
#: Breaks in a row without a byte in between until it gives up, and the longest wait that a server may ask for.
TRIES, LONGEST = 5, 120.0
#: A transfer that brings less than this in `Web.stall` seconds has stalled, though single bytes may drip.
LEAST = 16 << 10


class Stopped(PenchantError):
    """The reader said stop."""

    hint = "What has arrived is kept; pull it again and it goes on from there."


async def fetch(
    web: Web, part: Part, folder: Path, progress: Progress, stopped: Callable[[], bool] = lambda: False
) -> str:
    """Fetch `part` to its place in `folder`; returns its SHA-256. Raises `PenchantError` in words."""
    path = folder / part.place
    with _alone(path):
        partial = path.with_name(path.name + ".part")
        note = path.with_name(path.name + ".part.json")
        try:
            made = await _whole(web, part, partial, note, progress, stopped)
            _verify(part, made, partial, note)
            _place(partial, path, note)
        except OSError as error:
            raise _disk(error, path) from error
        return made.hexdigest()


async def _whole(
    web: Web, part: Part, partial: Path, note: Path, progress: Progress, stopped: Callable[[], bool]
) -> Sum:
    """Go on until everything is there, over breaks."""
    made = _arrived(part, partial, note, progress)
    tries, furthest = 0, made.done
    while made.done < part.size:
        try:
            await _stretch(web, part, partial, note, made, progress, stopped)
        except Broken as error:
            tries = 1 if made.done > furthest else tries + 1
            furthest = max(furthest, made.done)
            if tries >= TRIES or error.wait > LONGEST:
                raise
            await _pause(max(error.wait, 2.0 ** (tries - 1) * min(1.0, web.stall / STALL)), stopped)
    return made


async def _stretch(
    web: Web, part: Part, partial: Path, note: Path, made: Sum, progress: Progress, stopped: Callable[[], bool]
) -> None:
    """One request: from where we are to the end, or to the next break."""
    headers = {"Range": f"bytes={made.done}-"} if made.done else {}
    if made.done and made.validator:
        headers["If-Range"] = made.validator
    async with web.open(part.address, headers, allowed=(416,)) as answer:
        if answer.status == 416 or (made.done and not _continues(answer, made.done, part.size)):
            # another file, or a server that cannot go on in the middle
            made.restart()
            if answer.status == 416:
                _drop(partial, note)
                raise Broken(f"{web.host} has another file by now; from the beginning")
        made.validator = _strong(answer.headers.get("etag", ""))
        _announced(answer, part, made.done)
        write_whole(note, json.dumps(_identity(part) | {"etag": made.validator}))
        with partial.open("r+b" if partial.exists() else "wb") as file:
            file.truncate(made.done)
            file.seek(made.done)
            try:
                await _pour(answer, part, made, file, web.stall, progress, stopped)
            except Oversized:
                _drop(partial, note)
                raise
            finally:
                file.flush()
    if made.done < part.size:
        raise Broken(f"the connection to {web.host} ended after {made.done:,} of {part.size:,} bytes")


async def _pour(
    answer: Answer, part: Part, made: Sum, file: BinaryIO, stall: float, progress: Progress, stopped: Callable[[], bool]
) -> None:
    since, counted = time.monotonic(), made.done
    async for chunk in answer.chunks:
        if stopped():
            raise Stopped("stopped")
        if made.done + len(chunk) > part.size:
            raise Oversized(
                f"the server sends more than the {part.size:,} bytes that were announced; it was dropped",
                hint="Somebody changed the file, or the server is broken: try again later.",
            )
        file.write(chunk)
        made.add(chunk)
        progress(made.done)
        now = time.monotonic()
        if now - since > stall:
            if made.done - counted < min(LEAST, part.size - counted):
                raise Broken(f"only {made.done - counted:,} bytes came in {now - since:.0f} s")
            since, counted = now, made.done


class Oversized(PenchantError):
    """More bytes than announced."""


class Sum:
    """How much has arrived, its checksums on the way, and the validator (ETag) it came with."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.validator = ""
        self.restart()

    def restart(self) -> None:
        self.done = 0
        self._sha256 = hashlib.sha256()
        self._blob = hashlib.sha1(b"blob %d\0" % self._size, usedforsecurity=False)

    def add(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._blob.update(chunk)
        self.done += len(chunk)

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()

    def blob(self) -> str:
        """The id that git gives a file of this content."""
        return self._blob.hexdigest()


def _arrived(part: Part, partial: Path, note: Path, progress: Progress) -> Sum:
    """What an earlier attempt left of the same file."""
    made = Sum(part.size)
    try:
        said = json.loads(note.read_bytes())
        same = {key: said.get(key) for key in _identity(part)} == _identity(part)
    except (OSError, ValueError, AttributeError):
        said, same = {}, False
    if not same or not partial.exists() or partial.stat().st_size > part.size:
        _drop(partial, note)
        return made
    with partial.open("rb") as file:
        while chunk := file.read(CHUNK):
            made.add(chunk)
            progress(made.done)
    made.validator = _strong(str(said.get("etag") or ""))
    return made


def _identity(part: Part) -> dict[str, Any]:
    """What must be equal for two attempts to be about one file. With a checksum the address may change."""
    known = part.sha256 or part.blob
    return {"size": part.size, "sum": known, "address": "" if known else part.address}


def _continues(answer: Answer, start: int, size: int) -> bool:
    return answer.status == 206 and answer.headers.get("content-range", "").replace(" ", "") in (
        f"bytes{start}-{size - 1}/{size}", f"bytes{start}-{size - 1}/*",
    )  # fmt: skip


def _announced(answer: Answer, part: Part, done: int) -> None:
    """Raises `PenchantError` where the server is about to send another length than the hub said."""
    length = answer.headers.get("content-length", "")
    if length.isdigit() and int(length) != part.size - done:
        raise PenchantError(
            f"the server has {int(length) + done:,} bytes where {part.size:,} were announced",
            hint="The file was changed while you were asked, or the server is broken: pull again.",
        )


def _strong(etag: str) -> str:
    """A validator that may stand in If-Range; weak ones may not (RFC 9110, 13.1.5)."""
    return etag if etag.startswith('"') and len(etag) < 200 and etag.isascii() else ""


def _verify(part: Part, made: Sum, partial: Path, note: Path) -> None:
    wrong = (part.sha256 and made.hexdigest() != part.sha256) or (part.blob and made.blob() != part.blob)
    if wrong:
        _drop(partial, note)
        raise PenchantError(
            f"{Path(part.place).name} arrived with another checksum than the hub announced, and was deleted",
            hint="Something on the way changed it: a broken proxy, or somebody. Try again, or from another network.",
        )


def _place(partial: Path, path: Path, note: Path) -> None:
    """Put the file in its place once it is sound and on the disk."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    if path.suffix in (".gguf", ".safetensors") or path.name in OPEN_CLIP:
        try:
            check(partial, path.name)
        except PenchantError as error:
            _drop(partial, note)
            raise PenchantError(str(error).replace(str(partial), path.name), hint=error.hint) from error
    partial.replace(path)
    note.unlink(missing_ok=True)


def _drop(partial: Path, note: Path) -> None:
    partial.unlink(missing_ok=True)
    note.unlink(missing_ok=True)


async def _pause(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopped():
            raise Stopped("stopped")
        await asyncio.sleep(min(left, 0.2))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of this file."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with WorkerLock(lock):
            yield
    except AlreadyRunning as error:
        raise PenchantError(
            f"another penchant is pulling {path.name} already", hint="Wait for it: its window shows how far it is."
        ) from error
    except OSError as error:
        raise _disk(error, path) from error


def _disk(error: OSError, path: Path) -> PenchantError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", -1)):
        return PenchantError(
            f"the disk is full: {path.name} could not be stored in whole",
            hint="Free some space and pull again: what has arrived is kept and goes on from there."
            " `penchant models remove` deletes it.",
        )
    return PenchantError(f"{path} cannot be written: {error.strerror or error}", hint="Check the folder's permissions.")
