"""A voice that is the judge's child: a GGUF file on this machine, which every carrier can be put into."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError
from penchant.app.voice.values import DEEP, LIKELIHOOD, LORA, SOFT, STATES, STEER, TUNE, Carried

from .words import clean

if TYPE_CHECKING:
    from penchant.app.judge.runner import Ready, Runner

#: What a model is told to be where nobody says anything.
SYSTEM = "You are a helpful writer. Write what is asked for and nothing else."


class Local:
    """`Voice` over a `Runner`; `key` names the model in the files that are made for it."""

    #: Nothing of what it reads leaves this machine.
    host = ""

    def __init__(self, runner: Runner, ready: Ready) -> None:
        self.runner, self.ready = runner, ready
        self.key = ready.name
        self.name = (ready.name.split(":")[1:2] or [ready.name])[0]
        self.can = frozenset({LIKELIHOOD, STATES, STEER, SOFT, DEEP, LORA, TUNE})

    @property
    def cpu(self) -> float:
        """CPU seconds that it has used."""
        return self.runner.cpu

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        """Mean log p (nats) of a token of each text after what is carried."""
        _check(self, carried)
        return await self.runner.loglik(carried.history, texts, carried)

    async def write(
        self,
        user: str,
        tokens: int,
        carried: Carried,
        *,
        stop: str = "",
        temperature: float = 0.0,
        seed: int = 0,
        turns: Sequence[tuple[str, str]] = (),
    ) -> AsyncGenerator[str, None]:
        """What it writes to `user`, in pieces as they come, without control characters."""
        _check(self, carried)
        system = carried.system or SYSTEM
        if not self.ready.chat and carried.history:
            system = f"{carried.history.rstrip(' -')}\n\n{carried.system}".strip()
        stream = self.runner.write(
            system, user, tokens, stop=stop, temperature=temperature, seed=seed, carried=carried, turns=turns
        )
        async with contextlib.aclosing(stream):
            async for piece in stream:
                yield clean(piece)

    async def states(self, texts: Sequence[str], layers: Sequence[int] = ()) -> list[bytes | None]:
        """See `Runner.states`."""
        return await self.runner.states(texts, layers)

    async def embeddings(self, texts: Sequence[str], parts: int = 1) -> list[bytes | None]:
        """See `Runner.embeddings`."""
        return await self.runner.embeddings(texts, parts)

    async def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text."""
        return await self.runner.count(texts)

    async def memories(self, texts: Sequence[str], tokens: int = 8) -> list[bytes | None]:
        """See `Runner.memories`."""
        return await self.runner.memories(texts, tokens)

    def tune(self, job: Mapping[str, Any], checkpoint: Path) -> AsyncGenerator[dict[str, Any], None]:
        """See `Runner.tune`."""
        return self.runner.tune(job, checkpoint)


def _check(voice: Local, carried: Carried) -> None:
    missing = carried.needs - voice.can
    if missing:
        raise PenchantError(
            f"{voice.name} cannot be given {', '.join(sorted(missing))}",
            hint="Another way to carry your taste works with it: `penchant voice` names them.",
        )
