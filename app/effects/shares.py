"""What was on screen against what there was, source by source and topic by topic. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from penchant.app.memory.diversity import wilson
from penchant.app.memory.exposure import FEW, Came


@dataclass(frozen=True, slots=True)
class Gap:
    """One source or topic: of `came` items `shown` were on screen; shares are of all that came, and of all shown."""

    key: str
    name: str
    came: int
    shown: int
    liked: int
    share_came: float
    share_shown: float
    usual: float

    @property
    def points(self) -> float:
        """Points of a hundred that the screen holds more of it than there was."""
        return 100.0 * (self.share_shown - self.share_came)

    @property
    def verdict(self) -> str:
        """"more" or "less" than of everything, "" where the numbers cannot tell (95 %, Wilson)."""
        if self.came < FEW:
            return ""
        low, high = wilson(self.shown, self.came)
        return "less" if high < self.usual else "more" if low > self.usual else ""


@dataclass(frozen=True, slots=True)
class Mix:
    """`gaps`: the largest first. `common`: how much of the screen's mix is that of what came, 0 to 1."""

    gaps: tuple[Gap, ...] = ()
    common: float = 1.0
    came: int = 0
    shown: int = 0


def mix(items: Iterable[Came], key: Callable[[Came], str], name: Callable[[str], str]) -> Mix:
    """By whatever `key` says of an item ("" leaves it out)."""
    kept = [(key(each), each) for each in items]
    kept = [(group, each) for group, each in kept if group]
    came = Counter(group for group, _ in kept)
    shown = Counter(group for group, each in kept if each.seen)
    liked = Counter(group for group, each in kept if each.liked)
    all_came, all_shown = sum(came.values()), sum(shown.values())
    if not all_came or not all_shown:
        return Mix(came=all_came, shown=all_shown)
    usual = all_shown / all_came
    gaps = [
        Gap(group, name(group), n, shown[group], liked[group], n / all_came, shown[group] / all_shown, usual)
        for group, n in came.items()
    ]
    gaps.sort(key=lambda gap: (-abs(gap.points), gap.name))
    common = sum(min(gap.share_came, gap.share_shown) for gap in gaps)
    return Mix(tuple(gaps), min(1.0, common), all_came, all_shown)


def leaning(gaps: Sequence[Gap], verdict: str, most: int) -> list[Gap]:
    """The gaps of one verdict, the largest first."""
    return [gap for gap in gaps if gap.verdict == verdict][:most]
