"""Plugs: what a model remembers of a document that it read once, as a file to go on from.

The document stands in what the user says, before the question:

    <system: SYSTEM> <user: OPENING, the document | a file ends here | instructions, the question> <the answer>

so every plug of a model begins with the same tokens, and any question can follow. A file is used only by the model,
the format of weights and the version of llama.cpp that wrote it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from . import statefile
from .joined import joined
from .llama import Prefix

if TYPE_CHECKING:
    from .llama import Judge

log = logging.getLogger(__name__)

KIND, VERSION = "plug", 1
SYSTEM = "You answer questions about what you are given to read."
OPENING = "Read this.\n\n"
#: Tokens kept free behind a document, for the question and what is said around it.
QUESTION = 512
#: Tokens of the chat around a document, at most, that its own size does not count.
MARGIN = 64
_AGAIN = "Make it again (`penchant plug` with the same document), or delete it: `penchant plug delete`."


class Plugs:
    """The plugs of one judge. `maker`: {"model", "weights", "library", "layout"}, all of which a plug must share."""

    def __init__(self, judge: Judge, maker: Mapping[str, str]) -> None:
        self.judge, self.maker = judge, dict(maker)
        self.opening = tuple(self._tokens(""))
        self._held: tuple[object, Prefix] | None = None

    def make(self, request: Mapping[str, Any], say: Callable[[str], object], go_on: Callable[[], bool]) -> None:
        """Read `text` and write the file `path`; `say` gets {"read": tokens, "of": tokens} as JSON, now and then.

        `facts` go into the file beside those of this module. Nothing is written where `go_on` says no. Raises
        `PenchantError`.
        """
        ids = self._tokens(request["text"])
        room = self.judge.context_tokens - QUESTION
        if len(ids) > room:
            raise PenchantError(
                f"the document has {len(ids):,} tokens, and the model is open for {room:,}",
                hint="`--tokens N` takes less of it.",
            )
        read = 0

        def step() -> bool:
            nonlocal read
            say(json.dumps({"read": min(read, len(ids)), "of": len(ids)}))
            read += self.judge.batch_tokens
            return go_on()

        prefix = self.judge.read_prefix(ids, step)
        if prefix is None or not go_on():
            return
        say(json.dumps({"read": len(ids), "of": len(ids)}))
        facts = {
            **request["facts"], **self.maker, "kind": KIND, "version": VERSION, "tokens": len(ids),
            "ids": _digest(ids), "content": hashlib.sha256(request["text"].encode("utf-8", "replace")).hexdigest(),
            "context": self.judge.context_tokens, "made_at": time.time(),
        }  # fmt: skip
        parts: list[bytes | memoryview] = [
            request["text"].encode("utf-8", "replace"), _bytes(ids), prefix.state.data, prefix.after.data.cast("B"),
        ]  # fmt: skip
        try:
            statefile.save(Path(request["path"]), facts, parts)
        except OSError as error:
            raise PenchantError(
                f"the plug cannot be written: {error.strerror or error}", hint="Make room on the disk, or try again."
            ) from error

    def begin(self, paths: Sequence[str], *, exact: bool = False) -> int:
        """Make the context remember documents, the first one exactly as it was read; returns their tokens.

        `exact`: those after the first are read anew instead of moved (`joined`). Raises `PenchantError`.
        """
        if not paths:
            return 0
        plugs = [self.load(Path(path)) for path in paths]
        total = sum(len(each.tokens) for each in plugs) - len(self.opening) * (len(plugs) - 1)
        if total > self.judge.context_tokens - QUESTION:
            raise PenchantError(
                f"{total:,} tokens of documents, and the model is open for {self.judge.context_tokens - QUESTION:,}",
                hint="Fewer documents, or a plug made with fewer `--tokens`.",
            )
        joined(self.judge, plugs, len(self.opening), exact=exact)
        return total

    def question(self, system: str, user: str, begin: int) -> list[int]:
        """The ids that follow `begin` tokens of documents, up to where the answer begins; too long ends early."""
        _, after = self.judge.model.around(SYSTEM)
        said = self.judge.model.tokens("\n\n" + "\n\n".join(part for part in (system, user) if part))
        return [*said[: max(0, self.judge.context_tokens - begin - len(after))], *after]

    def load(self, path: Path) -> Prefix:
        """A plug of this model, every byte as it was written. Raises `PenchantError` in words."""
        import numpy as np

        try:
            facts = path.stat()
            mark = (path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if self._held is not None and self._held[0] == mark:
                return self._held[1]
            found = statefile.load(path)
        except OSError as error:
            raise PenchantError(
                f"the plug {path.name} cannot be read: {error.strerror or error}",
                hint="`penchant plug list` shows what there is.",
            ) from error
        if found is None or len(found[1]) != 4 or any(len(found[1][part]) % 4 for part in (1, 3)):
            raise PenchantError(f"the plug {path.name} is damaged", hint=_AGAIN)
        self._check(path.name, found[0])
        kinds = ("<i4", "u1", "<f4")
        ids, state, after = (np.frombuffer(*each) for each in zip(found[1][1:], kinds, strict=True))
        tokens = tuple(ids.tolist())
        if len(after) != self.judge.model.words or tokens[: len(self.opening)] != self.opening:
            raise PenchantError(f"the plug {path.name} does not fit the model", hint=_AGAIN)
        prefix = Prefix(tokens, state, after)
        self._held = (mark, prefix)
        return prefix

    def _check(self, name: str, facts: Mapping[str, Any]) -> None:
        why = refusal(facts, self.maker)
        if why:
            raise PenchantError(f"the plug {facts.get('title') or name} {why}", hint=_AGAIN)
        if int(facts["tokens"]) > self.judge.context_tokens - QUESTION:
            raise PenchantError(
                f"the plug {facts.get('title') or name} has {facts['tokens']:,} tokens, "
                f"and the model is open for {self.judge.context_tokens - QUESTION:,}",
                hint="Make it again with fewer `--tokens`.",
            )

    def _tokens(self, text: str) -> list[int]:
        before, _ = self.judge.model.around(SYSTEM)
        return [*before, *self.judge.model.tokens(OPENING), *self.judge.model.tokens(text)]


def refusal(facts: Mapping[str, Any], maker: Mapping[str, str]) -> str:
    """Why a file is none of this maker's, as the end of a sentence; "" where it is (pure)."""
    if facts.get("kind") != KIND or facts.get("version") != VERSION:
        return "was made by another version of penchant"
    for key, what in (("model", "the model"), ("weights", "the weights as"), ("library", "llama.cpp")):
        if facts.get(key) != maker[key]:
            return f"was made with {what} {facts.get(key)}, and this is {maker[key]}"
    if facts.get("layout") != maker["layout"]:
        return "was made with another setting of the context"
    return ""


def _bytes(ids: Sequence[int]) -> bytes:
    import numpy as np

    return np.array(ids, "<i4").tobytes()


def _digest(ids: Sequence[int]) -> str:
    return hashlib.sha256(_bytes(ids)).hexdigest()
