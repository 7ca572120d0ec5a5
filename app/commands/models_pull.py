"""`penchant models pull`: what it would cost, a question, a bar."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.app.models.pull import Progress

#: Seconds between two lines where there is no terminal.
SELDOM = 5.0


def pull(context: Context, name: str, *, yes: bool, then_use: bool) -> None:
    """Ask, fetch, record, and say what can be done with it. Raises `PenchantError`."""
    from penchant.app.models import change, pull
    from penchant.app.models.overview import NEEDS

    folder, hub = context.paths.ensure().models, context.config.models.hub
    agreed = asyncio.run(pull.plan(name, folder, hub))
    for line in agreed.lines():
        note(plain(line))
    if agreed.left:
        agree("Download it?", yes=yes, otherwise="nothing was downloaded")
    with bars(plain(agreed.offer.name, 40)) as progress:
        model = asyncio.run(pull.pull(agreed, hub, progress))
    tell(context)
    say(f"{plain(model.name)} is installed")
    if then_use and model.role:
        say(plain(change.use(model.role, model.name, context.config.models, folder)))
        tell(context)
    elif model.role:
        say(f"`penchant models use {model.role} {plain(model.name)}` switches it on.")
    extra = NEEDS.get(model.role, ((), ""))
    if missing(extra[0]):
        note(f"It needs a library too: pip install '.[{extra[1]}]' in the checkout.")


def missing(packages: tuple[str, ...]) -> bool:
    """Whether one of these cannot be imported."""
    from importlib.util import find_spec

    return any(find_spec(each) is None for each in packages)


def agree(question: str, *, yes: bool, otherwise: str) -> None:
    """Ask on the terminal; `yes` answers. Raises `PenchantError` for a no, and where nobody is there."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise PenchantError(
            f"nobody is there to agree; {otherwise}", hint="Run it in a terminal, or add `--yes` if you have decided."
        )
    note(f"{question} [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PenchantError(f"not agreed; {otherwise}", hint="Run the command again any time.")


def tell(context: Context) -> None:
    """A running worker hears that models changed."""
    context.store.control.request("models", {})


def bars(name: str) -> AbstractContextManager[Progress]:
    """A bar on a terminal, a line now and then elsewhere; both on standard error."""
    return _Bar(name) if sys.stderr.isatty() else nullcontext(_Lines())


class _Lines:
    def __init__(self) -> None:
        self._at = time.monotonic()

    def __call__(self, done: int, total: int, name: str) -> None:
        if time.monotonic() - self._at >= SELDOM or done == total:
            self._at = time.monotonic()
            note(f"{100 * done // max(1, total)} % of {total / 1e6:.0f} MB")


class _Bar:
    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._name = name
        self._task: Any = None
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True, markup=False, emoji=False),
        )  # fmt: skip

    def __enter__(self) -> Progress:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, done: int, total: int, name: str) -> None:
        if self._task is None:
            self._task = self._progress.add_task(self._name, total=total)
        self._progress.update(self._task, completed=done)
