"""One picture from its address into the cache: fetched with bounds, decoded in the child, kept by its hash."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from penchant.adapters.base import (
    INSIDE,
    Gone,
    Malformed,
    NotFound,
    RateLimited,
    SourceError,
    TimedOut,
    TooLarge,
    Unreachable,
)
from penchant.adapters.sample import PICTURE_PREFIX
from penchant.app.generating_draw import DRAWN, kept
from penchant.app.parse_runner import Broke
from penchant.app.store.pictures_rows import SMALL, Failed, Kept, Outcome, Unchanged, Wanted, Whole

from .decoding import Decoded, decode, drawn
from .formats import NotAPicture, sniff
from .line import host_of, typed
from .own import OwnExports

if TYPE_CHECKING:
    from penchant.adapters.http import Client
    from penchant.app.parse_runner import ParseRunner
    from penchant.app.sync import Call

    from .files import PictureFiles

T = TypeVar("T")
ACCEPT = "image/webp,image/png,image/jpeg,image/gif;q=0.9,*/*;q=0.1"
#: Seconds until a failed picture is tried again; each further failure waits `GROWTH` times as long.
FIRST, GROWTH, LONGEST = 60.0, 4.0, 86_400.0
#: A picture that broke its decoder so often is not tried again.
BREAKS = 2
#: Characters of a note.
LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it. `host` is what it says of the host `at`: "answered", "rests" (for `rest` seconds, None: as
    the line thinks), "" nothing. `bytes`: of the files that are new in the cache.
    """

    outcome: Outcome
    host: str = ""
    rest: float | None = None
    bytes: int = 0
    at: str = ""


class Fetching:
    """Fetches single pictures. `most` is the largest answer in bytes."""

    def __init__(self, client: Client, decoder: ParseRunner, files: PictureFiles, call: Call, most: int) -> None:
        self._client, self._decoder, self._files, self._call, self._most = client, decoder, files, call, most
        self.exports = OwnExports(call, most)

    async def fetch(self, job: Wanted) -> Done:
        """The picture, else the other copy that the item names.

        Never raises because of a server or a picture. Raises `OSError` where the cache cannot be written.
        """
        first = job.address
        done = await self._try(job, first)
        if not isinstance(done.outcome, Failed):
            return done
        if job.state == "there":
            worse = done.outcome.retry_at is None and job.is_small and first == job.url
            return replace(done, outcome=Whole(job.id)) if worse else done
        other = job.url if first == job.small else job.small
        if not other or (done.host == "rests" and host_of(other) == done.at):
            return done
        second = await self._try(job._replace(etag="", last_modified=""), other)
        return done if isinstance(second.outcome, Failed) else second

    async def _try(self, job: Wanted, url: str) -> Done:
        return replace(await self._at(job, url), at=host_of(url))

    async def _at(self, job: Wanted, url: str) -> Done:
        try:
            if url.startswith(PICTURE_PREFIX):
                data, decoded = await self._decoded(drawn, url)
                return await self._keep(job, url, data, decoded, "", "")
            if url.startswith(INSIDE):
                return await self._taken(job, url, await self.exports.read(url, job.addresses))
            if url.startswith(DRAWN):
                return await self._taken(job, url, await self._call(lambda store: kept(store.path, url)))
            return await self._from_web(job, url)
        except NotAPicture as error:
            return Done(failed(job, str(error), final=error.final), "answered")
        except Broke as error:
            return Done(failed(job, str(error), final=job.failures + 1 >= BREAKS), "answered")
        except SourceError as error:
            return _refused(job, url, error, self._most)

    async def _from_web(self, job: Wanted, url: str) -> Done:
        answer = await self._client.get(
            url, headers={"Accept": ACCEPT}, etag=job.etag, last_modified=job.last_modified,
            typed=typed(url, job.addresses), ok=(200, 304), max_bytes=self._most,
        )  # fmt: skip
        if answer.not_modified:
            if job.state == "there":
                return Done(Unchanged(job.id), "answered")
            raise Malformed("the server says that nothing has changed, but there is nothing here")
        tags = (answer.headers.get("etag", "")[:500], answer.headers.get("last-modified", "")[:100])
        return await self._taken(job, url, answer.body, *tags)

    async def _taken(self, job: Wanted, url: str, data: bytes, *tags: str) -> Done:
        """Bytes as they came; `tags` are the server's validators. Raises `NotAPicture`, `Broke`."""
        sniff(data)
        tags, hash = (tags or ("", "")), digest(data)
        twin = await self._call(lambda store: store.pictures.twin(hash))
        if twin is not None and self._files.has(hash):
            format = _named(twin.format.removeprefix(SMALL), job, url)
            return Done(twin._replace(id=job.id, format=format, etag=tags[0], last_modified=tags[1]), "answered")
        return await self._keep(job, url, data, await self._decoded(decode, data), tags[0], tags[1])

    async def _decoded(self, function: Callable[..., T], *args: object) -> T:
        """What the child makes of it. Raises `NotAPicture`, and `Broke` where it broke the child or a limit."""
        try:
            found: T = await self._decoder(function, *args)
            return found
        except Broke:
            raise
        except Malformed as error:
            raise NotAPicture(str(error)) from None

    async def _keep(self, job: Wanted, url: str, data: bytes, got: Decoded, etag: str, last_modified: str) -> Done:
        hash = digest(data)
        size = await asyncio.to_thread(self._files.put, hash, got.thumb, got.large)
        kept = Kept(
            job.id, hash, _named(got.format, job, url), got.width, got.height, got.frames, len(data), got.preview,
            got.fingerprint, etag, last_modified,
        )  # fmt: skip
        return Done(kept, "answered", bytes=size)


def _named(format: str, job: Wanted, url: str) -> str:
    return format if url == job.url or url.startswith(INSIDE) else SMALL + format


def digest(data: bytes) -> bytes:
    """The name of a picture: 16 bytes of the bytes as they came."""
    return hashlib.blake2b(data, digest_size=16).digest()


def failed(job: Wanted, note: str, *, final: bool = False, at_least: float = 0.0) -> Failed:
    """To be tried again after a pause that grows with every failure, `at_least` seconds; `final`: never."""
    if final:
        return Failed(job.id, note[:LONGEST_NOTE], None)
    pause = min(FIRST * GROWTH ** min(job.failures, 20), LONGEST) * random.uniform(0.8, 1.2)
    return Failed(job.id, note[:LONGEST_NOTE], time.time() + max(pause, at_least))


def _refused(job: Wanted, url: str, error: SourceError, most: int) -> Done:
    """What a failure of the server, of the way to it or of the picture means."""
    if isinstance(error, TooLarge):
        return Done(failed(job, f"the picture is larger than {most >> 20} MiB", final=True), "answered")
    final = isinstance(error, NotFound | Gone) or not url.startswith(("http://", "https://", INSIDE))
    outcome = failed(job, str(error), final=final, at_least=error.retry_after or 0.0)
    if isinstance(error, Unreachable | TimedOut | RateLimited) or error.retry_after:
        return Done(outcome, "rests", error.retry_after)
    return Done(outcome)
