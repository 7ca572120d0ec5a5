"""Where drafts lie in the archive's sentence space, where it has one: by these vectors its head reads them best.

The model (all-MiniLM, 46 MB) runs in a child process of its own while drafts are written. Without it, or when it fails,
the bundled word vectors do.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.embed.runner import Runner
from penchant.app.errors import PenchantError
from penchant.app.models.choice import chosen

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call

log = logging.getLogger(__name__)


class Meaning:
    """Started with the first texts; after a failure it says nothing more until it is closed. `space`: its name."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._models, self._paths, self._call = config.models, paths, call
        self._runner: Runner | None = None
        self._silent = False
        self.space = ""

    async def vectors(self, texts: Sequence[str]) -> np.ndarray | None:
        """Unit vectors float32[n, d]; None where the archive has no sentence space or its model does not answer."""
        if self._silent or not texts:
            return None
        try:
            return await self._asked(texts)
        except PenchantError as error:
            log.warning("drafts are judged without sentence vectors", extra={"fields": {"why": str(error)}})
        self._silent = True
        return None

    async def _asked(self, texts: Sequence[str]) -> np.ndarray | None:
        import numpy as np

        if self._runner is None:
            space, model = await self._call(_space), chosen("sentence", self._models, self._paths)
            if not space or model is None:
                self._silent = True
                return None
            self._runner = Runner(model, threads=self._models.threads)
            self.space = (await self._runner.ready()).name
            if self.space != space:  # it was replaced, and the archive is still being read anew
                self._silent = True
        if self._silent:
            return None
        found = await self._runner.embed(list(texts))
        if any(row is None for row in found):
            return None
        return np.stack([np.frombuffer(row, "<f4") for row in found if row is not None])

    async def close(self) -> None:
        """End the child; the next request starts another."""
        runner, self._runner, self._silent = self._runner, None, False
        if runner is not None:
            await runner.close()


def _space(store: Store) -> str:
    active = store.vectors.sentence()
    return active.name if active is not None else ""
