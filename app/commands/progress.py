"""Progress of long work: bars on a terminal, one plain line per finished source elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .output import plain

if TYPE_CHECKING:
    from penchant.app.sync import Visit


def reporter(*, quiet: bool = False) -> Bars | Lines:
    """A context manager that shows visits, deriving and ranking."""
    return Bars() if sys.stderr.isatty() and not quiet else Lines(quiet=quiet)


class Lines:
    """For pipes and logs: a line when a source is done."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def visit(self, visit: Visit) -> None:
        if visit.finished and not self.quiet and not visit.error:
            name = visit.subscription.title or visit.subscription.address
            print(f"{plain(name)}: {visit.new} new, {visit.changed} changed", file=sys.stderr)

    def derived(self, done: int, total: int) -> None:
        """So many more changes were worked on."""

    def ranking(self) -> None:
        """The ranking begins."""


class Bars:
    """For terminals: one bar a source while it is visited, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=Console(stderr=True, markup=False, emoji=False),
        )
        self._tasks: dict[Any, Any] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _task(self, key: object, name: str, total: int | None) -> Any:
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(plain(name, 40), total=total, words="")
        return self._tasks[key]

    def visit(self, visit: Visit) -> None:
        source = visit.subscription
        task = self._task(source.id, source.title or source.address, visit.total)
        words = "failed" if visit.error else f"{visit.new} new" if visit.finished else ""
        total = (visit.done or 1) if visit.finished else visit.total
        done = total if visit.finished and not visit.done else visit.done
        self._progress.update(task, completed=done, total=total, words=words)

    def derived(self, done: int, total: int) -> None:
        """So many more changes were worked on."""
        task = self._task("derive", "reading", max(total, done))
        self._progress.update(task, advance=done)

    def ranking(self) -> None:
        """The ranking begins."""
        self._progress.update(self._task("rank", "ranking", None))
