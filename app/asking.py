"""A question of the reader from beginning to end: what the archive has, then the model's words as they come.

The same for a terminal (`penchant ask`) and for the worker's lane (`asking_lane`): an `Asker` owns the model's child
process, and whoever asks gives a way to the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ask import answering, retrieve
from .ask.asked import Asked, understand
from .errors import PenchantError
from .models.choice import chosen

if TYPE_CHECKING:
    from .ask.answering import Basis, Embed
    from .ask.retrieve import Found
    from .config import Config
    from .judge.runner import Runner
    from .paths import Paths
    from .plugs import Plug
    from .store import Store
    from .sync import Call

NONE, AUTO = "none", "auto"
#: How a reader comes by a model.
ADVICE = "`pip install 'penchant[judge]'` brings a small one; `penchant models list --all` shows better ones."


@dataclass(frozen=True, slots=True)
class Question:
    """`item_id`: about this one item; `scope`: see `retrieve.scope_condition`; `plug`: a name, "auto" or "none"."""

    text: str
    item_id: int | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, str] | None = None
    sources: int | None = None
    plug: str = NONE

    def payload(self) -> dict[str, Any]:
        """As JSON, for the row that a screen makes."""
        return {
            "question": self.text, "scope": dict(self.scope), "before": self.before, "sources": self.sources,
            "plug": self.plug,
        }  # fmt: skip

    @classmethod
    def of(cls, item_id: int | None, payload: Mapping[str, Any]) -> Question:
        """What a row asks."""
        before, scope, sources = payload.get("before"), payload.get("scope"), payload.get("sources")
        return cls(
            str(payload.get("question", "")),
            item_id,
            scope if isinstance(scope, dict) else {},
            (str(before[0]), str(before[1])) if isinstance(before, list) and len(before) == 2 else None,
            sources if isinstance(sources, int) else None,
            str(payload.get("plug") or NONE),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an answer is. `state`: "reading" (the model reads), "writing", "done".

    `sources` as in `Basis.facts`; `absent`: nothing here answers it; `by`: the model, "" where none answered;
    `notes`: for the reader.
    """

    state: str
    text: str = ""
    sources: Sequence[Mapping[str, Any]] = ()
    absent: bool = False
    by: str = ""
    notes: tuple[str, ...] = ()
    cited: tuple[int, ...] = ()


class Asker:
    """An async context manager. `call` runs a function of the store; the model is loaded with the first question."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._config, self._paths, self._call = config, paths, call
        self.runner: Runner | None = None
        self._room = 0
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Asker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the model back; the next question loads it again."""
        runner, self.runner = self.runner, None
        if runner is not None:
            await runner.close(final=True)

    async def warm(self) -> None:
        """Load the model: a question is about to come. Says nothing of failures, as the question will."""
        model = chosen("judge", self._config.models, self._paths)
        with contextlib.suppress(PenchantError):
            if model:
                await (await self._opened(model)).ready()

    async def ask(self, question: Question) -> AsyncGenerator[Progress, None]:
        """The answer as it grows. Raises `PenchantError` in words."""
        model = chosen("judge", self._config.models, self._paths)
        read = await self._plugs(question, model)
        found = await self._call(partial(_found, question, read, time.time()))
        if not found.sources:
            gone = question.item_id is not None and not read
            if gone:
                raise PenchantError("this item is no longer in the archive")
            yield Progress("done", answering.NOT_HERE, absent=True, notes=found.notes)
            return
        single = question.item_id is not None or len(read) == 1
        if single or read:  # whoever asks about one item knows that it is about it
            found = replace(found, evidence=replace(found.evidence, coverage=1.0))
        if not model or not found.evidence.enough:
            yield self._unasked(question, found, single, model)
            return
        async with contextlib.aclosing(self._answered(question, found, single, model, read)) as steps:
            async for step in steps:
                yield step

    def _unasked(self, question: Question, found: Found, single: bool, model: str | None) -> Progress:
        """What can be said without the model: that nothing is there, or the passages themselves."""
        sizes, sources = answering.guessed(answering.sized(found)), question.sources or answering.SOURCES
        room = answering.READ_SMALL if model else answering.READ
        based = answering.basis(found, sizes, room, sources, _embed(), single=single)
        reply = answering.without_model(found, based)
        notes = (*found.notes, *(() if model else (answering.NO_MODEL, ADVICE)))
        text = answering.NOT_HERE if reply.absent else reply.text
        return Progress("done", text, based.facts(), reply.absent, notes=notes, cited=reply.numbers)

    async def _answered(
        self, question: Question, found: Found, single: bool, model: str, read: Sequence[Plug]
    ) -> AsyncGenerator[Progress, None]:
        # what was found is something to look at while the model is loaded
        step = replace(self._unasked(question, found, single, model), state="reading", text="", cited=())
        step = replace(step, by=Path(model).stem)
        yield step
        based, runner = await self._based(question, found, single, model, read)
        step = replace(step, sources=based.facts())
        yield step
        asked, files = found.asked.question, [plug.file for plug in read]
        async with contextlib.aclosing(answering.answer(runner, asked, based, question.before, files)) as replies:
            async for reply in replies:
                step = replace(step, text=reply.text, absent=reply.absent, cited=reply.numbers)
                yield replace(step, state="writing" if reply.text else "reading")
        if step.absent:
            step = replace(step, text=answering.NOT_HERE)
        elif not step.text:
            raise PenchantError("the model had nothing to say", hint="Ask in other words, or choose another model.")
        yield replace(step, state="done")

    async def _based(
        self, question: Question, found: Found, single: bool, model: str, read: Sequence[Plug]
    ) -> tuple[Basis, Runner]:
        runner = await self._opened(model, read)
        room, most = answering.room_of(await runner.ready(), question.text, question.before)
        sizes = await answering.counted(runner, found)
        if read:
            room = answering.READ  # the model has read it: these are for the numbers only
        sources = question.sources or most
        return answering.basis(found, sizes, room, sources, _embed(), single=single), runner

    async def _opened(self, model: str, read: Sequence[Plug] = ()) -> Runner:
        """The runner of a model with room for documents."""
        from .judge.runner import Runner
        from .judging_status import COPY

        room = answering.CONTEXT
        if read:
            from .plugs.make import context_for

            room = max(room, context_for(sum(plug.tokens for plug in read)))
        async with self._opening:
            if self.runner is not None and (self.runner.model != model or self._room < room):
                await self.close()
            if self.runner is None:
                copy = await self._call(lambda store: int(store.control.setting(COPY) or 0))
                copies, threads = self._paths.models, self._config.models.threads
                self.runner = Runner(model, threads=threads, context_tokens=room, copies=copies, copy_bytes=copy)
                self._room = room
            return self.runner

    async def _plugs(self, question: Question, model: str | None) -> list[Plug]:
        """The documents that the model has read already and is asked about. Raises `PenchantError`."""
        if question.plug == NONE:
            return []
        from . import plugs

        if not model:
            raise PenchantError("a plug needs the language model that made it", hint=ADVICE)
        name = (await (await self._opened(model)).ready()).name
        known = plugs.find(self._paths, name)
        if question.plug == AUTO:
            if question.item_id is not None:
                return [each for each in known if each.item_ids == (question.item_id,)][:1]
            best = await self._call(partial(plugs.automatic, question=question.text, plugs=known)) if known else None
            return [best] if best is not None else []
        members = await self._call(partial(_members, question.plug))
        return plugs.needed(question.text, plugs.named(question.plug, known, members), plugs.ROOM)


def _embed() -> Embed:
    from . import embed

    return embed.load().embed_batch


def _members(name: str, store: Store) -> list[int] | None:
    """The items of the collection of that name; None where there is none."""
    return store.collections.ids(name) or None


def _found(question: Question, read: Sequence[Plug], now: float, store: Store) -> Found:
    """What the archive (or one item, or documents) has on a question."""
    asked: Asked = understand(question.text, question.before[0] if question.before else "", now)
    if read:
        texts = [(plug.item_ids[0] if plug.item_ids else 0, plug.title, plug.text()) for plug in read]
        return retrieve.documents(store, asked, texts, _embed())
    if question.item_id is not None:
        return retrieve.one(store, asked, question.item_id, _embed())
    return retrieve.search(store, asked, _embed(), question.scope, now)
