"""Which model writes, and how the reader's taste is carried into it: the voice's own choice, asked for a draft."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from penchant.app.asking import ADVICE
from penchant.app.errors import PenchantError
from penchant.app.models.choice import chosen

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call
    from penchant.app.voice.values import Reader, Taste, Voice


class NoModel(PenchantError):
    """There is nothing to write with."""

    hint = ADVICE


def chosen_model(wanted: str, config: Config, paths: Paths) -> str:
    """The model that writes: what was asked for, else the judge's. Raises `NoModel`."""
    model = wanted or chosen("judge", config.models, paths)
    if not model:
        raise NoModel("no language model is installed, and drafts need one")
    return model


def opened(model: str, config: Config, paths: Paths, copy: int) -> AbstractAsyncContextManager[Voice]:
    """The model, ready to write; on entering it raises `PenchantError` where it cannot be had.

    `copy`: bytes that a copy in a faster format may take (the judge has measured whether one pays).
    """
    from penchant.app.llm.choose import open_voice

    return open_voice(model, config, paths, copy=copy)


def copy_bytes(store: Store) -> int:
    """What the judge allows for a faster copy of its model; 0 while it has none."""
    from penchant.app.judging_status import COPY

    return int(store.control.setting(COPY) or 0)


def reader_of(store: Store) -> Reader:
    """What the events say of the reader."""
    from penchant.app.voice import reader

    return reader.of(store)


async def carried_by(
    arm: str, reader: Reader, voice: Voice, config: Config, paths: Paths, call: Call
) -> tuple[str, Taste]:
    """The carrier's name and what it hands over; "" is the reader's own choice. Raises `PenchantError` in words."""
    from penchant.app.voice.arm import carried

    return await carried(arm, reader, voice, config, paths, call)
