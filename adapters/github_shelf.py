"""Which repositories were shown with which README: what cursors hold of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .base import Cursor
from .github_items import Repo
from .github_place import repo_name
from .newest_first import MAX_ETAG
from .wire import number, record, text

#: Repositories that are remembered.
MOST_REPOS = 400
#: The validator of a repository that has no README.
NO_README = "-"
Wish = Literal["read", "again", "check", "plain", "skip"]


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
