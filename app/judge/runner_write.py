"""What the model writes, in pieces as they come."""

from __future__ import annotations

import contextlib
import glob
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant.app.voice.values import Carried

from .carried import request as put_in
from .runner_child import Child


class Writing(Child):
    """A child that answers in words."""

    async def write(
        self,
        system: str,
        user: str,
        tokens: int,
        *,
        stop: str = "",
        temperature: float = 0.0,
        seed: int = 0,
        plug: Path | Sequence[Path] | None = None,
        exact: bool = False,
        carried: Carried | None = None,
        turns: Sequence[tuple[str, str]] = (),
    ) -> AsyncGenerator[str, None]:
        """The model's answer, in pieces as they come. Closing the generator (`aclose`) stops the model.

        It ends where the model does, before `stop` and after `tokens`. Temperature 0 takes the likeliest token. What
        does not fit into `Ready.context` goes at the end of `user`. With `plug` the answer goes on from that document
        (`penchant plug`): `system` then stands behind it, before `user`. Several documents are joined in their order;
        where `exact`, all but the first are read anew. The files of `carried` are put into the model first; `turns`
        is the chat so far, (said, answered), of which the oldest go where they do not fit. Raises `PenchantError`.
        """
        paths = [plug] if isinstance(plug, Path) else list(plug or ())
        request = {
            "do": "write", "system": system, "user": user, "tokens": tokens, "stop": stop,
            "temperature": temperature, "seed": seed, "plugs": [str(path) for path in paths], "exact": exact,
            "carried": put_in(carried), "turns": [list(turn) for turn in turns],
        }  # fmt: skip
        stream = self._streamed(request, self.limits.write)
        try:
            async for piece in stream:
                yield piece
        finally:
            await stream.aclose()

    async def study(self, text: str, file: Path, facts: Mapping[str, Any]) -> AsyncGenerator[tuple[int, int], None]:
        """Read a document and keep the memory of it as a plug; yields (tokens read, of how many) now and then.

        `facts` go into the file. Closing the generator ends the child: nothing is written. Raises `PenchantError`.
        """
        request = {"do": "plug", "text": text, "path": str(file), "facts": dict(facts)}
        # a step of reading may take ten seconds, which is long for who pressed Ctrl-C
        stream = self._streamed(request, self.limits.batch, gently=False)
        try:
            async for piece in stream:
                said = json.loads(piece)
                yield said["read"], said["of"]
        finally:
            await stream.aclose()
            with contextlib.suppress(OSError):
                for left in file.parent.glob(f".{glob.escape(file.name)}.*.part"):
                    left.unlink()

    async def reason(self, system: str, user: str, tokens: int, stop: str = "\n\n") -> AsyncGenerator[str, None]:
        """`write`, one paragraph."""
        stream = self.write(system, user, tokens, stop=stop)
        try:
            async for piece in stream:
                yield piece
        finally:
            await stream.aclose()
