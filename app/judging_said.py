"""What the judge said of one item, read from the archive and put into words; for Why and for `penchant judge ITEM`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import judging_status
from .judging_plan import sides

if TYPE_CHECKING:
    from .judging_status import Status
    from .store import Store
    from .store.opinions import Opinion

#: Nats a token below which two histories make no difference worth a word.
NO_DIFFERENCE = 0.01


@dataclass(frozen=True, slots=True)
class Said:
    """`opinions` of the judge at work, the newest first; `decided_at`: when the reader decided on the item."""

    opinions: Sequence[Opinion] = ()
    status: Status | None = None
    decided_at: float | None = None

    @property
    def silent(self) -> bool:
        """Whether there is no judge at all."""
        return self.status is None and not self.opinions


def said_of(store: Store, item_id: int) -> Said:
    """What the archive has."""
    status = judging_status.of(store)
    model = (status.model if status else "") or store.opinions.active() or ""
    events = [e.at for e in store.events.of_item(item_id) if e.kind in ("like", "save", "skip", "mute")]
    opinions = store.opinions.of_item(item_id, model) if model else []
    return Said(opinions, status, events[-1] if events else None)


def sentences(said: Said) -> list[str]:
    """One line for each opinion, then what it was formed from; why there is none, where that is so."""
    if not said.opinions:
        return [_none(said.status)]
    lines = [_value(opinion) for opinion in said.opinions]
    return [*lines, _formed(said.opinions[0], said)]


def _none(status: Status | None) -> str:
    if status is None:
        return "no language model is at work"
    if status.note:
        return f"it has not judged this: {status.note}"
    return "it has not judged this yet" + (f": {status.doing}" if status.doing else "")


def _value(opinion: Opinion) -> str:
    if opinion.kind == "yes":
        chance = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, opinion.value))))
        return f"asked whether you would like it, it says yes with {chance:.0%}".replace("%", " %")
    if abs(opinion.value) < NO_DIFFERENCE:
        return "after what you liked and after what you skipped it expects these words alike"
    percent = max(1, round(100.0 * (math.exp(min(abs(opinion.value), 7.0)) - 1.0)))
    side = ("liked", "skipped") if opinion.value > 0 else ("skipped", "liked")
    return f"after what you {side[0]} each of its words is {percent} % likelier than after what you {side[1]}"


def _formed(opinion: Opinion, said: Said) -> str:
    """From how much, and whether that is still so. When is for the caller, who has a clock of words."""
    found = sides(opinion.history)
    if found is None:
        return ""
    likes, skips, assumed = found
    other = f"{skips} items you never judged" if assumed else f"{skips} skips"
    text = f"from {likes} likes and {other}"
    if said.decided_at is not None and opinion.at < said.decided_at:
        return f"{text}, before you decided on it"
    if said.status is not None and said.status.history not in ("", opinion.history):
        return f"{text}; you have decided more since, and it will be asked again"
    return text


def called(status: Status | None, model: str = "") -> str:
    """What a reader calls a model; without that its own name: "gguf:SmolLM2:9f86" is SmolLM2."""
    if status is not None and status.model == (model or status.model) and status.name:
        return status.name
    parts = model.split(":")
    return parts[1] if len(parts) > 2 else model
