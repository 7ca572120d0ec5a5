"""A request for drafts from beginning to end: the reader, a carrier, a model, the archive, the candidates as they come.

The same for a terminal (`penchant draft`) and for the worker's lane (`writing_lane`): a `Desk` keeps the model between
requests, and whoever asks gives a way to the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError
from penchant.app.store.drafts import Draft

from . import overlap
from .carrying import carried_by, chosen_model, copy_bytes, opened
from .choosing import scattered
from .making import POOL, Tools, compose
from .meaning import Meaning
from .values import Candidate, Progress, Wish

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call
    from penchant.app.voice.values import Reader, Voice

    from .taster import Taster

#: Liked texts, the latest, among which a post about anything finds its subject.
SPARKS = 200
UNJUDGED = "there are too few likes yet: the drafts are not ranked by taste"


class Desk:
    """An async context manager. `call` runs a function of the store; the model is loaded with the first request."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._config, self._paths, self._call = config, paths, call
        self._stack: contextlib.AsyncExitStack | None = None
        self._voice: Voice | None = None
        self._model = ""
        self._meaning = Meaning(config, paths, call)

    async def __aenter__(self) -> Desk:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the model back; the next request loads it again."""
        stack, self._stack, self._voice, self._model = self._stack, None, None, ""
        await self._meaning.close()
        if stack is not None:
            await stack.aclose()

    async def write(self, wish: Wish) -> AsyncGenerator[Progress, None]:
        """The drafts as they come. Raises `PenchantError` in words; closing the generator stops the model."""
        model = chosen_model(wish.model, self._config, self._paths)
        yield Progress("loading", by=Path(model).stem)
        voice = await self._opened(model)
        reader, setting = await self._call(partial(_gathered, wish))
        taster = await self._call(_taster)
        arm, taste = await carried_by(wish.arm, reader, voice, self._config, self._paths, self._call)
        setting = replace(setting, sparks=sparks(wish, reader, arm, voice))
        notes = () if taster is not None else (UNJUDGED,)
        steps = compose(wish, setting, voice, taste, self._tools(taster), arm)
        async with contextlib.aclosing(steps):
            async for step in steps:
                yield replace(step, notes=(*step.notes, *notes))
        if not step.offered:
            why = ", ".join(f"{count} {words}" for words, count in step.refused.items())
            raise PenchantError(
                f"nothing that the model wrote was fit to be offered ({why})",
                hint="Try again, give it a topic, or choose a larger model (`penchant models list --all`).",
            )

    async def voice(self, model: str = "") -> Voice:
        """The model itself, for what is no request; it stays until `close`. Raises `PenchantError`."""
        return await self._opened(chosen_model(model, self._config, self._paths))

    async def _opened(self, model: str) -> Voice:
        if self._voice is not None and self._model == model:
            return self._voice
        await self.close()
        stack, copy = contextlib.AsyncExitStack(), await self._call(copy_bytes)
        try:
            self._voice = await stack.enter_async_context(opened(model, self._config, self._paths, copy))
        except BaseException:
            await stack.aclose()
            raise
        self._stack, self._model = stack, model
        return self._voice

    def _tools(self, taster: Taster | None) -> Tools:
        from penchant.app import embed

        embedder = embed.load()

        async def judge(texts: Sequence[str]) -> list[float] | None:
            if taster is None:
                return None
            meanings = await self._meaning.vectors(texts)
            return await asyncio.to_thread(taster.probabilities, list(texts), meanings, self._meaning.space)

        async def repeats(text: str) -> float:
            found: float = await self._call(partial(_repeated, text))
            return found

        def vectors(texts: Sequence[str]) -> np.ndarray:
            return embedder.embed_batch(list(texts))

        return Tools(vectors, judge, repeats, self._meaning.vectors)


def sparks(wish: Wish, reader: Reader, arm: str, voice: Voice) -> tuple[str, ...]:
    """What a post about anything starts from: liked texts that lie apart, drawn anew for every seed.

    None where the taste is left out, and none for a host that was not allowed to read what was liked.
    """
    if wish.kind == "reply" or wish.topic or wish.item_ids or arm == "none":
        return ()
    if getattr(voice, "host", "") and not getattr(voice, "near", False) and arm != "history":
        return ()
    texts = list(dict.fromkeys(text.text for text in reader.liked[:SPARKS] if text.text.strip()))
    if not texts:
        return ()
    from penchant.app import embed

    return tuple(texts[n] for n in scattered(embed.load().embed_batch(texts), POOL * wish.count, wish.seed))


def _gathered(wish: Wish, store: Store) -> tuple[Any, Any]:
    from .carrying import reader_of
    from .context import gather

    reader = reader_of(store)
    return reader, gather(store, wish, reader.authored)


def _taster(store: Store) -> Taster | None:
    from .taster import load

    return load(store)


def _repeated(text: str, store: Store) -> float:
    """The share of a text's runs of eight words that stand in the archive."""
    from penchant.app.store.phrases import standing

    return overlap.share(text, standing(store.db, overlap.runs(text)))


def keep(store: Store, wish: Wish, step: Progress, known: dict[str, str]) -> list[str]:
    """Store what is offered, once each; their ids in the order of the offer. `known`: text -> id, filled here.

    What stood until others were chosen is put away at the end, unless the reader did something with it meanwhile.
    """
    ids = []
    for candidate in step.offered:
        if candidate.text not in known:
            known[candidate.text] = store.drafts.add(_draft(wish, step, candidate))
        elif candidate.ratio is not None:
            store.drafts.state(known[candidate.text], **candidate.facts())
        ids.append(known[candidate.text])
    if step.state == "done":
        for each in set(known.values()).difference(ids):
            put_away(store, each)
    return ids


def put_away(store: Store, draft_id: str) -> None:
    """Out of the list of what is offered, if nobody judged, kept or edited it."""
    draft = store.drafts.get(draft_id)
    if draft is not None and draft.state == "offered" and draft.item_id is None and "written" not in draft.facts:
        store.drafts.state(draft_id, "dropped", spare=True)


def _draft(wish: Wish, step: Progress, candidate: Candidate) -> Draft:
    return Draft(
        wish.kind,
        candidate.text,
        wish.parent_id,
        wish.topic,
        step.arm,
        step.by,
        facts=candidate.facts(),
        made_at=time.time(),
    )
