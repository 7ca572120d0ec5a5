"""Descriptions of pictures in the background: text read in them, tags that they look like.

A lane of the worker. What is missing is always asked of the archive, so a kill costs one picture. Each way of
describing works by itself: without penchant[ocr] no text is read, without picture vectors there are no tags.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from penchant.adapters.base import Malformed

from .embed.clip_runner import LIMITS, PROGRAM
from .embed.runner import Runner
from .errors import PenchantError, StoreError
from .models.choice import chosen
from .parse_runner import ParseRunner
from .pictures import ocr
from .pictures.files import PictureFiles
from .pictures.tags import PROMPT, edition, tags_of, vocabulary
from .power import on_battery
from .store.spaces import EACH, PICTURES_ACTIVE

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store
    from .store.control import Request

    T = TypeVar("T")
    Call = Callable[[Callable[[Store], T]], Awaitable[T]]

log = logging.getLogger(__name__)

TAGS, OCR = "tags", "ocr"
#: Setting: the model and the vocabulary that the tags were made with.
EDITION = "tags.edition"
#: Seconds: before the first look, between looks, on battery, after a failure.
BEGIN, LOOK, PAUSE, AGAIN = 5.0, 2.0, 60.0, 300.0
#: Pictures tagged in one go, and items whose shadows are made in one go.
PICTURES, ITEMS = 256, 200
#: An OCR process that rests so long is given back (400 MB).
IDLE = 30.0


class Describing:
    """`run` it as a task until the end."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._config, self._paths, self._call = config, paths, call
        self._files = PictureFiles(paths.cache / "pictures")
        self._reads = config.models.text_in_pictures and ocr.installed()
        self._ocr: ParseRunner | None = None
        self._read_at = 0.0
        self._tags: tuple[str, tuple[str, ...], list[bytes]] | None = None  # edition, words, their vectors
        self._tags_after = 0.0
        self._seen: tuple[int, int] = (-1, -1)  # the archive as it was when nothing waited ...
        self._look_at = 0.0  # ... and when to look again in any case

    def hear(self, letter: Request) -> None:
        """A change of models: tags may have to be made anew."""
        if letter.kind == "models":
            self._tags, self._tags_after, self._look_at = None, 0.0, 0.0

    async def run(self) -> None:
        """Work until cancelled; failures are logged and tried again later."""
        await asyncio.sleep(BEGIN)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._rest)
            while True:
                try:
                    pause = PAUSE if on_battery() else await self._step()
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                    pause = AGAIN
                except Exception:
                    log.exception("no descriptions")
                    pause = AGAIN
                await asyncio.sleep(pause)

    async def _step(self) -> float:
        """Shadows first (they cost nothing), then tags, then text; returns the seconds to wait."""
        moment = await self._call(lambda store: store.descriptions.moment())
        if moment != self._seen or time.monotonic() >= self._look_at:
            pause = await self._look()
            if pause is not None:
                return pause
            self._seen, self._look_at = moment, time.monotonic() + PAUSE
        if self._ocr is not None and time.monotonic() - self._read_at > IDLE:
            await self._rest()
        return LOOK

    async def _look(self) -> float | None:
        """Describe something; the seconds of rest that it earned, None where nothing waits."""
        uncast = await self._call(lambda store: store.descriptions.uncast(ITEMS))
        if uncast:
            await self._call(lambda store: store.descriptions.cast(uncast))
            return 0.0
        if time.monotonic() >= self._tags_after and await self._tag():
            return 0.0
        if self._reads:
            took = await self._read()
            if took:
                return took * (1.0 / self._config.models.cpu_share - 1.0)
        return None

    # -- text
    async def _read(self) -> float:
        """Read one picture; returns the seconds that it took, 0 where nothing waits."""
        waiting = await self._call(lambda store: store.descriptions.missing(OCR, 1))
        if not waiting:
            return 0.0
        started = time.monotonic()
        self._ocr = self._ocr or ocr.reader()
        path = self._files.large(waiting[0])
        try:
            text = await self._ocr(ocr.read_text, str(path)) if path.is_file() else ""
        except Malformed as error:  # it broke the reader or a limit: not to be tried again
            log.warning("text of a picture", extra={"fields": {"picture": waiting[0].hex(), "error": str(error)}})
            text = ""
        await self._call(lambda store: store.descriptions.put(OCR, [(waiting[0], text)]))
        self._read_at = time.monotonic()
        return max(self._read_at - started, 1e-3)

    async def _rest(self) -> None:
        child, self._ocr = self._ocr, None
        if child is not None:
            await child.close()

    # -- tags
    async def _tag(self) -> bool:
        """Tag a number of pictures; says whether there may be more."""
        model = await self._call(lambda store: store.control.setting(PICTURES_ACTIVE))
        words = vocabulary(vocabulary_file(self._paths))
        if not model or not words:
            self._tags_after = time.monotonic() + PAUSE
            return False
        wanted = edition(model, words)
        if self._tags is None or self._tags[0] != wanted:
            await self._call(lambda store: _renew(store, wanted))
            if not await self._call(lambda store: store.descriptions.untagged(model + EACH, TAGS, 1)):
                return False
            try:
                self._tags = wanted, *await self._prompts(model, words)
            except PenchantError as error:
                log.error("no tags for pictures: %s", error)
                self._tags_after = time.monotonic() + AGAIN
                return False
        known, vectors = self._tags[1:]
        return await self._call(lambda store: _tagged(store, model, known, vectors))

    async def _prompts(self, model: str, words: tuple[str, ...]) -> tuple[tuple[str, ...], list[bytes]]:
        """The words that the model can take, and the vectors of their prompts.

        Raises `PenchantError`, also where the chosen model is not yet the one that the pictures' vectors are of.
        """
        path = chosen("picture", self._config.models, self._paths)
        if path is None:
            raise PenchantError("no picture model is chosen", hint="`penchant models use picture NAME` chooses one.")
        threads = self._config.models.threads
        async with Runner(path, threads=threads, limits=LIMITS, program=PROGRAM, library="open_clip") as runner:
            if (await runner.ready()).name != model:
                raise PenchantError("the pictures have their vectors by another model", hint="They get new ones first.")
            found = await runner.embed([PROMPT.format(word) for word in words], "text")
        kept = [(word, vector) for word, vector in zip(words, found, strict=True) if vector is not None]
        return tuple(word for word, _ in kept), [vector for _, vector in kept]


def _renew(store: Store, wanted: str) -> None:
    """Drop the tags of another model or vocabulary."""
    if store.control.setting(EDITION) != wanted:
        store.descriptions.forget(TAGS)
        store.control.remember(EDITION, wanted)


def _tagged(store: Store, model: str, words: tuple[str, ...], prompts: list[bytes]) -> bool:
    """Tag pictures that have a vector, newest first; says whether any had."""
    import numpy as np

    waiting = store.descriptions.untagged(model + EACH, TAGS, PICTURES)
    if not waiting or not prompts:
        return False
    pictures = np.frombuffer(b"".join(vector for _, vector in waiting), "<f4").reshape(len(waiting), -1)
    tags = np.frombuffer(b"".join(prompts), "<f4").reshape(len(prompts), -1)
    store.descriptions.put(TAGS, zip((each for each, _ in waiting), tags_of(pictures, tags, words), strict=True))
    return True


def vocabulary_file(paths: Paths) -> Path:
    """Where the reader's own vocabulary lies."""
    return paths.config / "vocabulary.txt"
