"""What a model makes of the reader's texts, a row each, kept so that a text is read once.

A mean over the rows of those texts that count now is exact whatever came and went before: undoing a like leaves nothing
of it behind. Rows are kept in 16 bits; sums of so many of them are exact in 64.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError
from penchant.app.judge import carried, statefile
from penchant.app.judge.history import line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Texts read at a time, and at most where somebody waits.
AT_ONCE, WAITING = 16, 64
#: Largest number that 16 bits hold.
_MOST = 65504.0

Read = Callable[[Sequence[str]], Awaitable[list[bytes | None]]]


class Rows:
    """Rows of `width` numbers in a file, by text; `maker` names what made them."""

    def __init__(self, path: Path, maker: str, width: int) -> None:
        self._path, self._maker, self._width = path, maker, width
        self._known: dict[str, NDArray[np.float16]] = self._loaded()
        self._changed = False

    async def fill(self, texts: Sequence[str], read: Read, most: int | None = None) -> None:
        """Read what is not known yet, the first first, `most` of them (None: all); kept after every few."""
        missing = [text for text in dict.fromkeys(texts) if _key(text) not in self._known][:most]
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            for text, row in zip(part, await read(part), strict=True):
                self._put(text, row)
            if start // AT_ONCE % 8 == 7:
                await self.keep()
        await self.keep()

    def _put(self, text: str, row: bytes | None) -> None:
        import numpy as np

        if row is not None and len(row) == 4 * self._width:
            made = np.clip(np.frombuffer(row, "<f4"), -_MOST, _MOST).astype("<f2")
            if np.isfinite(made).all():
                self._known[_key(text)] = made
                self._changed = True

    def has(self, text: str) -> bool:
        """Whether a text's row is known."""
        return _key(text) in self._known

    def of(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The known rows [n, width] of different texts, in their order."""
        import numpy as np

        rows = [self._known[key] for key in dict.fromkeys(map(_key, texts)) if key in self._known]
        return np.array(rows, np.float64).reshape(len(rows), self._width)

    async def forget_others(self, texts: Sequence[str]) -> None:
        """Drop the rows of all other texts: what was forgotten is gone here too."""
        wanted = set(map(_key, texts))
        left = {key: row for key, row in self._known.items() if key in wanted}
        if len(left) < len(self._known):
            self._known, self._changed = left, True
            await self.keep()

    async def keep(self) -> None:
        """Write what is new. A disk that refuses costs reading again, never more."""
        if self._changed:
            await asyncio.to_thread(self._write)
            self._changed = False

    def _write(self) -> None:
        keys = list(self._known)
        facts = {"kind": "rows", "maker": self._maker, "width": self._width}
        # names and numbers are two parts: the facts of a file are small
        parts = ["\n".join(keys).encode(), b"".join(self._known[key].tobytes() for key in keys)]
        try:
            statefile.save(self._path, facts, parts)
        except OSError as error:
            log.warning("rows of a carrier were not kept", extra={"fields": {"why": str(error)}})

    def _loaded(self) -> dict[str, NDArray[np.float16]]:
        import numpy as np

        found = None
        with contextlib.suppress(OSError):
            found = statefile.load(self._path)
        facts = {"kind": "rows", "maker": self._maker, "width": self._width}
        if found is None or found[0] != facts or len(found[1]) != 2:
            return {}
        keys = bytes(found[1][0]).decode("ascii", "replace").split("\n")
        if len(found[1][1]) != 2 * self._width * len(keys):
            return {}
        rows = np.frombuffer(found[1][1], "<f2").reshape(len(keys), self._width)
        return dict(zip(keys, rows, strict=True)) if np.isfinite(rows).all() else {}


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def keep(path: Path, model: str, rows: NDArray[np.float32], kind: str = carried.SOFT) -> None:
    """Write a file of numbers where it changes: the child loads a changed one anew."""
    import numpy as np

    try:
        if np.array_equal(carried.load(path, kind, model), rows):
            return
    except PenchantError:
        pass
    carried.save(path, kind, model, rows)


def lines(texts: Sequence[str]) -> list[str]:
    """Different texts, each as one line of a list."""
    return list(dict.fromkeys(found for text in texts if (found := line(text))))
