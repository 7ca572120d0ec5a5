"""Which model a voice is: a GGUF file on this machine, or an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.llm.local import Local
    from penchant.app.llm.remote import Remote
    from penchant.app.paths import Paths

#: Tokens that a model on this machine reads at a time: a history, a thread, a question.
CONTEXT = 2048


def is_address(model: str) -> bool:
    """Whether `--model` names a server."""
    return model.lower().startswith(("http://", "https://"))


def located(model: str, config: Config, paths: Paths) -> str:
    """The GGUF file that a name or a path means; "" means the judge's own. Raises `PenchantError` in words."""
    from penchant.app.asking import ADVICE
    from penchant.app.models.choice import PACKAGED_JUDGE, chosen, packaged_smollm2
    from penchant.app.models.names import located as file_of

    if not model:
        found = chosen("judge", config.models, paths)
        if not found:
            raise PenchantError("no language model is installed", hint=ADVICE)
        return found
    if model == PACKAGED_JUDGE and (packaged := packaged_smollm2()):
        return str(packaged)
    path = file_of(model, "judge", paths.models)
    if not path.is_file():
        raise PenchantError(
            f"there is no model {model}",
            hint="Give the path of a .gguf file, a name from `penchant models list`, or http://HOST:PORT.",
        )
    return str(path)


@asynccontextmanager
async def open_voice(
    model: str, config: Config, paths: Paths, *, consented: bool = False, context: int = CONTEXT, copy: int = 0
) -> AsyncIterator[Local | Remote]:
    """The voice of a model, loaded and asked for its name. Raises `PenchantError` in words.

    `model`: a GGUF file's path or a model's name, http(s)://HOST[:PORT][/v1][#MODEL] for a server, "" for the judge's.
    A server that is not on this machine answers nothing before `permit` was called on it, or with `consented`.
    `context`: tokens a model here reads at a time; `copy`: bytes that a faster copy of it may take.
    """
    if is_address(model):
        from .remote import opened

        async with opened(model, paths, consented=consented) as remote:
            yield remote
        return
    from penchant.app.judge.runner import Runner

    from .local import Local

    file = located(model, config, paths)
    runner = Runner(
        str(Path(file)), threads=config.models.threads, context_tokens=context, states=paths.cache / "judge",
        copies=paths.models, copy_bytes=copy,
    )  # fmt: skip
    async with runner:
        yield Local(runner, await runner.ready())
