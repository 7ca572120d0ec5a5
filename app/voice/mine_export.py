"""Examples as an instruction-tuning file: ChatML messages, one JSON object a line, split by time (pure).

For those who train elsewhere; penchant itself trains nothing. Each line is {"messages": [{"role", "content"}, ...],
"kind", "at"}; a preference is {"prompt", "chosen", "rejected", "kind", "at"} as preference tuners read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .mine import Example, spoken

#: What a model is told, and asked, for each kind of example.
SYSTEM = "You write as the author of these posts writes."
ASKED = {
    "authored": "Write a post.",
    "replied": "Reply to this post:\n\n{}",
    "quoted": "Quote this post and say something about it:\n\n{}",
}
#: What is asked where the archive does not have what is answered.
UNKNOWN = {"replied": "Write a reply to a post.", "quoted": "Quote a post and say something about it."}
#: Kinds that say what is liked; they are no words of the reader's, and go out only when asked for.
TASTE = ("liked", "reposted", "saved")
TASTE_SYSTEM = "You choose what this reader reads."
TASTE_ASKED = "Show a post that this reader likes."


@dataclass(frozen=True, slots=True)
class Split:
    """Examples to train on, and newer ones to validate with; undated ones are trained on."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]


def split(examples: Sequence[Example], share: float) -> Split:
    """The newest `share` (0..1) of the dated examples validate; equal texts are all on one side.

    What validates is newer than everything dated that is trained on, so nothing of the future is learned.
    """
    once: dict[tuple[str, str, str], Example] = {}
    for example in examples:
        once.setdefault((example.kind, spoken(example.text), example.parent), example)
    dated = sorted((e for e in once.values() if e.at > 0), key=lambda e: (e.at, e.item_id, e.kind))
    cut = len(dated) - round(share * len(dated))
    while 0 < cut < len(dated) and dated[cut].at == dated[cut - 1].at:  # what was done at once stays together
        cut -= 1
    texts = {spoken(e.text) for e in dated[cut:]}
    undated = [e for e in once.values() if e.at <= 0]
    train = [e for e in (*undated, *dated[:cut]) if spoken(e.text) not in texts]
    return Split(tuple(train), tuple(dated[cut:]))


def chosen(examples: Iterable[Example], *, taste: bool = False, parents: bool = False) -> list[Example]:
    """What goes out: the reader's own words, with `taste` what they liked too, with `parents` only what has one."""
    kinds = (*ASKED, *TASTE) if taste else tuple(ASKED)
    found = [e for e in examples if e.kind in kinds and spoken(e.text)]
    return [e for e in found if not (parents and e.answers and not e.parent)]


def record(example: Example) -> dict[str, Any]:
    """One example as a conversation."""
    if example.kind in TASTE:
        system, asked = TASTE_SYSTEM, TASTE_ASKED
    elif example.parent:
        system, asked = SYSTEM, ASKED[example.kind].replace("{}", example.parent)
    else:
        system, asked = SYSTEM, UNKNOWN.get(example.kind, ASKED["authored"])
    said = (("system", system), ("user", asked), ("assistant", spoken(example.text)))
    return {
        "messages": [{"role": role, "content": text} for role, text in said],
        "kind": example.kind,
        "at": example.at or None,
    }


def preferences(duels: Iterable[tuple[str, str, str, float]]) -> Iterator[dict[str, Any]]:
    """Duels, (about, chosen, other, at), as preference pairs."""
    for about, better, worse, at in duels:
        prompt = f"Write a caption for: {about}" if about else "Write something that this reader finds funny."
        yield {"prompt": prompt, "chosen": better, "rejected": worse, "kind": "duel", "at": at or None}


def lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """JSON Lines; what could move a terminal's cursor was taken out of the texts when they came."""
    for each in records:
        yield json.dumps(each, ensure_ascii=False) + "\n"


def chatml(text: dict[str, Any]) -> str:
    """A conversation as ChatML spells it, for models that are trained on text."""
    return "".join(f"<|im_start|>{m['role']}\n{_safe(m['content'])}<|im_end|>\n" for m in text["messages"])


def _safe(text: str) -> str:
    """A text cannot end its turn, whatever somebody wrote."""
    return text.replace("<|im_start|>", "< |im_start| >").replace("<|im_end|>", "< |im_end| >")
