"""Releases of everything somebody starred, without asking every repository each time.

The list of stars, last pushed first, tells which repositories moved; only those are asked for their releases.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

from .base import Cursor, Gone, Item, Malformed, NotFound, Page, Settings
from .github_api import HTML_BODIES, Session
from .github_items import Repo, read_releases, read_repos
from .github_place import Place, repo_name
from .github_readme import BUDGET, BUDGET_ANONYMOUS
from .newest_first import MAX_ETAG
from .wire import number, record, text

INTERVAL = 3600.0
#: Repositories of the list that are looked at (100 a page) and that wait for their turn.
PAGES, MOST = 10, 1000
#: The first look at a repository brings releases of this time only (seconds).
FRESH = 90 * 86_400.0
PER_REPO, CHUNK = 5, 10


async def updates(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Pages of releases; the cursor holds when each repository was last pushed to, and whose turn it is."""
    pushed = {str(k): number(v) or 0 for k, v in list(record(cursor.get("pushed")).items())[:MOST]}
    queue = [name for v in _list(cursor.get("queue"))[:MOST] if (name := repo_name(text(v, 250)))]
    who = f"/users/{place.name}" if place.name else "/user"
    etag = text(cursor.get("etag"), MAX_ETAG)
    answer = await session.get(f"{who}/starred?sort=updated&direction=desc&per_page=100", etag=etag)
    etag = answer.headers.get("etag", etag)[:MAX_ETAG]
    for _ in range(0 if answer.not_modified else PAGES):
        repos: Sequence[Repo] = await session.client.parse(read_repos, answer.body, session.api)
        moved = [repo for repo in repos if repo.pushed > pushed.get(str(repo.id), -1)]
        queue += [repo.name for repo in moved]
        fresh = {str(repo.id): repo.pushed for repo in moved}
        pushed = fresh | {known: at for known, at in pushed.items() if known not in fresh}
        following = session.next_path(answer)
        if not following or not moved:
            break
        answer = await session.get(following)
    queue, pushed = list(dict.fromkeys(queue))[:MOST], dict(list(pushed.items())[:MOST])
    left = BUDGET if session.token else BUDGET_ANONYMOUS
    while queue and left > 0 and session.spare:
        turn, queue = queue[:CHUNK], queue[CHUNK:]
        left -= len(turn)
        items: list[Item] = []
        for name in turn:
            items += await _releases(session, name)
        yield Page(tuple(items), _cursor(etag, pushed, queue), interval=INTERVAL)
    yield Page((), _cursor(etag, pushed, queue), interval=INTERVAL)


async def _releases(session: Session, name: str) -> list[Item]:
    """The newest releases of a repository; [] for one that is gone."""
    try:
        answer = await session.get(f"/repos/{name}/releases?per_page={PER_REPO}", accept=HTML_BODIES)
        found: Sequence[Item] = await session.client.parse(read_releases, answer.body, session.api, name)
    except (NotFound, Gone, Malformed):
        return []
    since = time.time() - FRESH
    return [item for item in found if item.published is None or item.published >= since]


def _cursor(etag: str, pushed: dict[str, int], queue: list[str]) -> Cursor:
    return {"etag": etag, "pushed": pushed, "queue": queue}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
