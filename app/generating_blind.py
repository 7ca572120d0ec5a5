"""A blind test: real texts brought into the shape of drafts, envelopes that keep the arm, and the report. Pure.

A real item is shown as a copy of its words that is a draft like any other, so nothing that tells drafts from items
(lists, counts, exports, numbers, logs) tells a real one from a generated one.
"""

from __future__ import annotations

import base64
import json
import math
import random
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

#: Characters of a text in a blind test.
SHORTEST, LONGEST = 30, 240
#: Real texts nearest in length, shorter or longer ones by lot, among which one is drawn.
AMONG = 3
#: Small words that two texts of one language share.
SHARED = 2
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SIGNS = re.compile(r"(?<!\w)[#@](?=\w)")
_END = re.compile(r"[.!?…][\"')\]]*(?=\s|$)")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]")


def shaped(title: str, text: str) -> str:
    """A text as every one of a test stands on screen: one paragraph, no addresses, cut at a sentence or a word.

    "" for what is too short then, or is hardly any words.
    """
    title = title.strip().rstrip("…").strip()
    repeated = not title or text.lstrip().startswith(title)
    body = text if repeated else f"{title}{'' if _END.search(title) else '.'} {text}"
    flat = " ".join(_SIGNS.sub("", _ADDRESS.sub("", body)).split())
    cut = _cut(flat)
    words = len(_LETTERS.findall(cut))
    return cut if len(cut) >= SHORTEST and words >= 0.6 * len(cut.replace(" ", "")) else ""


def _cut(flat: str) -> str:
    """Whole sentences where at least SHORTEST characters of them fit, else whole words without a sign of the cut."""
    if len(flat) > LONGEST:
        head = flat[: LONGEST + 1]
        ends = [found.end() for found in _END.finditer(head) if SHORTEST <= found.end() <= LONGEST]
        flat = head[: ends[-1]] if ends else head[:LONGEST].rpartition(" ")[0]
    return flat.strip(" …-,;:")


def beside(text: str, others: Sequence[tuple[int, str]], draw: random.Random) -> tuple[int, str] | None:
    """One of (item, shaped text) to stand beside `text`: drawn from those nearest in length. None: there is none.

    Texts that share its small words go before others: they are in the same language, as far as that can be told.
    """
    known = [each for each in others if each[1] and each[1] != text]
    small = _small(text)
    known = [each for each in known if len(small & _small(each[1])) >= SHARED] or known
    near = sorted(known, key=lambda each: (abs(len(each[1]) - len(text)), each[0]))
    shorter = [each for each in near if len(each[1]) <= len(text)][:AMONG]
    longer = [each for each in near if len(each[1]) >= len(text)][:AMONG]
    first, second = draw.sample([shorter, longer], 2)  # or real ones would be the longer ones where there are more such
    return draw.choice(first or second) if near else None


def _small(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if len(word) <= 4}


# -- envelopes
def seal(facts: Mapping[str, Any]) -> str:
    """What must not be read before the test is over, so that it cannot be read by accident, nor told by its length."""
    text = json.dumps({**facts, "": secrets.token_hex(8)}, ensure_ascii=False)
    padded = text.encode() + b" " * (-len(text.encode()) % 512)
    key = secrets.token_bytes(32)
    hidden = bytes(byte ^ key[n % len(key)] for n, byte in enumerate(padded))
    return base64.b64encode(key + hidden).decode()


def unseal(sealed: object) -> dict[str, Any]:
    """What `seal` put in; {} for what is no envelope."""
    try:
        raw = base64.b64decode(str(sealed), validate=True)
        key, hidden = raw[:32], raw[32:]
        found = json.loads(bytes(byte ^ key[n % len(key)] for n, byte in enumerate(hidden)))
    except (ValueError, ZeroDivisionError):
        return {}
    return {name: value for name, value in found.items() if name} if isinstance(found, dict) else {}


# -- report
class Shown(NamedTuple):
    """One draft that was on screen, by what became of it."""

    arm: str
    liked: bool
    skipped: bool = False
    opened: bool = False


class Row(NamedTuple):
    """One arm: of `shown` ones `liked` were liked or saved; `rate` is their share, `low` and `high` its interval."""

    arm: str
    shown: int
    liked: int
    skipped: int
    opened: int
    rate: float
    low: float
    high: float


def rows(shown: Iterable[Shown]) -> list[Row]:
    """A row for each arm, the best rate first; Wilson's interval (1927) at 95 %."""
    arms: dict[str, list[Shown]] = {}
    for each in shown:
        arms.setdefault(each.arm, []).append(each)
    found = []
    for arm, members in arms.items():
        n, liked = len(members), sum(each.liked for each in members)
        low, high = wilson(liked, n)
        skipped, opened = sum(each.skipped for each in members), sum(each.opened for each in members)
        found.append(Row(arm, n, liked, skipped, opened, liked / n, low, high))
    return sorted(found, key=lambda row: (-row.rate, -row.shown, row.arm))


def wilson(liked: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of nothing."""
    if n <= 0:
        return 0.0, 1.0
    share, spread = liked / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)
