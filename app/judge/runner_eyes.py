"""The judge's runner with eyes: descriptions of pictures, and questions about them, from the same child."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant.app.embed.runner import Died

from .child import WRITTEN
from .runner import Runner
from .runner_child import number

log = logging.getLogger(__name__)

#: A picture: {"path": of a JPEG that penchant made, "words": what stands for it where it cannot be seen}.
Picture = Mapping[str, str]
#: A post: {"picture": Picture | None, "caption": str}, in a history with "liked": bool.
Post = Mapping[str, Any]


class SeeingRunner(Runner):
    """As `Runner`; `eyes` is the mmproj file of the model (None: questions go to the words), `sights` a folder for
    encoded pictures. A vision part that cannot be used fails each of these calls in words, and none of the others."""

    def __init__(self, model: str, *, eyes: Path | None = None, sights: Path | None = None, **options: Any) -> None:
        super().__init__(model, **options)
        self.settings = dataclasses.replace(self.settings, eyes=str(eyes or ""), sights=str(sights or ""))

    async def eyes_name(self) -> str:
        """The name of the vision part, its content's digest included; "" for none. Raises `PenchantError`."""
        return await self._written({"do": "eyes"}) or ""

    async def describe(self, picture: Path) -> str | None:
        """What the model says of a picture, "" for nothing; None where it ends the child twice. `PenchantError`."""
        return await self._written({"do": "describe", "picture": {"path": str(picture)}})

    async def see(self, pictures: Sequence[Path], *, brief: bool = False) -> list[float | None]:
        """Encode pictures ahead of time, for `brief` perhaps their overviews only; the tokens of each.

        None for those that cannot be looked at or end the child. Raises `PenchantError` where there are no eyes.
        """
        asked: list[Any] = [{"path": str(path)} for path in pictures]
        return [number(row) for row in await self._asked({"do": "see", "brief": brief}, asked, 1)]

    async def question(self, history: Sequence[Post], picture: Picture, questions: Sequence[str]) -> list[float | None]:
        """log p(yes) - log p(no) for each question about a picture; None for those that end the child."""
        request = {"do": "question", "history": list(history), "picture": picture}
        return [number(row) for row in await self._asked(request, questions, 1)]

    async def interleaved(self, history: Sequence[Post], posts: Sequence[Post]) -> list[float | None]:
        """log p(yes) - log p(no) that the reader of that history (the most telling last) likes each post."""
        request, asked = {"do": "interleaved", "history": list(history)}, list[Any](posts)
        return [number(row) for row in await self._asked(request, asked, 1)]

    async def _written(self, request: dict[str, Any]) -> str | None:
        """What the child writes in answer; None where it ended twice."""
        async with self._lock:
            for _ in range(2):
                try:
                    return await self._one(request)
                except Died as death:
                    log.warning("the judge died of a picture", extra={"fields": {"how": str(death)}})
        return None

    async def _one(self, request: dict[str, Any]) -> str:
        await self._started()
        said = ""
        try:
            async with asyncio.timeout(self.limits.write):
                await self._send(request)
                while (answer := await self._take())[:1] == WRITTEN:
                    said += answer[1:].decode("utf-8", "replace")
        except TimeoutError:
            raise await self._gone(f"it took longer than {self.limits.write:g} seconds") from None
        except Died:
            raise
        except BaseException:  # cancelled in the middle: the pipe is out of step
            await self.close()
            raise
        self._values(answer, 0)
        self._pause = 0.0
        return said
