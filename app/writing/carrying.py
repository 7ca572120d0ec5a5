"""Which model writes, and how the reader's taste is carried into it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from penchant.app.asking import ADVICE
from penchant.app.errors import PenchantError
from penchant.app.models.choice import chosen
from penchant.app.voice.values import Taste

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call
    from penchant.app.voice.values import Reader, Voice

#: The arm without any taste.
NONE = "none"


class NoModel(PenchantError):
    """There is nothing to write with."""

    hint = ADVICE


def chosen_model(wanted: str, config: Config, paths: Paths) -> str:
    """The model that writes: what was asked for, else the judge's. Raises `NoModel`."""
    model = wanted or chosen("judge", config.models, paths)
    if not model:
        raise NoModel("no language model is installed, and drafts need one")
    return model


def opened(model: str, config: Config, paths: Paths) -> AbstractAsyncContextManager[Voice]:
    """The model, ready to write."""
    from penchant.app.llm.choose import open_voice

    return open_voice(model, config, paths)


def reader_of(store: Store) -> Reader:
    """What the events say of the reader."""
    from penchant.app.voice import reader

    return reader.of(store)


async def carried_by(
    arm: str, reader: Reader, voice: Voice, config: Config, paths: Paths, call: Call
) -> tuple[str, Taste]:
    """The carrier's name and what it hands over; a carrier that cannot (yet) leaves the model to itself, with a note."""
    raise NotImplementedError
