"""Which items make a digest, in which order. Pure: values in, values out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .period import Period

#: Stories that were missed, items people talked about, items kept for later.
MOST, TALKED, KEPT = 12, 6, 6
#: What having been passed over leaves of a probability; what each further story of an interest or a source costs.
PASSED, AGAIN = 0.5, 0.85
#: Other items of a story that are named.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item as the archive knows it. Times in Unix seconds.

    `came`: when it came in; `talked`: when somebody the reader follows (`people`, by name) last brought it; `kept`:
    when it was saved or put aside for later (None: never). `usual` is the probability of any item.
    `read`: opened, decided, or read elsewhere; `passed`: on screen outside of a digest, and no more than that.
    """

    item_id: int
    title: str
    came: float
    probability: float | None = None
    usual: float = 0.0
    url: str = ""
    source: str = ""
    author: str = ""
    at: float | None = None
    story: int = 0
    interest: str = ""
    people: tuple[str, ...] = ()
    talked: float | None = None
    kept: float | None = None
    opened: bool = False
    read: bool = False
    passed: bool = False
    muted: bool = False

    @property
    def value(self) -> float:
        """What it is worth to the reader who missed it."""
        return (self.probability or 0.0) * (PASSED if self.passed else 1.0)


@dataclass(frozen=True, slots=True)
class Story:
    """One line of a digest: the item to read, others of the same story, and why in a line."""

    item: Candidate
    others: tuple[Candidate, ...] = ()
    why: str = ""
    #: One sentence on the item that a language model made; "" where there is none.
    said: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """`left`: how many more there would be."""

    key: str
    title: str
    stories: tuple[Story, ...]
    left: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the period: items that came in, how many of those were opened, and whether a ranking knows them."""

    came: int = 0
    opened: int = 0
    ranked: bool = False


@dataclass(frozen=True, slots=True)
class Digest:
    """The page. `sections` are never empty."""

    period: Period
    sections: tuple[Section, ...] = ()
    counts: Counts = field(default_factory=Counts)

    @property
    def ids(self) -> list[int]:
        """The items to read, in order."""
        return [story.item.item_id for section in self.sections for story in section.stories]

    @property
    def words(self) -> str:
        """What there was, in a sentence; where there is nothing to show, why."""
        came, opened = self.counts.came, self.counts.opened
        if not came:
            said = f"Nothing came in within this {self.period.kind}." if self.sections else "Nothing came in."
        else:
            said = f"{came:,} {'item' if came == 1 else 'items'} came in, you opened {opened:,}."
        if any(section.key == "missed" for section in self.sections) or not came:
            return said
        if not self.counts.ranked:
            return f"{said} They are not ranked yet: like and skip a few items, and let a worker run."
        return f"{said} You missed nothing that you would have liked more than usual."


def compose(
    period: Period, candidates: Iterable[Candidate], counts: Counts | None = None, *, most: int = MOST
) -> Digest:
    """The digest of a period: no item twice, nothing read, nothing muted; each section by value or by time."""
    pool = [c for c in {c.item_id: c for c in candidates}.values() if not c.muted]
    missed = _missed(period, pool, most)
    taken = _ids(missed)
    talked = _talked(period, pool, taken)
    taken |= _ids(talked)
    kept = _kept(period, pool, taken)
    found = (missed, talked, kept)
    return Digest(period, tuple(section for section in found if section.stories), counts or Counts())


def _ids(section: Section) -> set[int]:
    return {c.item_id for story in section.stories for c in (story.item, *story.others)}


def _missed(period: Period, pool: Sequence[Candidate], most: int) -> Section:
    likely = [
        c for c in pool
        if period.holds(c.came) and not c.read and c.kept is None and c.probability is not None
        and c.probability > c.usual
    ]  # fmt: skip
    stories = fold(likely)
    chosen = _various(stories, most)
    title = "You would have liked, and missed"
    return Section("missed", title, tuple(sorted(chosen, key=_by_value)), len(stories) - len(chosen))


def fold(candidates: Iterable[Candidate]) -> list[Story]:
    """One story for what tells the same: by the ranking's stories, or by the same title; the best by value first."""
    groups: list[list[Candidate]] = []
    of: dict[object, list[Candidate]] = {}
    for c in sorted(candidates, key=lambda c: (-c.value, c.item_id)):
        names = [c.story or -c.item_id, _same_title(c.title) or -c.item_id]
        group = next((of[name] for name in names if name in of), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(c)
        for name in names:
            of.setdefault(name, group)
    return [Story(group[0], tuple(group[1:])) for group in groups]


def _same_title(title: str) -> str:
    """Words of a title long enough to be no accident; "" for others."""
    words = re.findall(r"\w+", title.casefold())
    return " ".join(words) if len(words) >= 4 else ""


def _by_value(story: Story) -> tuple[float, int]:
    return -story.item.value, story.item.item_id


def _various(stories: Sequence[Story], most: int) -> list[Story]:
    """The best, each further one of an interest or a source worth less (maximal marginal relevance, greedily)."""
    left, chosen = list(stories), list[Story]()
    seen: Counter[tuple[str, str]] = Counter()
    while left and len(chosen) < most:
        best = max(left, key=lambda s: (s.item.value * AGAIN ** sum(seen[m] for m in _marks(s.item)), -s.item.item_id))
        left.remove(best)
        chosen.append(best)
        seen.update(_marks(best.item))
    return chosen


def _marks(item: Candidate) -> list[tuple[str, str]]:
    return [(kind, key) for kind, key in (("interest", item.interest), ("source", item.source)) if key]


def _talked(period: Period, pool: Sequence[Candidate], taken: set[int]) -> Section:
    found = [
        c for c in pool
        if c.people and c.talked is not None and period.holds(c.talked)
        and not c.read and not c.passed and c.kept is None and c.item_id not in taken
    ]  # fmt: skip
    stories = sorted(fold(found), key=lambda s: (-_voices(s), *_by_value(s)))
    title = "People around you talked about, and you have not seen"
    return Section("talked", title, tuple(stories[:TALKED]), max(0, len(stories) - TALKED))


def _voices(story: Story) -> int:
    return len({name for c in (story.item, *story.others) for name in c.people})


def _kept(period: Period, pool: Sequence[Candidate], taken: set[int]) -> Section:
    found = [
        c for c in pool if c.kept is not None and c.kept < period.end and not c.opened and c.item_id not in taken
    ]
    found.sort(key=lambda c: (-(c.kept or 0.0), c.item_id))
    title = "You kept for later, and did not read"
    return Section("kept", title, tuple(Story(c) for c in found[:KEPT]), max(0, len(found) - KEPT))


def told(digest: Digest, why: Mapping[int, str], said: Mapping[int, str] | None = None) -> Digest:
    """The same with a line of why for each item, and what a model says of it."""
    def one(section: Section, story: Story) -> Story:
        item = story.item
        line = why.get(item.item_id, "") or story.why
        if section.key == "talked":
            line = f"{_named(story)} brought it" + (f"; {line}" if line else "")
        if item.passed:
            line = f"you passed it; {line}" if line else "you passed it"
        return replace(story, why=line, said=(said or {}).get(item.item_id, story.said))

    return replace(
        digest,
        sections=tuple(
            replace(section, stories=tuple(one(section, story) for story in section.stories))
            for section in digest.sections
        ),
    )


def _named(story: Story) -> str:
    names = list(dict.fromkeys(name for c in (story.item, *story.others) for name in c.people))
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f"{' and '.join(names[:2]) if not more else ', '.join(names[:2])}{more}"
