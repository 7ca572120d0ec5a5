"""A document, read by the model and kept as a file; what is there already is not read again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from penchant.adapters.text import clean_line
from penchant.app.errors import PenchantError
from penchant.app.judge import statefile
from penchant.app.judge.plugged import MARGIN, QUESTION, refusal

from . import files
from .document import Document, composed, fit, inside, pieces
from .files import Plug

if TYPE_CHECKING:
    from penchant.app.judge.runner import Runner
    from penchant.app.paths import Paths

#: Tokens of a document unless told otherwise, and of one of a collection, so that several fit beside one another.
TOKENS, EACH = 4_096, 1_500
#: Fewer are no document.
FEWEST = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """Tokens read so far, of so many; `plug` once it is there, `fresh` where it was read now."""

    read: int
    of: int
    plug: Plug | None = None
    fresh: bool = True


def context_for(tokens: int) -> int:
    """The `context_tokens` of a Runner that shall read or recall documents of so many tokens."""
    return tokens + QUESTION


async def make(runner: Runner, paths: Paths, document: Document, tokens: int = TOKENS) -> AsyncGenerator[Progress]:
    """Read a document of up to `tokens` tokens; ends with a `Progress` that has the plug.

    Closing the generator stops the reading, and leaves nothing. Raises `PenchantError`.
    """
    document = replace(document, title=clean_line(document.title, 200))
    ready = await runner.ready()
    room = min(tokens, ready.context - QUESTION)
    text, words = await cut(runner, document, room - MARGIN)
    content = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    maker = {"model": ready.name, "weights": ready.weights, "library": ready.library, "layout": ready.layout}
    path = files.folder(paths) / files.file_name(document.title, content, maker)
    known = files.read(path)
    if known is not None and not refusal(statefile.facts(path) or {}, maker):
        yield Progress(known.tokens, known.tokens, known, False)
        return
    files.sweep(paths, time.time())
    facts = {
        "title": document.title, "item_ids": list(document.item_ids), "inside": words, "source": document.source,
        "penchant": version("penchant"),
    }  # fmt: skip
    reading = runner.study(text, path, facts)
    try:
        async for read, of in reading:
            yield Progress(read, of)
    finally:
        await reading.aclose()
    made = files.read(path)
    if made is None:
        raise PenchantError(f"the plug was not written to {path}", hint="Is there room on the disk?")
    yield Progress(made.tokens, made.tokens, made)


async def cut(runner: Runner, document: Document, room: int) -> tuple[str, str]:
    """What of a document fits into `room` tokens, as text, and in words. Raises `PenchantError` for nothing."""
    divided = [pieces(part.text) for part in document.parts]
    if not any(divided):
        raise PenchantError(f"there is no text in {document.source}", hint="; ".join(document.notes))
    names = await runner.count([document.title, *[f"{part.name}:\n\n" for part in document.parts]])
    counts = await runner.count([f"{piece}\n\n" for found in divided for piece in found])
    sizes, at = [], 0
    for found in divided:
        sizes.append(counts[at : at + len(found)])
        at += len(found)
    taken = fit(sizes, room - sum(names))
    if not any(taken):
        raise PenchantError(
            f"not even the first paragraph of {document.source} fits into {room:,} tokens", hint="Give more `--tokens`."
        )
    chosen = [(part.name, found[:count]) for part, found, count in zip(document.parts, divided, taken, strict=True)]
    return composed(document.title, chosen), inside(document, divided, taken)
