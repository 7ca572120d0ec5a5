"""Pictures of items that matter, described by the judge's model that sees; what it says becomes part of their shadows.

For the judge's lane to call between its batches: it knows the budget and the order of the items.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from .errors import PenchantError
from .judge.sights import Shown, affordable, next_pictures

if TYPE_CHECKING:
    from pathlib import Path

    from .pictures.files import PictureFiles
    from .store import Store
    from .sync import Call

log = logging.getLogger(__name__)


class Describer(Protocol):
    """The part of the judge's runner that this needs."""

    @property
    def cpu(self) -> float:
        """CPU seconds of its children so far."""

    async def describe(self, picture: Path) -> str | None:
        """A description; None for a picture that ended the child twice. Raises `PenchantError`."""


@dataclass(slots=True)
class Sightseer:
    """Describes what is missing, a few pictures at a time. `maker` is "model:" and the name of the vision part."""

    maker: str
    files: PictureFiles
    spent: list[float] = field(default_factory=list)  # CPU seconds of the latest descriptions
    _gone: set[bytes] = field(default_factory=set)  # no file, or one that cannot be read: not before a restart

    async def work(self, runner: Describer, call: Call, items: Sequence[int], seconds: float) -> int:
        """Describe pictures of these items (what matters most first) for about `seconds` of computing.

        Returns how many were described; 0 when there is nothing to do. A picture that the model dies of, or has
        nothing to say of, is kept as "" and not tried again.
        """
        wanted = await call(lambda store: self._wanted(store, items, affordable(seconds, self.spent)))
        done, left = 0, seconds
        for picture in wanted:
            if left <= 0:
                break
            before = runner.cpu
            try:
                text = await runner.describe(self.files.large(picture))
            except PenchantError as error:
                log.warning("a picture is not described: %s", error)
                self._gone.add(picture)
                continue
            finally:
                took = runner.cpu - before
                left -= took
            self.spent = [*self.spent[-7:], took]
            rows = [(picture, text or "")]
            await call(partial(_keep, maker=self.maker, rows=rows))
            done += 1
        return done

    def _wanted(self, store: Store, items: Sequence[int], most: int) -> list[bytes]:
        hashes = store.pictures.hashes(items)
        rows = [Shown(item, tuple(hashes.get(item, ()))) for item in items]
        every = {picture for row in rows for picture in row.pictures}
        told = {picture for picture in every if self.maker in store.descriptions.of(picture)}
        absent = {picture for picture in every - told if not self.files.has(picture)}
        return next_pictures(rows, told | absent | self._gone, most)


def _keep(store: Store, maker: str, rows: list[tuple[bytes, str]]) -> None:
    store.descriptions.put(maker, rows)
