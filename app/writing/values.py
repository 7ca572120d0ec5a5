"""What is to be written, from what, and what came of it (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["reply", "post"]
#: Candidates asked for and at most; characters of one, usually and at most.
COUNT, MOST, LENGTH, LONGEST = 3, 8, 280, 2_000
#: Items that a post may be written from.
SOURCES = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader wants written.

    `kind` "reply": to `parent_id`; "post": on `topic`, or from the items `item_ids`, or on anything. `arm` is the
    carrier that the taste goes by ("" the best that there is), `length` characters at most, `avoid` texts that were
    seen already (offered and skipped): nothing near them is offered again.
    """

    kind: Kind = "post"
    parent_id: int | None = None
    topic: str = ""
    item_ids: tuple[int, ...] = ()
    arm: str = ""
    model: str = ""
    count: int = COUNT
    length: int = LENGTH
    seed: int = 0
    avoid: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """As JSON, for the row that a screen makes."""
        return {
            "kind": self.kind, "topic": self.topic, "items": list(self.item_ids), "arm": self.arm, "model": self.model,
            "count": self.count, "length": self.length, "seed": self.seed, "avoid": list(self.avoid),
        }  # fmt: skip

    @classmethod
    def of(cls, parent_id: int | None, payload: Mapping[str, Any]) -> Wish:
        """What a row asks for; what is no sense in it falls back to the usual."""
        items, avoid = payload.get("items"), payload.get("avoid")
        return cls(
            "reply" if payload.get("kind") == "reply" else "post",
            parent_id,
            str(payload.get("topic") or "")[:500],
            tuple(each for each in items if isinstance(each, int))[:SOURCES] if isinstance(items, list) else (),
            str(payload.get("arm") or ""),
            str(payload.get("model") or ""),
            _number(payload.get("count"), COUNT, 1, MOST),
            _number(payload.get("length"), LENGTH, 20, LONGEST),
            _number(payload.get("seed"), 0, 0, 2**31 - 1),
            tuple(str(each) for each in avoid[:50]) if isinstance(avoid, list) else (),
        )


def _number(value: object, usual: int, low: int, high: int) -> int:
    return min(max(value, low), high) if isinstance(value, int) and not isinstance(value, bool) else usual


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody's words: of a thread, a post, an article."""

    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """One text that the reader wrote; `parent` is what it answered, "" where that is not known."""

    text: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that a draft is written from. Taste is not in it: a carrier brings that.

    `above`: the thread over the post, oldest first; `post`: what is answered; `quoted`: what that quotes; `sources`:
    articles that a post is made of; `mine`: the reader's own texts that fit, best first (style and nothing else).
    `links`, `people`: what may be named in a draft (addresses, @handles), since it stands in what was given.
    `sparks`: texts that the reader liked, one for each candidate of a post about anything: what it starts from.
    """

    above: tuple[Said, ...] = ()
    post: Said | None = None
    quoted: Said | None = None
    sources: tuple[Said, ...] = ()
    mine: tuple[Example, ...] = ()
    links: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    sparks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One draft. `probability` that the reader likes it (the head's; None without a head), `ratio` how much likelier
    the model finds it toward their taste than away from it (nats a token; None where it cannot tell), `overlap` the
    share of its eight-word runs that stand in the archive, `near` the cosine to the nearest other candidate.

    `refused` says in words why it is not offered, "" where it is.
    """

    text: str
    probability: float | None = None
    ratio: float | None = None
    overlap: float = 0.0
    near: float = 0.0
    temperature: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    refused: str = ""

    def facts(self) -> dict[str, Any]:
        """What is kept beside the text; what is not known is left out."""
        found = {
            "probability": self.probability, "ratio": self.ratio, "overlap": self.overlap, "near": self.near,
            "temperature": self.temperature, "tokens": self.tokens, "seconds": self.seconds,
        }  # fmt: skip
        return {name: round(value, 4) for name, value in found.items() if value is not None}

    def without(self, why: str) -> Candidate:
        """The same, refused."""
        return replace(self, refused=why)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request is. `state`: "loading", "reading", "writing", "choosing" (as many stand as were asked for, and
    others are written to choose from), "done".

    `text` is the draft on its way; `offered` are those that stand, in the order of worth; `refused` how many were
    thrown away for which reason; `notes` for the reader; `arm` and `by`: the carrier and the model.
    """

    state: str
    text: str = ""
    offered: Sequence[Candidate] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    arm: str = ""
    by: str = ""
