"""How far a list of GitHub was read, and which READMEs are known: what cursors hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from .base import Cursor
from .github_items import Repo
from .github_place import repo_name
from .wire import number, record, text

#: Ids of a list that are remembered, and repositories whose README is known.
MOST_KNOWN, MOST_REPOS = 600, 400
#: Rows that a later visit reads back at most to close a gap.
GAP = 1000
#: The validator of a repository that has no README.
NO_README = "-"
MAX_ETAG = 100
Wish = Literal["read", "again", "check", "plain", "skip"]


@dataclass(frozen=True, slots=True)
class State:
    """A list, newest first: the first page's validator, known ids, and where an unfinished reading goes on."""

    etag: str = ""
    known: tuple[str, ...] = ()
    older: str = ""
    left: int = 0
    gap: bool = False

    @classmethod
    def load(cls, cursor: Cursor) -> State:
        """The state; whatever has the wrong shape is forgotten."""
        known = cursor.get("known")
        ids = [text(v, 200) for v in known[:MOST_KNOWN]] if isinstance(known, list) else []
        older = text(cursor.get("older"), 2000)
        return cls(
            text(cursor.get("etag"), MAX_ETAG), tuple(filter(None, ids)), older if older.startswith("/") else "",
            min(number(cursor.get("left")) or 0, GAP), cursor.get("gap") is True,
        )  # fmt: skip

    def dump(self) -> Cursor:
        rest = {"older": self.older, "left": self.left, "gap": self.gap} if self.older and self.left else {}
        return {"etag": self.etag[:MAX_ETAG], "known": list(self.known), **rest}

    @property
    def unfinished(self) -> bool:
        return bool(self.older) and self.left > 0


def after_first(state: State, ids: list[str], following: str, etag: str, limit: int) -> State:
    """The state after the newest page: a first reading goes on to `limit`, a later one only over a gap."""
    before = state.known
    known = tuple(dict.fromkeys((*ids, *before)))[:MOST_KNOWN]
    state = replace(state, etag=etag if len(etag) <= MAX_ETAG else "", known=known)
    if not before:
        return replace(state, older=following, left=max(limit - len(ids), 0), gap=False)
    if ids and following and ids[-1] not in before:
        return replace(state, older=following, left=GAP, gap=True)
    return state


def after_older(state: State, before: tuple[str, ...], ids: list[str], following: str) -> State:
    """The state after an older page."""
    met = state.gap and bool(ids) and ids[-1] in before
    left = state.left - max(len(ids), 1)
    known = tuple(dict.fromkeys((*state.known, *ids)))[:MOST_KNOWN]
    if met or not ids or not following or left <= 0:
        return replace(state, known=known, older="", left=0, gap=False)
    return replace(state, known=known, older=following, left=left)


def vanished(before: tuple[str, ...], ids: list[str]) -> list[str]:
    """Known ids that should stand on the newest page (something older does) and are gone from it."""
    places = {known: place for place, known in enumerate(before)}
    deepest = max((places[i] for i in ids if i in places), default=-1)
    there = set(ids)
    return [known for known in before[: deepest + 1] if known not in there]


@dataclass(slots=True)
class Kept:
    """A repository shown before: its README's validator ("" not read yet), last push, stars, when it came here."""

    name: str
    etag: str
    pushed: int
    points: int
    at: int


@dataclass(slots=True)
class Shelf:
    """Repositories shown lately, by id, the newest last. Their text is not kept: it is read again when needed."""

    repos: dict[int, Kept] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: Cursor) -> Shelf:
        shelf = cls()
        for key, row in list(record(cursor.get("repos")).items())[:MOST_REPOS]:
            if not key.isdecimal() or not isinstance(row, list) or len(row) != 5:
                continue
            name, numbers = repo_name(text(row[0], 250)), [number(v) for v in row[2:]]
            if name and None not in numbers:
                pushed, points, at = (n or 0 for n in numbers)
                shelf.repos[int(key[:18])] = Kept(name, text(row[1], MAX_ETAG), pushed, points, at)
        return shelf

    def dump(self) -> dict[str, list[str | int]]:
        newest = list(self.repos.items())[-MOST_REPOS:]
        return {str(i): [k.name, k.etag, k.pushed, k.points, k.at] for i, k in newest}

    def wish(self, repo: Repo, news: bool) -> Wish:
        """What to do with a listed repository; `news`: somebody new brought it.

        "read" the README (and show the repository without, should that fail), read it "again" to show
        the repository with it, "check" whether it changed, show it "plain", or "skip" it.
        """
        kept = self.repos.get(repo.id)
        if kept is None or not kept.etag:
            return "read"
        if kept.etag == NO_README:
            return "read" if repo.pushed > kept.pushed else "plain"
        points = repo.item.points or 0
        if news or abs(points - kept.points) >= max(5, kept.points / 10):
            return "again"
        return "check" if repo.pushed > kept.pushed else "skip"

    def settle(self, repo: Repo, etag: str) -> None:
        """Remember a repository as it was shown; `etag` is "" while its README is unread."""
        known = self.repos.pop(repo.id, None)
        at = int(repo.item.published or 0) if known is None else known.at
        etag = etag if len(etag) <= MAX_ETAG else NO_README
        self.repos[repo.id] = Kept(repo.name, etag, repo.pushed, repo.item.points or 0, at)

    def unread(self) -> list[tuple[int, Kept]]:
        """Repositories shown without their README so far, the newest first."""
        return [(i, k) for i, k in reversed(self.repos.items()) if not k.etag]
