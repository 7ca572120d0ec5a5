"""From a history and texts to opinions: deals the history out, asks the model, takes every fold from its centre."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .judge import history as dealing
from .judging_look import beginnings

if TYPE_CHECKING:
    from .judge.history import Fold
    from .judge.runner import Runner
    from .judging_plan import History
    from .store import Store

#: Bytes of a usual token, on the careful side: the model itself cuts a history that is too long.
PER_TOKEN = 3.0
ASKED = "You know what one reader likes to read. Answer with yes or no."
QUESTION = "Would this reader like this post?\n"


@dataclass(frozen=True, slots=True)
class Deal:
    """A history as the model reads it; `lines` of its items."""

    version: str
    folds: tuple[Fold, ...]
    lines: Mapping[int, str]

    @property
    def usable(self) -> bool:
        """With one fold nothing that it holds could be judged."""
        return len(self.folds) > 1


def deal(history: History, tokens: int, store: Store) -> Deal:
    """Read the items of a history and deal them out."""
    lines = lines_of(store, history.likes + history.skips)
    folds = dealing.folds(history.likes, history.skips, lines, tokens, _tokens)
    return Deal(history.version, folds, lines)


def _tokens(text: str) -> int:
    return int(len(text.encode()) / PER_TOKEN) + 1


def lines_of(store: Store, item_ids: Iterable[int]) -> dict[int, str]:
    """What stands for an item in a prompt."""
    return {item: dealing.line(text) for item, text in beginnings(store, item_ids).items()}


async def centres(runner: Runner, dealt: Deal) -> tuple[list[float], dict[int, float]]:
    """What each fold says of texts in general, and what that makes the opinions of the history's own items."""
    middle: list[float] = []
    found: dict[int, dict[int, float]] = {}
    for place in range(len(dealt.folds)):
        items = dealing.reference(dealt.folds, place)
        ratios = await _ratios(runner, dealt, place, [dealt.lines[item] for item in items])
        known = {item: ratio for item, ratio in zip(items, ratios, strict=True) if ratio is not None}
        middle.append(dealing.centre(known.values()))
        for item, ratio in known.items():
            found.setdefault(item, {})[place] = ratio
    return middle, {item: dealing.opinion(each, middle) for item, each in found.items()}


async def opinions(runner: Runner, dealt: Deal, middle: Sequence[float], lines: Sequence[str]) -> list[float | None]:
    """An opinion of each line (nats a token); None of one that no fold could judge or that kills the model."""
    found: list[dict[int, float]] = [{} for _ in lines]
    for place in range(len(dealt.folds)):
        wanted = [n for n, line in enumerate(lines) if place in dealing.judges(line, dealt.folds)]
        ratios = await _ratios(runner, dealt, place, [lines[n] for n in wanted])
        for n, ratio in zip(wanted, ratios, strict=True):
            if ratio is not None:
                found[n][place] = ratio
    return [dealing.opinion(each, middle) if each else None for each in found]


async def _ratios(runner: Runner, dealt: Deal, place: int, lines: Sequence[str]) -> list[float | None]:
    """How much likelier each line is after what was liked than after what was skipped, nats a token."""
    liked, skipped = dealing.prefixes(dealt.folds[place], dealt.lines)
    texts = [dealing.candidate(line) for line in lines]
    return await runner.ratio(liked, skipped, texts) if texts else []


async def answers(runner: Runner, dealt: Deal, lines: Sequence[str]) -> list[float | None]:
    """The logit of yes against no for each line, asked with a fold that does not hold it."""
    found: list[float | None] = [None] * len(lines)
    for place in range(len(dealt.folds)):
        wanted = [n for n, line in enumerate(lines) if dealing.judges(line, dealt.folds)[:1] == [place]]
        if wanted:
            said = await runner.ask(ASKED, dealing.told(dealt.folds[place], dealt.lines),
                                    [f"{lines[n]}\n\n{QUESTION}" for n in wanted])  # fmt: skip
            for n, logit in zip(wanted, said, strict=True):
                found[n] = logit
    return found
