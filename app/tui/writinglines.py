"""Drafts as blocks to read: the one at hand marked, what is known of each, what is on its way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penchant.app.types import Marks

from . import words
from .awaited import Awaited
from .pager import Block

if TYPE_CHECKING:
    from penchant.app.store.drafts import Draft

STATES = {"kept": "kept", "posted": "posted", "dropped": "dropped"}
NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Request(Awaited):
    """Drafts that the worker was asked for."""

    silence: ClassVar[float] = 920.0

    @property
    def draft_ids(self) -> list[str]:
        """The drafts that stand, in the order of worth once it is over."""
        found = self.payload.get("drafts")
        return [str(each) for each in found] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Shown:
    """A draft on screen, with the marks of the item that stands for it."""

    draft: Draft
    marks: Marks = NO_MARKS


def touched(shown: Shown) -> bool:
    """Whether the reader did something with a draft."""
    draft = shown.draft
    return draft.item_id is not None or draft.state in ("kept", "posted") or "written" in draft.facts


def blocks_of(drafts: Sequence[Shown], at: int) -> list[Block]:
    """The drafts; `at` is the place of the one at hand. Its block is where `Pager` scrolls to."""
    found: list[Block] = []
    for place, shown in enumerate(drafts):
        number = f"{'▸' if place == at else ' '}{place + 1}  "
        text = "\n".join(words.one_line(line) for line in shown.draft.text.split("\n"))
        role = "title" if place == at else "text"
        found.append(Block(number + text.split("\n")[0], role, hang=len(number)))
        found += [Block(line, role, indent=len(number)) for line in text.split("\n")[1:]]
        found.append(Block(facts(shown), "meta", indent=len(number)))
        if said := sending(shown.draft):
            found.append(Block(said, "minus", indent=len(number)))
        found.append(Block(""))
    return found


def facts(shown: Shown) -> str:
    """What is known of a draft, in one line."""
    draft = shown.draft
    known = draft.facts
    state = "not chosen" if draft.state == "dropped" and known.get("spare") else STATES.get(draft.state, "")
    found = [_mark(shown.marks), state]
    if isinstance(known.get("probability"), int | float):
        found.append(f"{round(known['probability'] * 100)} %")
    if isinstance(known.get("ratio"), int | float):
        found.append(f"{known['ratio']:+.2f} toward your taste")
    found.append(f"{words.many(len(draft.text), 'character')}")
    found.append(draft.arm)
    if known.get("written"):
        found.append("edited")
    if known.get("url"):
        found.append(str(known["url"]))
    return words.one_line("  ".join(each for each in found if each))


def sending(draft: Draft) -> str:
    """That a draft was about to go out and nobody knows whether it did; "" where nothing is open."""
    if draft.state == "posted" or not isinstance(draft.facts.get("sending"), dict):
        return ""
    who = words.one_line(str(draft.facts["sending"].get("account") or ""))
    return f"It was being posted as {who} when that was interrupted: posting it again makes no second post."


def _mark(marks: Marks) -> str:
    return "♥" if marks.liked else "✗" if marks.skipped else ""


def on_its_way(request: Request | None, now: float, wanted: int) -> list[Block]:
    """The draft that is being written, what was refused, what went wrong."""
    if request is None:
        return []
    answer, found = request.answer, list[Block]()
    if answer is not None and answer.text and not answer.done:
        lines = [words.one_line(line) for line in answer.text.split("\n")]
        found += [Block(f"…  {lines[0]}", "link", hang=3), *(Block(line, "link", indent=3) for line in lines[1:])]
    if answer is not None and answer.error:
        said = words.sentences(answer.error[:1].upper() + answer.error[1:], answer.hint)
        found.append(Block(words.one_line(said), "minus"))
    elif not request.over:
        found.append(Block(_waiting(request, now, wanted), "meta"))
    return [*found, *_told(request)]


def _waiting(request: Request, now: float, wanted: int) -> str:
    if request.gave_up(now):
        return "Nothing came. Is a worker running? `penchant judge` says how the model is doing."
    state = str(request.payload.get("state") or "")
    if state == "loading":
        return "The model is being loaded … (esc takes the request back)"
    if state:
        by = words.one_line(str(request.payload.get("by") or ""))
        if state == "choosing":
            return f"{by} writes others to choose from; these stand until then … (esc: these will do)"
        return f"{by} writes {len(request.draft_ids) + 1} of {wanted} …"
    if request.alone:
        return "No worker is running, so nobody writes yet; `penchant worker` starts one. (esc takes it back)"
    return "Asking the worker … (esc takes the request back)"


def _told(request: Request) -> list[Block]:
    refused, notes = request.payload.get("refused"), request.payload.get("notes")
    found = []
    if isinstance(refused, dict) and refused:
        why = ", ".join(f"{count} because it {reason}" for reason, count in refused.items())
        found.append(Block(words.one_line(f"Not offered: {why}"), "meta"))
    if isinstance(notes, list):
        found += [Block(words.one_line(str(each)), "meta") for each in notes]
    return found
