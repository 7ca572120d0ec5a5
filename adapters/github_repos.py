"""Lists of repositories: stars, and what was starred most among those made lately. READMEs are their bodies."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from .base import Cursor, Item, Page, Settings, Sighting
from .github_api import JSON, STARS, Session
from .github_items import Repo, read_fans, read_repo, read_repos, seen
from .github_place import Place, limit_of
from .github_readme import Budget, catch_up, complete
from .github_shelf import Shelf
from .http_headers import next_link
from .newest_first import State, after_first, after_older

if TYPE_CHECKING:
    from .http import Response

#: Repositories of one page of the archive: their READMEs are asked for before it is stored.
CHUNK = 20
MAX_LIMIT = 500
#: A list of the last days changes slowly, and a search is dear to the server (seconds).
TRENDING_INTERVAL, STARS_INTERVAL = 3 * 3600.0, 1800.0


async def starred(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """What somebody starred, the latest first."""
    limit = limit_of(settings, 100, MAX_LIMIT)
    who = f"/users/{place.name}" if place.name else "/user"
    path = f"{who}/starred?sort=created&direction=desc&per_page={min(limit, 100)}"
    reading = _Reading(session, cursor, settings, STARS, place.name)
    async for page in reading.pages(path, limit):
        yield replace(page, interval=STARS_INTERVAL)


async def trending(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Repositories made in the last days with the most stars, by GitHub's search: no page is scraped."""
    limit = limit_of(settings, 50, 100)
    path = f"/search/repositories?q={quote(query(place, time.time()))}&sort=stars&order=desc&per_page={limit}"
    reading = _Reading(session, cursor, settings, JSON, "")
    async for page in reading.pages(path, 0):
        yield replace(page, interval=TRENDING_INTERVAL)


def query(place: Place, now: float) -> str:
    """The search for a trending list. `now` is Unix seconds."""
    since = datetime.fromtimestamp(now - place.days * 86_400.0, UTC).date()
    words = [f"created:>={since.isoformat()}", "stars:>1"]
    words += [f"topic:{place.topic}"] if place.topic else []
    words += [f'language:"{place.language}"'] if place.language else []
    return " ".join(words)


class _Reading:
    """One visit to a list: `by` is who starred what is on it ("" for nobody in particular)."""

    def __init__(self, session: Session, cursor: Cursor, settings: Settings, accept: str, by: str) -> None:
        self.session, self.accept, self.by = session, accept, by
        self.state, self.shelf = State.load(cursor), Shelf.load(cursor)
        self.before, self.budget = self.state.known, Budget.of(session, settings)
        self.seen: set[int] = set()

    async def pages(self, path: str, limit: int) -> AsyncIterator[Page]:
        """The newest page, then older ones up to `limit` rows (0: no others), then READMEs still unread."""
        answer = await self._get(path, "" if self.state.unfinished else self.state.etag)
        if not answer.not_modified:
            repos, ids = await self._repos(answer)
            following = self.session.next_path(answer) if limit else ""
            after = after_first(self.state, ids, following, answer.headers.get("etag", ""), limit)
            async for page in self._shown(repos, after):
                yield page
        while self.state.unfinished:
            answer = await self._get(self.state.older, "")
            repos, ids = await self._repos(answer)
            after = after_older(self.state, self.before, ids, self.session.next_path(answer))
            async for page in self._shown(repos, after):
                yield page
        items = await catch_up(self.session, self.shelf, self.budget, self.seen)
        yield Page(tuple(items), self._cursor())

    async def _get(self, path: str, etag: str) -> Response:
        return await self.session.get(path, etag=etag, accept=self.accept)

    async def _repos(self, answer: Response) -> tuple[Sequence[Repo], list[str]]:
        repos = await self.session.client.parse(read_repos, answer.body, self.session.api, self.by)
        return repos, [str(repo.id) for repo in repos]

    async def _shown(self, repos: Sequence[Repo], after: State) -> AsyncIterator[Page]:
        """One page of the list in short pages; only the last one says that the list was read so far."""
        starts = range(0, max(len(repos), 1), CHUNK)
        for start in starts:
            part = repos[start : start + CHUNK]
            self.seen |= {repo.id for repo in part}
            news = [(repo, bool(self.before) and str(repo.id) not in self.before) for repo in part]
            items, _ = await complete(self.session, self.shelf, news, self.budget)
            if start == starts[-1]:
                self.state = after
            yield Page(tuple(items), self._cursor(), total=len(repos) + after.left)

    def _cursor(self) -> Cursor:
        return {**self.state.dump(), "repos": self.shelf.dump()}


async def fans(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """One repository, with the people who starred it lately as those who brought it.

    GitHub lists them oldest first, so the last page is asked for, and the one before it.
    """
    shelf, budget = Shelf.load(cursor), Budget.of(session, settings)
    path = f"/repos/{place.name}/stargazers?per_page=100"
    answer = await session.get(path, accept=STARS)
    people: list[Sighting] = list(await session.client.parse(read_fans, answer.body, session.api))
    for rel in ("last", "prev"):
        there = session.path_of(next_link(answer.headers, answer.url, rel))
        if not there:
            break
        answer = await session.get(there, accept=STARS)
        more = await session.client.parse(read_fans, answer.body, session.api)
        people = [*people, *more] if rel == "prev" else list(more)
    people.sort(key=lambda s: -(s.at or 0))
    newest = int(max((s.at or 0 for s in people), default=0))
    known = cursor.get("newest")
    items: list[Item] = []
    if people and newest != known:
        found: Response = await session.get(f"/repos/{place.name}")
        repo = await session.client.parse(read_repo, found.body, session.api)
        if repo is not None:
            repo = seen(repo, tuple(people[:100]), None)
            items, late = await complete(session, shelf, [(repo, True)], budget)
            newest = newest if not late else int(known) if isinstance(known, int) else 0
    yield Page(tuple(items), {"newest": newest, "repos": shelf.dump()}, interval=STARS_INTERVAL)
