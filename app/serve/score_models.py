"""The models that read what is to be scored, each in its child process: started on first use, given back when idle."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.adapters.base import Malformed
from penchant.app.embed.base import item_text
from penchant.app.embed.clip_runner import ClipRunner
from penchant.app.embed.runner import Runner
from penchant.app.errors import PenchantError
from penchant.app.models.choice import chosen
from penchant.app.pictures.decoding import decode, decoder
from penchant.app.store.spaces import EACH, PICTURE, TEXT

from .score_ask import Document, Refused
from .score_judge import Judge

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.judging_opinion import Deal
    from penchant.app.paths import Paths

log = logging.getLogger(__name__)

#: Seconds after which an unused model is given back (some hundred MB), and vectors that are remembered (1.5 KB each).
WARM, REMEMBERED = 300.0, 4_096
#: Characters that the feed hands to a model of sentences, and to one of pictures.
SENTENCE, CAPTION = 4_000, 1_000

#: Rows of vectors or opinions, in the order of the documents; None: unknown.
Rows = Sequence[bytes | None]
Opinions = Sequence[float | None]


class Models:
    """Everything here runs in one event loop. `notes` of a call say in words what could not be read."""

    def __init__(self, config: Config, paths: Paths, copy_bytes: int = 0) -> None:
        self._config, self._paths = config, paths
        self._folder = Path(tempfile.mkdtemp(prefix="penchant-score-"))
        self._decoder = decoder()
        self._known: OrderedDict[tuple[str, bytes], bytes | None] = OrderedDict()
        self._sentence: Runner | None = None
        self._clip: ClipRunner | None = None
        self._cooling: asyncio.TimerHandle | None = None
        self._busy = 0
        self.judge = Judge(config, paths, self._folder, copy_bytes)

    async def vectors(self, documents: Sequence[Document], spaces: Mapping[str, str], files: Mapping[int, Path],
                      notes: list[str]) -> dict[str, Rows]:  # fmt: skip
        """Vectors by the name of their space, of all experts of `spaces` but the judge's."""
        own = [place for place, each in enumerate(documents) if not each.item]
        out: dict[str, Rows] = {}
        for expert, space in spaces.items():
            if expert == "static":
                texts = {place: item_text(documents[place].title, documents[place].text) for place in own}
                out[space] = await self._read(space, texts, len(documents), _static)
            elif expert in ("sentence", "picture", "caption"):
                with self._tolerant(expert, notes):
                    out[space] = await self._modelled(expert, space, documents, own, files)
        return out

    async def _modelled(
        self, expert: str, space: str, documents: Sequence[Document], own: Sequence[int], files: Mapping[int, Path]
    ) -> Rows:
        """Raises `PenchantError` where the model is not there, or another one than made the archive's vectors."""
        size = len(documents)
        if expert == "picture":
            asked = {place: str(path) for place, path in files.items()}
            model = space.removesuffix(PICTURE)
            return await self._read(model + EACH, asked, size, lambda rows: self._seen(model, rows, "picture"), _bytes)
        limit = SENTENCE if expert == "sentence" else CAPTION
        texts = {place: item_text(documents[place].title, documents[place].text[:limit]) for place in own}
        if expert == "caption":
            model = space.removesuffix(TEXT)
            return await self._read(space, texts, size, lambda rows: self._seen(model, rows, "text"))
        return await self._read(space, texts, size, lambda rows: self._sentences(space, rows))

    async def _sentences(self, space: str, rows: Sequence[str]) -> Rows:
        if self._sentence is None:
            self._sentence = Runner(self._chosen("sentence"), threads=self._config.models.threads, urgent=True)
        if (await self._sentence.ready()).name != space:
            raise _replaced()
        return await self._sentence.embed(rows)

    async def _seen(self, model: str, rows: Sequence[str], kind: str) -> Rows:
        if self._clip is None:
            self._clip = ClipRunner(self._chosen("picture"), threads=self._config.models.threads, urgent=True)
        if await self._clip.name() != model:
            raise _replaced()
        return await self._clip.embed(rows, kind)

    def _chosen(self, kind: str) -> str:
        path = chosen(kind, self._config.models, self._paths)
        if not path:
            raise PenchantError("there is no model any more that made the archive's vectors")
        return path

    async def _read(
        self, space: str, asked: Mapping[int, str], size: int, read: Callable[[Sequence[str]], Awaitable[Rows]],
        of: Callable[[str], bytes] = str.encode,
    ) -> Rows:  # fmt: skip
        """Vectors of what is asked, those that are remembered and those that `read` makes, each text once."""
        keys = {place: (space, hashlib.blake2b(of(text), digest_size=16).digest()) for place, text in asked.items()}
        fresh = {keys[place]: text for place, text in asked.items() if keys[place] not in self._known}
        made = dict(zip(fresh, await read(list(fresh.values())), strict=True)) if fresh else {}
        out: list[bytes | None] = [None] * size
        for place, key in keys.items():
            out[place] = made[key] if key in made else self._known[key]
        self._known |= made
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return out

    async def pictures(self, documents: Sequence[Document]) -> dict[int, Path]:
        """The pictures as the JPEG files that the feed keeps of such. Raises `Refused` for what is none."""
        found = {}
        for place, each in enumerate(documents):
            if each.picture:
                path = self._folder / f"{hashlib.blake2b(each.picture, digest_size=16).hexdigest()}.jpg"
                if not path.is_file():
                    try:
                        path.write_bytes((await self._decoder(decode, each.picture)).large)
                    except Malformed as error:
                        raise Refused(422, f"document {place}: {error}", "JPEG, PNG, WebP and GIF are read.") from None
                found[place] = path
        return found

    async def opinions(
        self, documents: Sequence[Document], dealt: Deal | None, known: Sequence[float] | None,
        spaces: Mapping[str, str], notes: list[str],
    ) -> tuple[dict[str, Rows], dict[str, Opinions]]:  # fmt: skip
        """What the judge says of documents: (hidden states by space, opinions by expert)."""
        with self._tolerant("judge", notes):
            states, said = await self.judge.opinions(documents, dealt, known, spaces)
            return {**states}, {**said}
        return {}, {}

    @contextlib.contextmanager
    def _tolerant(self, expert: str, notes: list[str]) -> Iterator[None]:
        """A model that cannot be used leaves its expert silent; the number is then what the others say."""
        try:
            yield
        except PenchantError as error:
            log.warning("%s: %s", expert, error)
            notes.append(f"{expert}: {error}" + (f" ({error.hint})" if error.hint else ""))

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """While a request is worked on no model is given back; afterwards the pictures' files go."""
        self._busy += 1
        if self._cooling is not None:
            self._cooling.cancel()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                for path in self._folder.glob("*.jpg"):
                    path.unlink(missing_ok=True)
                loop = asyncio.get_running_loop()
                self._cooling = loop.call_later(WARM, lambda: loop.create_task(self._cool()))

    async def _cool(self) -> None:
        if not self._busy:
            await self._end()

    async def _end(self) -> None:
        sentence, clip, self._sentence, self._clip = self._sentence, self._clip, None, None
        for runner in (sentence, clip, self._decoder, self.judge):
            if runner is not None:
                await runner.close()

    async def close(self) -> None:
        """End every child; nothing of what was scored stays on the disk."""
        if self._cooling is not None:
            self._cooling.cancel()
        await self._end()
        shutil.rmtree(self._folder, ignore_errors=True)


async def _static(rows: Sequence[str]) -> Rows:
    from penchant.app import embed

    made = await asyncio.to_thread(embed.load().embed_batch, list(rows))
    return [vector.tobytes() for vector in made]


def _bytes(path: str) -> bytes:
    return Path(path).name.encode()


def _replaced() -> PenchantError:
    return PenchantError("the model was replaced, and the archive's vectors are still to be made")


