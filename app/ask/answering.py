"""From a question and what the archive has on it to an answer with numbers: the one place that asks the model."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import prompt
from .citations import Shelf, content_stems
from .extract import extract
from .passages import Passage, Source, choose
from .reply import Reply

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.judge.runner import Ready, Runner

    from .retrieve import Found

    Embed = Callable[[Sequence[str]], np.ndarray]

#: Room of a model that is opened for questions; tokens of passages that it reads, and that a small one does (it takes
#: 100 to 200 in a second, and mixes up what stands in more).
CONTEXT, READ, READ_SMALL = 2048, 1_000, 340
#: Items that a small model reads.
FEW = 3
#: Letters of a token, where no model is there to count.
LETTERS = 3.6
#: Items that an answer rests on; letters of what is quoted of each.
SOURCES, QUOTE = 5, 240
NOT_HERE = "Not in your archive."
#: The one thing that is said in place of an answer where there is no model to give one.
NO_MODEL = "No language model is installed: these are the passages themselves."


@dataclass(frozen=True, slots=True)
class Basis:
    """Numbered sources with the passages that were taken, and whether an answer is to be expected from them."""

    numbers: tuple[tuple[Source, tuple[Passage, ...]], ...]
    enough: bool
    shelf: Shelf
    quotes: tuple[str, ...] = ()

    def facts(self) -> list[dict[str, Any]]:
        """The sources as JSON: number, item_id, title, about, url and the sentence that comes nearest."""
        return [
            {
                "number": n,
                "item_id": source.item_id,
                "title": called(source),
                "about": source.about,
                "url": source.url,
                "quote": quote,
            }
            for n, ((source, _), quote) in enumerate(zip(self.numbers, self.quotes, strict=True), 1)
        ]


def called(source: Source) -> str:
    """The title of a source; the beginning of its text where it has none."""
    return prompt.quoted(source.title or source.text, prompt.TITLE)


def basis(found: Found, sizes: Sequence[int], room: int, sources: int, embed: Embed | None, *, single: bool) -> Basis:
    """Choose passages of so many tokens (`sizes`) that fit into `room`; of one item (`single`) each gets a number."""
    taken = choose(found.passages, sizes, room, sources)
    if single:
        taken.sort(key=lambda each: each.at)
    groups = (
        [(found.sources[each.source], [each]) for each in taken] if single else prompt.numbered(taken, found.sources)
    )
    numbers = tuple((source, tuple(group)) for source, group in groups)
    texts = [" ".join((source.title, source.about, *(each.text for each in group))) for source, group in numbers]
    shelf = Shelf([content_stems(text) for text in texts], _near(texts, embed))
    return Basis(numbers, found.evidence.enough, shelf, tuple(_quote(each, found.weights) for each in numbers))


def _quote(number: tuple[Source, tuple[Passage, ...]], weights: Mapping[str, float]) -> str:
    """The sentence of a source that comes nearest to an answer."""
    best = extract([number], weights, 1)
    return prompt.quoted(best[0].text, QUOTE) if best else ""


def room_of(ready: Ready, question: str, before: tuple[str, str] | None) -> tuple[int, int]:
    """Tokens of passages that a model reads, and of how many items at most."""
    around = prompt.AROUND + prompt.ANSWER + guessed([question + "".join(before or ())])[0]
    small = ready.parameters < prompt.LARGE
    return max(64, min(READ_SMALL if small else READ, ready.context - around)), FEW if small else SOURCES


def _near(texts: Sequence[str], embed: Embed | None) -> Callable[[str], list[float]] | None:
    """The cosine of a sentence to each of these texts."""
    if embed is None or not texts:
        return None
    there = embed(texts)

    def near(sentence: str) -> list[float]:
        return [float(value) for value in there @ embed([sentence])[0]]

    return near


def sized(found: Found) -> list[str]:
    """What each passage costs in the prompt, as text: with a share of its heading."""
    return [f"{prompt.heading(found.sources[each.source])}\n{each.text}\n" for each in found.passages]


def guessed(texts: Sequence[str]) -> list[int]:
    """Tokens of texts where no model counts them."""
    return [math.ceil(len(text) / LETTERS) for text in texts]


async def counted(runner: Runner, found: Found, most: int = 64) -> list[int]:
    """Tokens of each passage, exactly for the best of them."""
    texts = sized(found)
    sizes = guessed(texts)
    best = sorted(range(len(texts)), key=lambda n: -found.passages[n].score)[:most]
    for n, size in zip(best, await runner.count([texts[n] for n in best]), strict=True):
        sizes[n] = size
    return sizes


async def answer(
    runner: Runner,
    question: str,
    based: Basis,
    before: tuple[str, str] | None = None,
    plug: Path | Sequence[Path] | None = None,
) -> AsyncGenerator[Reply, None]:
    """The answer as it grows: the same `Reply` each time. Closing the generator stops the model."""
    reply = Reply(based.shelf)
    if plug:
        system, text = prompt.READ_SYSTEM, f"Question: {prompt.quoted(question, 1_000)}"
    elif (await runner.ready()).parameters < prompt.LARGE:
        system, text = prompt.SMALL_SYSTEM, prompt.small_question(question, based.numbers)
    else:
        system, text = prompt.SYSTEM, prompt.question(question, based.numbers, before)
    async with aclosing(runner.write(system, text, prompt.ANSWER, stop="\n\n", plug=plug)) as pieces:
        async for piece in pieces:
            going = reply.take(piece)
            yield reply
            if not going:
                break
    reply.finish()
    yield reply


def without_model(found: Found, based: Basis) -> Reply:
    """The sentences of the passages that come nearest."""
    reply = Reply(based.shelf)
    reply.set(extract(based.numbers, found.weights) if based.enough else [])
    reply.absent = not based.enough
    return reply
