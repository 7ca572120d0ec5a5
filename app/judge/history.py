"""The reader's history as a judge reads it: which items stand before the one that is judged. Pure functions of values.

A judge compares how likely a text is after things the reader liked with how likely it is after things skipped. An
item must not stand in the history that judges it (it would be found likely because it is repeated), yet the ranking
can only learn how far to believe a judge from opinions on decided items. So the history is dealt out into `folds`:
each is a pair of prefixes (liked, skipped) of its own items. A new item is judged under every fold and the opinions
averaged; a decided one only under the folds that do not hold it (`judges`). On both readers of bench/judge.py two
folds of half the items judge as well as one pair of all of them, or better: several short histories err differently.

How likely texts are in general differs from pair to pair (a long item among the skipped ones makes all text a
little likelier), by about half of what tells liked from skipped. So every fold's ratios are taken from that fold's
own `centre` before they are averaged; then opinions of different folds, and of different histories, can stand beside
each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

#: Pairs of prefixes; with fewer than TWO items on either side there is one, which judges undecided items only.
FOLDS, TWO = 2, 8
#: Characters of one item in a history, and of the item that is judged: title and beginning.
CHARACTERS = 240
#: Items of one side of one fold at most; more made neither reader's opinions better.
MOST = 16
#: What stands above a list. It is the same above both, and says nothing of readers: a post cannot make itself likelier
#: after one of the lists by repeating what it is called.
HEADING = "Posts:\n"
#: Above the lists in a chat, where they must be told apart.
LIKED, SKIPPED = "Things this reader liked:\n", "Things this reader skipped:\n"


@dataclass(frozen=True, slots=True)
class Fold:
    """One pair of prefixes: item ids, as many on both sides, the most recent last, and all texts they hold."""

    likes: tuple[int, ...]
    skips: tuple[int, ...]
    texts: frozenset[str]


def line(text: str, characters: int = CHARACTERS) -> str:
    """A text on one line, cut at `characters`, at a space where one is near."""
    flat = " ".join(text.split())
    if len(flat) <= characters:
        return flat
    cut = flat[:characters]
    head, space, _ = cut.rpartition(" ")
    return head if space and len(head) > characters * 0.8 else cut


def prefix(header: str, lines: Sequence[str]) -> str:
    """What stands before a judged item: a heading, a line for each item, and the beginning of the next."""
    return header + "".join(f"- {each}\n" for each in lines) + "-"


def candidate(text: str) -> str:
    """The judged item as it goes on from a prefix: its mean log-probability a token is taken, line end included."""
    return f" {text}\n"


def folds(
    likes: Sequence[int],
    skips: Sequence[int],
    lines: Mapping[int, str],
    tokens: int,
    count: Callable[[str], int],
    number: int = FOLDS,
) -> tuple[Fold, ...]:
    """Deal out decided items (ids, the latest first) into `number` folds whose prefixes fit in `tokens` each.

    `lines` gives each item's `line`; items without one, and repeated texts, are left out. `count` says how many
    tokens a string takes. Both sides of a fold hold equally many: a judge learns from a longer list that lists go on.
    The same items in the same order give the same folds. Empty where a side has no item.
    """
    known: set[str] = set()
    sides = [_distinct(side, lines, known) for side in (likes, skips)]
    if min(map(len, sides)) < TWO:
        number = 1
    out = []
    for place in range(number):
        mine = [side[place::number][:MOST] for side in sides]
        fitting = min(_fitting(side, lines, tokens, count) for side in mine)
        if fitting:
            kept = [tuple(side[:fitting][::-1]) for side in mine]
            out.append(Fold(kept[0], kept[1], frozenset(lines[i] for side in kept for i in side)))
    return tuple(out)


def _distinct(side: Sequence[int], lines: Mapping[int, str], known: set[str]) -> list[int]:
    out = []
    for item in side:
        text = lines.get(item, "")
        if text and text not in known:
            known.add(text)
            out.append(item)
    return out


def _fitting(side: Sequence[int], lines: Mapping[int, str], tokens: int, count: Callable[[str], int]) -> int:
    """How many of these items fit, the latest first."""
    left = tokens - count(prefix(HEADING, ()))
    for n, item in enumerate(side):
        left -= count(f"- {lines[item]}\n")
        if left < 0:
            return n
    return len(side)


def prefixes(fold: Fold, lines: Mapping[int, str]) -> tuple[str, str]:
    """(liked, skipped) prefixes of a fold."""
    liked, skipped = ([lines[i] for i in side] for side in (fold.likes, fold.skips))
    return prefix(HEADING, liked), prefix(HEADING, skipped)


def told(fold: Fold, lines: Mapping[int, str]) -> str:
    """A fold as a chat tells it: what was liked, then what was skipped."""
    sides = ((LIKED, fold.likes), (SKIPPED, fold.skips))
    return "".join(prefix(header, [lines[i] for i in side]) for header, side in sides)


def judges(text: str, dealt: Sequence[Fold]) -> list[int]:
    """Which folds may judge this `line`: those that do not hold it."""
    return [place for place, fold in enumerate(dealt) if text not in fold.texts]


def reference(dealt: Sequence[Fold], place: int) -> list[int]:
    """Item ids whose ratios under one fold give its `centre`: all that the other folds hold, as many liked as skipped.

    With a single fold there is none: the centre is then the mean over what was judged.
    """
    return [item for other, fold in enumerate(dealt) if other != place for item in (*fold.likes, *fold.skips)]


def centre(ratios: Iterable[float]) -> float:
    """What a fold says of texts in general: the mean of its ratios over its `reference`; 0 without any."""
    found = list(ratios)
    return fmean(found) if found else 0.0


def opinion(ratios: Mapping[int, float], centres: Sequence[float]) -> float:
    """One opinion from the ratios (nats a token) of the folds that judged an item, each from its fold's centre.

    Raises `ValueError` where no fold judged it.
    """
    if not ratios:
        raise ValueError("no fold judged this item")
    return fmean(ratio - centres[place] for place, ratio in ratios.items())


def pseudo_skips(pool: Sequence[int], known: Iterable[int], number: int) -> list[int]:
    """As many items of `pool` (the newest first) as stand in for skips where only likes are known, spread over it.

    What was never looked at is mostly no like; what is in `known` (liked, saved, opened) is left out.
    """
    gone = set(known)
    left = [item for item in pool if item not in gone]
    if number <= 0 or not left:
        return []
    step = max(len(left) / number, 1.0)
    return [left[int(k * step)] for k in range(min(number, len(left)))]
