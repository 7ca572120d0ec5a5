"""The model that reads plugs: the reader's judge, in a process of its own with room for a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError
from penchant.app.judging_status import COPY
from penchant.app.models.choice import chosen

from .files import Plug
from .make import context_for

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.judge.runner import Runner
    from penchant.app.paths import Paths
    from penchant.app.store import Store


def opened(config: Config, paths: Paths, store: Store, tokens: int) -> Runner:
    """A Runner with room for `tokens` tokens of documents and a question. Raises `PenchantError` without a model."""
    from penchant.app.judge.runner import Runner

    return Runner(
        model_of(config, paths),
        threads=config.models.threads,
        context_tokens=context_for(tokens),
        copies=paths.models,
        copy_bytes=int(store.control.setting(COPY) or 0),
    )


def model_of(config: Config, paths: Paths) -> str:
    """The file of the chosen language model. Raises `PenchantError` in words where there is none."""
    model = chosen("judge", config.models, paths)
    if model is None:
        off = config.models.judge == ""
        raise PenchantError(
            "no language model is chosen",
            hint='`judge = ""` in [models] of the configuration switches it off.'
            if off
            else "pip install 'penchant[judge]' brings a small one; `penchant models list --all` shows better ones.",
        )
    return model


def fits(config: Config, paths: Paths) -> Callable[[Plug], bool]:
    """Whether a plug is of the model that is chosen now, as far as its name and llama.cpp's version tell."""
    from importlib.metadata import PackageNotFoundError, version

    from penchant.app.judge.gguf_file import check_file, model_name

    try:
        path = Path(model_of(config, paths))
        name = model_name(path, check_file(path), paths.models)
        library = version("llama-cpp-python")
    except (PenchantError, OSError, PackageNotFoundError):
        return lambda plug: False
    return lambda plug: plug.model == name and plug.library == library
