"""Puts what carries a reader into a model: control vector, virtual tokens, deep prefix, adapter (`carried`).

A history is then evaluated under it: [opening] [deep prefix] [virtual tokens] history. In a chat the virtual tokens
stand at the beginning of what the user says.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from . import carried
from .adapter import Adapter
from .behind import Behind
from .behind import of as behind_of
from .deep import prefix as deep_prefix
from .library import library
from .llama import VIRTUAL, Prefix
from .virtual import MOST, Virtual

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .llama import Judge


@dataclass(frozen=True, slots=True, eq=False)
class Put:
    """What is in the model now. `mark` is "" where a history is what it always is; `deep` is a block of state.

    `behind`: tokens that answer about a text; they neither go before a history nor write.
    """

    mark: str = ""
    soft: NDArray[np.float32] | None = None
    deep: NDArray[np.uint8] | None = None
    deep_tokens: int = 0
    behind: Behind | None = None

    @property
    def tokens(self) -> int:
        """Places that it takes before a history."""
        return self.deep_tokens + (0 if self.soft is None else len(self.soft))


NOTHING = Put()


class Carrying:
    """What is put into one judge. `model`: its name, which the files must name."""

    def __init__(self, judge: Judge, model: str) -> None:
        self.judge, self.model = judge, model
        self.virtual = Virtual(judge)
        self.adapter = Adapter(judge)
        self._marks: tuple[Any, ...] = ()
        self._put = NOTHING

    def put(self, said: Mapping[str, Any] | None) -> Put:
        """Make the model as a request wants it (`carried.request`). Raises `PenchantError`; then nothing is in it."""
        said = said or {}
        marks = carried.marks(said)
        if marks == self._marks:
            return self._put
        self._marks, self._put = (), NOTHING
        self._clear()
        try:
            self._put = self._made(said)
        except BaseException:
            self._clear()
            raise
        self._marks = marks
        return self._put

    def _clear(self) -> None:
        self._steer(None)
        self.adapter.use(None)

    def _made(self, said: Mapping[str, Any]) -> Put:
        if not said:
            return NOTHING
        model, digest = self.judge.model, hashlib.sha256()
        strength = float(said.get("strength", 1.0))
        if not math.isfinite(strength):
            raise PenchantError(f"a strength of {strength} is no number", hint="From -2 to 2 is usual.")
        steer = soft = behind = None
        if "soft" in said:
            facts, soft = carried.read(Path(said["soft"]), carried.SOFT, self.model)
            self._check_soft(soft, said["soft"])
            behind = behind_of(facts, soft, model.words)
            soft = soft if behind is None else None
            digest.update(b"soft" + (b"" if soft is None else soft.tobytes()))
        deep, deep_tokens = None, 0
        if "deep" in said:
            rows = carried.load(Path(said["deep"]), carried.DEEP, self.model)
            deep, deep_tokens = deep_prefix(self.judge, rows)
            digest.update(b"deep" + rows.tobytes())
        if "steer" in said:
            steer = carried.load(Path(said["steer"]), carried.STEER, self.model)
            if steer.shape != (model.layers, model.width):
                raise PenchantError(
                    f"a control vector of {steer.shape} numbers does not fit a model of {model.layers} x {model.width}",
                    hint="It is made again from what you liked.",
                )
            digest.update(b"steer" + steer.tobytes() + repr(strength).encode())
        if "lora" in said:
            digest.update(b"lora" + self.adapter.use(Path(said["lora"]), strength) + repr(strength).encode())
        self._steer(None if steer is None else steer * steer.dtype.type(strength))
        return Put(digest.hexdigest(), soft, deep, deep_tokens, behind)

    def _check_soft(self, rows: NDArray[np.float32], name: str) -> None:
        self.virtual.check()
        if rows.shape[1] != self.virtual.width or len(rows) > MOST:
            raise PenchantError(
                f"{Path(name).name} holds {len(rows)} virtual tokens of {rows.shape[1]} numbers; "
                f"this model takes up to {MOST} of {self.virtual.width}",
                hint="They are made again from what you liked.",
            )

    def _steer(self, rows: NDArray[np.float32] | None) -> None:
        """Add rows [layers, width] behind the layers from the second on; None: nothing any more."""
        llama, model = library(), self.judge.model
        data, count = None, 0
        if rows is not None and model.layers > 1:
            data, count = rows[1:].ctypes.data_as(ctypes.POINTER(ctypes.c_float)), rows[1:].size
        last = model.layers - 1 if count else 0
        if llama.llama_set_adapter_cvec(self.judge.context, data, count, model.width, min(1, last), last):
            raise PenchantError("this kind of model takes no control vector", hint="Another model can be chosen.")

    def evaluated(self, ids: Sequence[int], put: Put) -> Prefix:
        """A history (ids of `Judge.history`) under what is in the model now."""
        if not put.tokens:
            return self.judge.prefix(ids)
        model = self.judge.model
        opening = model.opening()
        inside = [] if list(ids) == opening else list(ids)[len(model.before()) :]
        room = self.judge.context_tokens - put.tokens - len(opening)
        inside = inside[max(0, len(inside) - room) :]
        if put.deep is not None:  # has an opening of its own; something must be read for it to be gone on from
            opening, inside = [], inside or (model.tokens("\n") if put.soft is None else [])
        return self.judge.kept(self._stacked(put, opening, inside))

    def chat(self, system: str, user: str, put: Put, turns: Sequence[tuple[str, str]] = ()) -> tuple[list[int], int]:
        """Begin a chat; returns the ids that are left to read, and how many places are taken before them.

        `turns`: what was said and answered before; the oldest go where there is no room.
        """
        kept, asked = list(turns), len(self.judge.model.tokens(user))
        before, after = self.judge.model.around(system, kept)
        while kept and put.tokens + len(before) + asked + len(after) > self.judge.context_tokens:
            del kept[0]
            before, after = self.judge.model.around(system, kept)
        room = max(0, self.judge.context_tokens - put.tokens - len(before) - len(after))
        rest = [*self.judge.model.tokens(user)[:room], *after]
        if not put.tokens:
            return [*before, *rest], 0
        if put.deep is not None:
            before = before[len(self.judge.model.before()) :]
        return rest, len(self._stacked(put, before, []))

    def _stacked(self, put: Put, first: Sequence[int], then: Sequence[int]) -> list[int]:
        """Evaluate deep prefix, ids, virtual tokens, ids as sequence 0; returns what stands there."""
        judge = self.judge
        judge.forget()
        ids = [VIRTUAL] * put.deep_tokens
        if put.deep is not None:
            judge.restore(put.deep, 0)
        judge.feed(first, begin=len(ids))
        ids += first
        if put.soft is not None:
            self.virtual.feed(put.soft, len(ids))
            ids += [VIRTUAL] * len(put.soft)
        judge.feed(then, begin=len(ids))
        return [*ids, *then]
