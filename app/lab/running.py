"""A whole experiment: readers in turn, arms in turn, every record on the disk before the next is begun."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError
from penchant.app.voice import carriers
from penchant.app.voice.shelf import MemoryShelf

from . import arms, cell
from .cell import Bench, Known
from .results import Results
from .values import READER, Case, Record

if TYPE_CHECKING:
    from penchant.app.voice.carriers import Tools

#: Texts of the world that a carrier may look at, the same for all readers.
WORLD = 128
Allow = Callable[[str], Awaitable[None]]


def left(results: Results, cases: Sequence[Case], names: Sequence[str]) -> int:
    """Records that are still to be made."""
    keys = [(name, case.k, case.n, case.seed) for case in cases for name in (READER, *names)]
    return sum(not results.done(key) for key in keys)


async def run(
    bench: Bench, cases: Sequence[Case], results: Results, allow: Allow | None = None
) -> AsyncIterator[Record]:
    """Make what is missing, each record as it is there. `allow` is asked before a carrier tells a server anything; what
    it raises becomes the arm's error, which is tried again the next time. Raises `PenchantError`, `OSError`."""
    for case in cases:
        about: Known | None = None
        tools: Tools | None = None
        for name in (READER, *bench.plan.arms):
            if results.done((name, case.k, case.n, case.seed)):
                continue
            if name == READER:
                if allow is not None:
                    await allow("none")
                record = await cell.reader(bench, case)
            else:
                reader = results.records[READER, case.k, case.n, case.seed]
                about = about or cell.known(bench, case, reader)
                tools = tools or _tools(bench, results.path.parent)
                record = await _arm(bench, case, name, about, tools, allow)
            results.add(record)
            yield record


async def _arm(
    bench: Bench, case: Case, name: str, about: Known, tools: Tools, allow: Allow | None
) -> Record:
    try:
        for carrier in arms.behind(name):
            if allow is not None:
                await allow(carrier)
    except PenchantError as error:
        return Record(name, case.k, case.n, case.seed, error=str(error))
    return await cell.arm(bench, case, name, about, tools)


def _tools(bench: Bench, folder: Path) -> Tools:
    """A shelf for one reader: arms that build on the same carrier share what it made. What carriers read of single
    texts is kept in the one folder, so that it is read once."""
    world = list(bench.pool.texts[:: max(1, len(bench.pool.texts) // WORLD)][:WORLD])
    shelf = MemoryShelf(folder / "carriers", world)
    shelf.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return carriers.Tools(shelf)
