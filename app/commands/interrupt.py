"""Ctrl-C while a model answers: the task is cancelled, the model stops within a token, and what came stays."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Any


def cancels(task: asyncio.Task[Any] | None = None) -> None:
    """From now on Ctrl-C cancels `task` (the current one), where this system can tell a loop of signals."""
    task = task or asyncio.current_task()
    assert task is not None
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)


@contextlib.contextmanager
def cancelling(task: asyncio.Task[Any]) -> Iterator[None]:
    """`cancels`, until the end of the block."""
    cancels(task)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
