"""What is plugged, as a value, and how much of it fits (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Characters from which a paragraph is divided at the ends of sentences.
LONG = 1_500
#: The most of the room that what follows the first part (a repository's README and files) may take from it.
SHARE = 1 / 3
_ENDS = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a document with a name of its own ("", "README of ada/engine", "files of ada/engine")."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be read. `source` is how the reader named it; `notes` say what could not be had."""

    title: str
    source: str
    parts: tuple[Part, ...]
    item_ids: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def pieces(text: str) -> list[str]:
    """Paragraphs; long ones divided at the ends of sentences, endless ones anywhere.

    >>> pieces("One.\\n\\nTwo.\\nStill two.")
    ['One.', 'Two.\\nStill two.']
    """
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if len(paragraph) <= LONG:
            found.append(paragraph.strip())
            continue
        now = ""
        for sentence in _ENDS.split(paragraph):
            for start in range(0, len(sentence), LONG):
                piece = sentence[start : start + LONG]
                if now and len(now) + len(piece) > LONG:
                    found.append(now)
                    now = ""
                now = f"{now} {piece}".strip()
        found.append(now)
    return [piece for piece in found if piece]


def fit(sizes: Sequence[Sequence[int]], room: int) -> list[int]:
    """How many pieces of each part are taken, from its beginning, so that their tokens fit into `room`.

    The first part comes first, but leaves the others up to SHARE of the room; what they do not need goes back to it.

    >>> fit([[50, 50, 50], [20, 20]], 120)
    [1, 2]
    """
    others = int(room * SHARE)
    taken, left = [], room - others
    for number, part in enumerate(sizes):
        count = 0
        while count < len(part) and part[count] <= left:
            left -= part[count]
            count += 1
        taken.append(count)
        if number == 0:
            left += others
    if sizes and taken[0] < len(sizes[0]):  # what the others left over
        while taken[0] < len(sizes[0]) and sizes[0][taken[0]] <= left:
            left -= sizes[0][taken[0]]
            taken[0] += 1
    return taken


def composed(title: str, parts: Sequence[tuple[str, Sequence[str]]]) -> str:
    """The text that the model reads: the title, then each part under its name."""
    said = [f"{title}\n"] if title else []
    for name, inside in parts:
        if inside:
            said += [f"{name}:\n"] if name else []
            said += [f"{piece}\n" for piece in inside]
    return "\n".join(said).strip() + "\n"


def inside(document: Document, divided: Sequence[Sequence[str]], taken: Sequence[int]) -> str:
    """In words what of a document is in the plug and what is not; "all of it" where nothing is missing."""
    said = []
    for part, found, count in zip(document.parts, divided, taken, strict=True):
        what = part.name or "the text"
        if count == len(found):
            said.append(f"all of {what}")
        elif count == 0:
            said.append(f"nothing of {what}")
        else:
            said.append(f"{what} up to paragraph {count} of {len(found)} (“{_beginning(found[count])}” is out)")
    if all(count == len(found) for found, count in zip(divided, taken, strict=True)):
        said = ["all of it"]
    return "; ".join([*said, *document.notes])


def _beginning(text: str) -> str:
    words = " ".join(text.split()[:8])
    return words if len(words) <= 60 else words[:59] + "…"
