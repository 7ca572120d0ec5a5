"""Pulling a model: what it would cost, then, once the reader agreed, every file of it, and the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from . import installed, machine
from .check import check, digest
from .fetch import fetch
from .hub import Offer, endpoint, offer
from .installed import File, Installed
from .machine import size_words
from .web import STALL, Web

if TYPE_CHECKING:
    from .hub import Part

#: Room that stays free on the disk.
SPARE = 200_000_000
#: (bytes done, bytes in all, name of the file that is being fetched)
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull would do. `there`: bytes of an earlier pull, which are not fetched again; `free`: of the disk."""

    offer: Offer
    folder: Path
    there: int
    free: int

    @property
    def left(self) -> int:
        return self.offer.size - self.there

    def lines(self) -> list[str]:
        """What the reader agrees to, a line each."""
        it = self.offer
        how = "the hub's checksum" if all(p.sha256 or p.blob for p in it.parts) else "nothing: no checksum is known"
        return [
            f"{it.name} from {it.where}",
            f"{size_words(it.size)} in {_files(len(it.parts))}"
            + (f"; {size_words(self.there)} of it are here" if self.there else ""),
            f"licence: {it.licence or 'not said'}" + ("; its authors ask you to accept conditions" if it.gated else ""),
            f"verified by {how}",
            f"stored in {self.folder}; {size_words(self.free)} are free there",
        ]


async def plan(name: str, folder: Path, hub: str, *, stall: float = STALL) -> Plan:
    """Ask the hub what `name` is; nothing is fetched. Raises `PenchantError`."""
    async with Web(endpoint(hub), stall=stall) as web:
        found = await offer(web, name)
    there = sum(_there(folder, part) for part in found.parts)
    made = Plan(found, folder, there, machine.free_disk(folder))
    if made.left + SPARE > made.free:
        raise PenchantError(
            f"{name} needs {size_words(made.left)}, and {size_words(made.free)} of the disk are free",
            hint="Free some space, or take a smaller model: `penchant models list --all`.",
        )
    return made


async def pull(
    agreed: Plan, hub: str, progress: Progress, stopped: Callable[[], bool] = lambda: False, *, stall: float = STALL
) -> Installed:
    """Fetch what the reader agreed to, and record it. Raises `PenchantError`; what arrived is kept."""
    it, folder = agreed.offer, agreed.folder
    files, roles, before = [], [], 0
    async with Web(endpoint(hub), stall=stall) as web:
        for part in it.parts:
            path = folder / part.place
            sum_ = _same(path, part, folder)
            if not sum_:
                sum_ = await fetch(web, part, folder, _within(progress, before, it.size, path.name), stopped)
            before += part.size
            progress(before, it.size, path.name)
            files.append(File(part.place, part.size, sum_))
            roles.append(check(path) if path.suffix in (".gguf", ".safetensors") else "picture")
    model = Installed(it.name, tuple(files), tuple(roles), it.licence, it.revision, it.where, time.time())
    installed.add(folder, model)
    return model


def _within(progress: Progress, before: int, size: int, name: str) -> Callable[[int], None]:
    """The progress of one file as that of all."""
    return lambda done: progress(before + done, size, name)


def _there(folder: Path, part: Part) -> int:
    """Bytes of a file that need not be fetched again, as far as its size says."""
    path = folder / part.place
    for each in (path, path.with_name(path.name + ".part")):
        try:
            size = each.stat().st_size
        except OSError:
            continue
        if size == part.size or (each is not path and size < part.size):
            return size
    return 0


def _same(path: Path, part: Part, folder: Path) -> str:
    """The checksum of a file that is there already and is the one announced; "" where it must be fetched."""
    if not path.is_file() or path.stat().st_size != part.size:
        return ""
    found = digest(path)
    if part.sha256:
        return found if found == part.sha256 else ""
    recorded = {f.place: f.sha256 for m in installed.read(folder).values() for f in m.files}
    return found if recorded.get(part.place) == found else ""


def _files(count: int) -> str:
    return f"{count} files" if count != 1 else "1 file"
