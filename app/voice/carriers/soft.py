"""(g) Virtual tokens behind a text that make the model answer whether its reader likes it: tuned by forward passes.

It learns in the background, a slice at a time, from a job that stays the same until it is done; killed and taken up
again it comes to the same end. It is adopted only where texts that it did not learn from are answered for better. It
scores; what it writes is the model's own, and of several candidates the likeliest is taken.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from penchant.app.errors import PenchantError
from penchant.app.voice import words
from penchant.app.voice.shelf import Kept, file_of
from penchant.app.voice.values import SOFT, TUNE, Carried, Reader, Taste, Voice

from .base import CannotCarry, Inside, Tools, inside, liked_enough
from .rows import lines

#: Texts of either side at least and at most; CPU seconds of a whole run; virtual tokens.
FEW, MOST, CPU, TOKENS = 8, 32, 1200.0, 2
#: The share of a job's texts that must be others before another one is begun.
MOVED = 0.25


class Tuned:
    """See above."""

    name = "soft"
    needs = frozenset({SOFT, TUNE})

    def __init__(self, tools: Tools) -> None:
        self._shelf, self._seconds = tools.shelf, tools.seconds

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """What was tuned last. Raises `CannotCarry` until something was adopted."""
        model = inside(voice, self.needs, self.name)
        path, against = (file_of(self._shelf, name, model.key) for name in ("soft", "soft-away"))
        kept = await self._shelf.get(self.name, model.key)
        if self._seconds > 0.0:
            kept = await self._tuned(reader, model, kept)
        if not (path.is_file() and against.is_file()):
            raise CannotCarry(_why(kept), hint="`penchant voice update soft` tunes it now; the worker does bit by bit.")
        facts = kept.facts if kept is not None else {}
        note = "" if facts.get("done") else "a newer one is being tuned"
        toward, away = (Carried(history=words.PLAIN, soft=each) for each in (path, against))
        return Taste(toward, away, TOKENS, note)

    async def _tuned(self, reader: Reader, model: Inside, kept: Kept | None) -> Kept:
        """Go on with the job, or begin one; at most so many CPU seconds."""
        job = _job(kept)
        if job is None or (kept is not None and kept.facts.get("done") and moved(job, reader)):
            liked_enough(reader, FEW, self.name)
            job = sides(reader)
            even = len(job["liked"])
            if even < FEW:
                raise CannotCarry(f"the carrier {self.name} needs {FEW} texts that you did not like")
            kept = Kept(self.name, model.key, reader.upto, {"more": True, "liked": even}, json.dumps(job).encode())
        assert kept is not None
        if kept.facts.get("done"):
            return kept
        said = await self._slice(model, job)
        facts = {
            **kept.facts, "more": not said.get("done"), "done": bool(said.get("done")), "takes": TOKENS,
            "adopted": bool(said.get("adopted")), "cpu": said.get("cpu", 0.0), "held_area": said.get("held_area"),
            "state": _told(said),
        }  # fmt: skip
        kept = Kept(self.name, model.key, kept.upto, facts, kept.data)
        await self._shelf.put(kept)
        return kept

    async def _slice(self, model: Inside, job: Mapping[str, Any]) -> dict[str, Any]:
        places = {
            name: file_of(self._shelf, kind, model.key) for name, kind in (("path", "soft"), ("against", "soft-away"))
        }
        wanted = {**job, **places, "cpu": CPU, "slice": self._seconds, "tokens": TOKENS}
        last: dict[str, Any] = {}
        checkpoint = file_of(self._shelf, "soft-run", model.key)
        checkpoint.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            async with contextlib.aclosing(model.tune(wanted, checkpoint)) as steps:
                async for step in steps:
                    last = step
        except PenchantError as error:
            raise CannotCarry(f"nothing could be tuned: {error}", hint=error.hint) from error
        return last


def _job(kept: Kept | None) -> dict[str, list[str]] | None:
    """The texts of the job there is; None where there is none that makes sense."""
    try:
        found = json.loads(kept.data) if kept is not None and kept.data else None
    except ValueError:
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(side), list) for side in ("liked", "skipped")):
        return None
    return {side: [str(text) for text in found[side]] for side in ("liked", "skipped")}


def sides(reader: Reader) -> dict[str, list[str]]:
    """The texts of a job: the latest of either side, as many liked as skipped."""
    liked, skipped = (lines([text.text for text in side])[:MOST] for side in (reader.liked, reader.skipped))
    even = min(len(liked), len(skipped))
    return {"liked": liked[:even], "skipped": skipped[:even]}


def moved(job: Mapping[str, list[str]], reader: Reader) -> bool:
    """Whether the texts of either side are so much others now that another job is worth its time."""
    now = sides(reader)
    new = sum(text not in job[side] for side in ("liked", "skipped") for text in now[side])
    return new > MOVED * max(1, len(now["liked"]) + len(now["skipped"]))


def _why(kept: Kept | None) -> str:
    if kept is None:
        return "virtual tokens were not tuned yet"
    if kept.facts.get("done"):
        return "tuning found no virtual tokens that tell your likes from the rest"
    return f"virtual tokens are being tuned ({kept.facts.get('cpu') or 0:g} of at most {CPU:g} CPU seconds)"


def _told(said: Mapping[str, Any]) -> str:
    """The run in a few words."""
    area = said.get("held_area")
    known = f", {area:.2f} of held-out pairs in the right order" if isinstance(area, float) else ""
    spent = f"{said.get('cpu') or 0:g} CPU s"
    if not said.get("done"):
        return f"being tuned: {spent}{known}"
    return f"tuned in {spent}{known}" if said.get("adopted") else f"tuned in {spent}, and no better than before"
