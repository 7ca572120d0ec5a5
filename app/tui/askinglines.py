"""A conversation with the archive as blocks to read: the newest question first, its answer, what it rests on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from . import words
from .awaited import Awaited
from .pager import Block

#: Characters of a sentence quoted from a source.
QUOTE = 200
WELCOME = (
    "Ask in your own words: what you read somewhere, who said it, what there is on something.",
    'author:name, source:name, after:7d and "a phrase" narrow it, as in a search.',
    "Answers come from your archive alone, with the items that they rest on.",
)
UNCHECKED = "unchecked: a sentence without a number rests on none of these"


@dataclass(frozen=True, slots=True)
class Turn(Awaited):
    """A question on its way or answered."""

    silence: ClassVar[float] = 310.0

    question: str = ""

    def sources(self) -> list[Mapping[str, Any]]:
        """What the answer rests on, as the worker wrote it."""
        found = self.payload.get("sources")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def blocks_of(turns: Sequence[Turn], now: float, about: str = "") -> list[Block]:
    """Everything that the screen shows; `about`: the title of the item that is asked about."""
    found = [Block(words.one_line(about), "title"), Block("")] if about else []
    if not turns:
        return [*found, *(Block(text, "meta") for text in WELCOME)]
    found += _turn(turns[-1], now)
    for turn in reversed(turns[:-1]):
        said = turn.answer.text if turn.answer is not None else ""
        found += [Block(""), Block(words.one_line(turn.question), "meta"), Block(words.one_line(said), "meta")]
    return found


def _turn(turn: Turn, now: float) -> list[Block]:
    found = [Block(words.one_line(turn.question), "head"), Block("")]
    answer = turn.answer
    if answer is not None and answer.text:
        found.append(Block(words.one_line(answer.text) + ("" if answer.done else " …")))
    elif answer is None or not answer.error:
        found.append(Block(_waiting(turn, now), "meta"))
    if answer is not None and answer.error:
        found.append(Block(words.one_line(words.sentences(_capital(answer.error), answer.hint)), "minus"))
    return [*found, *_rests_on(turn), *_notes(turn)]


def _rests_on(turn: Turn) -> list[Block]:
    sources, absent = turn.sources(), bool(turn.payload.get("absent"))
    if not sources:
        return []
    by = str(turn.payload.get("by") or "")
    told = f" ({words.one_line(by)}, {UNCHECKED})" if by and turn.over and not absent else ""
    found = [Block(""), Block(f"{'The nearest there is' if absent else 'From'}{told}:", "meta")]
    cited = turn.payload.get("cited")
    for each in sources[:9]:
        number = each.get("number")
        mark = "▸" if isinstance(cited, list) and number in cited else " "
        head = f"{mark}[{number}] "
        title = words.one_line(str(each.get("title", "")))
        found.append(Block(head + title, "link", link=int(number or 0), hang=len(head)))
        about, quote = words.one_line(str(each.get("about", ""))), words.one_line(str(each.get("quote", "")))
        if about:
            found.append(Block(about, "meta", indent=len(head)))
        if quote and not absent:
            found.append(Block(f"“{quote[:QUOTE]}{'…' if len(quote) > QUOTE else ''}”", indent=len(head)))
    return found


def _notes(turn: Turn) -> list[Block]:
    notes = turn.payload.get("notes")
    told = [words.one_line(str(each)) for each in notes] if isinstance(notes, list) else []
    return [Block(""), *(Block(each, "meta") for each in told)] if told else []


def _waiting(turn: Turn, now: float) -> str:
    if turn.gave_up(now):
        return "No answer came. Is a worker running? `penchant judge` says how the model is doing."
    if turn.answer is not None and turn.answer.at != turn.asked_at:
        return "The model reads what was found … (esc takes the question back)"
    if turn.alone:
        return "No worker is running, so nobody answers yet; `penchant worker` starts one. (esc takes it back)"
    return "Looking through the archive … (esc takes the question back)"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def copied(turn: Turn) -> str:
    """A question, its answer and its sources as text for the clipboard."""
    said = turn.answer.text if turn.answer is not None else ""
    lines = [turn.question, "", said, ""]
    lines += [f"[{each.get('number')}] {each.get('title')} {each.get('url')}".rstrip() for each in turn.sources()]
    return "\n".join(words.one_line(line) for line in lines).strip()
