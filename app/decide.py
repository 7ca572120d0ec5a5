"""Pure decisions of a refresh: new, changed or same? the same thing as what? when to look again?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Verdict = Literal["new", "edit", "refresh", "same"]

DAY = 86_400.0
#: Copies of one text elsewhere are joined within this time, repeats in one source within REPOST.
CROSS_POST = 30 * DAY
REPOST = 3 * DAY
#: Shortest text whose exact repetition means anything ("lol" twice is two items).
MIN_EXACT = 40
#: Share of word trigrams that near-identical texts have in common.
SAME_TEXT = 0.75
#: Share of title words in common above which two titles say the same.
SAME_TITLE = 0.6
#: With one address, texts of at least this length that share less than this are a comment on it, not a copy.
ESSAY, QUOTED = 400, 0.3
#: A body this much longer than the one shown replaces it (a full text after a bare link).
RICHER = 4.0

#: Bounds of the polling interval that penchant chooses itself, seconds.
SHORTEST, LONGEST = 600.0, DAY / 2
#: A source may ask for at most this much patience in its feed, or in Retry-After.
MAX_DECLARED, MAX_RETRY_AFTER = 2 * DAY, 7 * DAY
FIRST_RETRY = 120.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the archive holds under one (kind, native_id)."""

    item_id: int
    content_hash: bytes
    points: int | None
    comments: int | None


@dataclass(frozen=True, slots=True)
class Text:
    """The sides of an item that tell whether another one is the same thing."""

    content_hash: bytes
    canonical_url: str
    title: str
    text: str
    lang: str
    at: float


def verdict(known: Known | None, content_hash: bytes, points: int | None, comments: int | None) -> Verdict:
    """What arrived: something unseen, a new wording, new counts only, or nothing new."""
    if known is None:
        return "new"
    if known.content_hash != content_hash:
        return "edit"
    if (points, comments) not in ((known.points, known.comments), (None, None)):
        return "refresh"
    return "same"


#: An address with more than a host: nearly all, told without taking it apart.
_PAGE = re.compile(r"https?://[a-z0-9.-]+/[A-Za-z0-9]")


def identifies(canonical_url: str) -> bool:
    """Whether an address can stand for one item: a homepage or a bare host stands for many."""
    if not canonical_url:
        return False
    if _PAGE.match(canonical_url):
        return True
    try:
        parts = urlsplit(canonical_url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.path.strip("/") or parts.query)


def same_by_address(new: Text, old: Text, *, same_source: bool, shared: int) -> bool:
    """Whether two items with one identifying address are one thing.

    `shared` is how many stored items have that address: more than one, or one
    of the same source, means that it does not identify them (a changelog page, a
    linkblog), so only equal titles join. Otherwise they join unless each is
    an essay of its own about the address.
    """
    if same_source or shared > 1:
        return bool(new.title) and _plain(new.title) == _plain(old.title) and abs(new.at - old.at) <= REPOST
    if not new.text or not old.text or similar_titles(new.title, old.title):
        return True
    if min(len(new.text), len(old.text)) < ESSAY:
        return True
    return _contained(_trigrams(new.text), _trigrams(old.text)) >= QUOTED


def same_by_text(new: Text, old: Text, *, same_source: bool) -> bool:
    """Whether two items with (nearly) one text are one thing.

    In one source only an exact repetition within days is: a weekly thread
    repeats itself on purpose. Titles that differ in a number (v1.2, v1.3;
    dates) or in most words keep items apart, and so do different languages.
    """
    apart = abs(new.at - old.at)
    if same_source:
        return new.content_hash == old.content_hash and len(new.text) >= MIN_EXACT and apart <= REPOST
    if apart > CROSS_POST or min(len(new.text), len(old.text)) < MIN_EXACT or not _one_language(new, old):
        return False
    if new.title and old.title and not _titles_agree(new.title, old.title):
        return False
    if new.content_hash == old.content_hash:
        return True
    return similarity(new.text, old.text) >= SAME_TEXT


def richer(new_text: str, shown_text: str) -> bool:
    """Whether a joined arrival's body should be shown instead of the present one."""
    return len(new_text) >= 200 and len(new_text) > RICHER * len(shown_text)


def similarity(a: str, b: str) -> float:
    """Jaccard index of word trigrams, 0 to 1; 1 for equal words."""
    x, y = _trigrams(a), _trigrams(b)
    return len(x & y) / len(x | y) if x or y else 1.0


def similar_titles(a: str, b: str) -> bool:
    x, y = set(_plain(a).split()), set(_plain(b).split())
    return bool(x and y) and len(x & y) / len(x | y) >= SAME_TITLE


def _contained(x: set[tuple[str, ...]], y: set[tuple[str, ...]]) -> float:
    return len(x & y) / min(len(x), len(y)) if x and y else 0.0


def _one_language(a: Text, b: Text) -> bool:
    x, y = a.lang.lower().split("-")[0], b.lang.lower().split("-")[0]
    return not x or not y or x == y


_WORDS = re.compile(r"[^\W_]+")


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(text.lower()))


def _titles_agree(a: str, b: str) -> bool:
    return re.findall(r"\d+", a) == re.findall(r"\d+", b) and similar_titles(a, b)


def _trigrams(text: str) -> set[tuple[str, ...]]:
    """Word trigrams of the first 4,000 characters; characters stand for words where there are no spaces."""
    words = _WORDS.findall(text[:4_000].lower())
    if words and max(map(len, words)) > 40:
        words = [character for word in words for character in word]
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}


def poll_interval(
    published: Iterable[float], now: float, *, minimum: float = SHORTEST, declared: float | None = None
) -> float:
    """Seconds between polls: half the usual gap between this source's newest posts.

    `published` are Unix seconds of its last posts; silence since the newest
    counts as a gap of its own, so that a dormant source is asked less and
    less. Never below what the service (`minimum`) or the feed (`declared`) asks.
    """
    floor = max(minimum, min(declared or 0.0, MAX_DECLARED))
    times = sorted((at for at in published if at <= now), reverse=True)[:20]
    if not times:
        return max(floor, 3_600.0)
    gaps = [a - b for a, b in itertools.pairwise(times)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else DAY
    silence = now - times[0]
    wanted = max(usual / 2, silence / 6)
    return max(floor, min(max(wanted, SHORTEST), LONGEST))


def next_due(now: float, interval: float, spread: float) -> float:
    """When to poll next; `spread` in [0, 1) moves it by up to a tenth, so that sources do not march
    in step.
    """
    return now + interval * (0.95 + 0.1 * spread)


def retry_at(
    now: float, failures: int, spread: float, *, minimum: float = 0.0, retry_after: float | None = None
) -> float:
    """When to try a failing source again: 2 minutes, doubling to a day, never before the server allows.

    `failures` counts this one (1 for the first); `spread` in [0, 1) adds up to half.
    """
    wait = min(FIRST_RETRY * 2.0 ** min(max(failures, 1) - 1, 20), DAY) * (1.0 + 0.5 * spread)
    return now + max(wait, minimum if failures > 1 else 0.0, min(retry_after or 0.0, MAX_RETRY_AFTER))


def first_join(
    new: Text,
    by_address: Sequence[tuple[int, Text, bool]],
    by_text: Sequence[tuple[int, Text, bool]],
) -> int | None:
    """The id of the stored item that `new` is another arrival of, or None.

    Candidates are (item_id, text, same_source), each list in order of item_id; the oldest match wins.
    """
    for item_id, old, same_source in by_address:
        if same_by_address(new, old, same_source=same_source, shared=len(by_address)):
            return item_id
    for item_id, old, same_source in by_text:
        if same_by_text(new, old, same_source=same_source):
            return item_id
    return None
