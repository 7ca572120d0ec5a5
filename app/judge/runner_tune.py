"""Virtual tokens tuned by the judge's child, a slice at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

from .runner_write import Writing


class TuningRunner(Writing):
    """A child that learns with forward passes only."""

    async def tune(self, job: Mapping[str, Any], checkpoint: Path) -> AsyncGenerator[dict[str, Any], None]:
        """Tune virtual tokens that answer, behind a text, whether its reader likes it (`tune.Tuning`).

        `job`: {"liked", "skipped"}: texts; {"path", "against"}: files that the result is written to, for `Carried.soft`
        of what is liked and of what is not, so that log p under the one less log p under the other is how likely it
        is liked against not; "cpu": seconds in all, "slice": seconds of this call; and what `tuning.Plan` names.
        Yields progress: "step", "cpu", "loss", "area" (AUC), "held_loss", "held_area", "apart_loss" (by words found
        without each text: what is tuned), those of the beginning, with yes and no for words ("start_loss"...),
        "best_step"; the last one has "done" (else the slice is over: call again), "adopted" and "why". The checkpoint
        is kept up: killed or closed and called again with the same job, it ends as it would have. Raises
        `PenchantError` in words.
        """
        request = {"do": "tune", "job": {**job, "path": str(job["path"]), "against": str(job["against"])}}
        stream = self._streamed({**request, "checkpoint": str(checkpoint)}, self.limits.batch)
        try:
            async for piece in stream:
                yield json.loads(piece)
        finally:
            await stream.aclose()
