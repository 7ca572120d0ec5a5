"""One picture from its address into the cache: fetched with bounds, decoded in the child, kept by its hash."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from penchant.adapters.base import (
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
from penchant.app.parse_runner import Broke
from penchant.app.store.pictures_rows import Failed, Kept, Outcome, Unchanged, Wanted

from .decoding import Decoded, decode, drawn
from .formats import NotAPicture, sniff
from .line import typed

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


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it. `host` is what it says of its host: "answered", "rests" (for `rest` seconds, None: as
    the line thinks), "" nothing. `bytes`: of the files that are new in the cache.
    """

    outcome: Outcome
    host: str = ""
    rest: float | None = None
    bytes: int = 0


class Fetching:
    """Fetches single pictures. `most` is the largest answer in bytes."""

    def __init__(self, client: Client, decoder: ParseRunner, files: PictureFiles, call: Call, most: int) -> None:
        self._client, self._decoder, self._files, self._call, self._most = client, decoder, files, call, most

    async def fetch(self, job: Wanted) -> Done:
        """Never raises because of a server or a picture. Raises `OSError` where the cache cannot be written."""
        try:
            if job.url.startswith(PICTURE_PREFIX):
                data, decoded = await self._decoded(drawn, job.url)
                return await self._keep(job, data, decoded, "", "")
            return await self._from_web(job)
        except NotAPicture as error:
            return Done(failed(job, str(error), final=error.final), "answered")
        except Broke as error:
            return Done(failed(job, str(error), final=job.failures + 1 >= BREAKS), "answered")
        except SourceError as error:
            return _refused(job, error, self._most)

    async def _from_web(self, job: Wanted) -> Done:
        answer = await self._client.get(
            job.url, headers={"Accept": ACCEPT}, etag=job.etag, last_modified=job.last_modified,
            typed=typed(job.url, job.addresses), ok=(200, 304), max_bytes=self._most,
        )  # fmt: skip
        if answer.not_modified:
            if job.state == "there":
                return Done(Unchanged(job.id), "answered")
            raise Malformed("the server says that nothing has changed, but there is nothing here")
        sniff(answer.body)
        tags = (answer.headers.get("etag", "")[:500], answer.headers.get("last-modified", "")[:100])
        hash = digest(answer.body)
        twin = await self._call(lambda store: store.pictures.twin(hash))
        if twin is not None and self._files.has(hash):
            return Done(twin._replace(id=job.id, etag=tags[0], last_modified=tags[1]), "answered")
        return await self._keep(job, answer.body, await self._decoded(decode, answer.body), *tags)

    async def _decoded(self, function: Callable[..., T], *args: object) -> T:
        """What the child makes of it. Raises `NotAPicture`, and `Broke` where it broke the child or a limit."""
        try:
            found: T = await self._decoder(function, *args)
            return found
        except Broke:
            raise
        except Malformed as error:
            raise NotAPicture(str(error)) from None

    async def _keep(self, job: Wanted, data: bytes, got: Decoded, etag: str, last_modified: str) -> Done:
        hash = digest(data)
        size = await asyncio.to_thread(self._files.put, hash, got.thumb, got.large)
        kept = Kept(
            job.id, hash, got.format, got.width, got.height, got.frames, len(data), got.preview, got.fingerprint,
            etag, last_modified,
        )  # fmt: skip
        return Done(kept, "answered", bytes=size)


def digest(data: bytes) -> bytes:
    """The name of a picture: 16 bytes of the bytes as they came."""
    return hashlib.blake2b(data, digest_size=16).digest()


def failed(job: Wanted, note: str, *, final: bool = False, at_least: float = 0.0) -> Failed:
    """To be tried again after a pause that grows with every failure, `at_least` seconds; `final`: never."""
    if final:
        return Failed(job.id, note, None)
    pause = min(FIRST * GROWTH ** min(job.failures, 20), LONGEST) * random.uniform(0.8, 1.2)
    return Failed(job.id, note, time.time() + max(pause, at_least))


def _refused(job: Wanted, error: SourceError, most: int) -> Done:
    """What a failure of the server, of the way to it or of the picture means."""
    if isinstance(error, TooLarge):
        return Done(failed(job, f"the picture is larger than {most >> 20} MiB", final=True), "answered")
    final = isinstance(error, NotFound | Gone) or not job.url.startswith(("http://", "https://"))
    outcome = failed(job, str(error), final=final, at_least=error.retry_after or 0.0)
    if isinstance(error, Unreachable | TimedOut | RateLimited) or error.retry_after:
        return Done(outcome, "rests", error.retry_after)
    return Done(outcome)
