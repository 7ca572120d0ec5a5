"""GitHub: what people you follow star and do, stars, releases, notifications, new repositories by topic.

Speaks the REST API only; see docs/sources/github.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import github_place as places
from .base import Cursor, Page, Settings, Suggestion
from .github_api import HTML_BODIES, Session, open_session
from .github_feed import events
from .github_lists import commits, issues, releases
from .github_notices import notices
from .github_place import Place, repo_name
from .github_repos import fans, starred, trending
from .github_talk import read_comments
from .github_updates import updates
from .wire import number, text

if TYPE_CHECKING:
    from .http import Client

Reader = Callable[[Session, Place, Settings, Cursor], AsyncIterator[Page]]
_READERS: dict[str, Reader] = {
    "received": events, "user": events, "starred": starred, "starred-releases": updates,
    "notifications": notices, "releases": releases, "issues": issues, "commits": commits,
    "stargazers": fans, "trending": trending,
}  # fmt: skip


class GitHub:
    """Settings: {"address", "api", "limit", "readmes"}; see docs/sources/github.md."""

    kind: ClassVar[str] = "github"
    min_interval: ClassVar[float] = 60.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        session = await open_session(client, place)
        async for page in _READERS[place.what](session, place, settings, cursor):
            yield replace(page, title=place.title, site_url=place.web)

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """The comments of an issue or pull request (the first 100), for the article view. Raises `SourceError`.

        Other items have none. Never store its empty cursor.
        """
        known = extra or {}
        repo, own = repo_name(text(known.get("repo"), 250)), number(known.get("number"))
        if not repo or not own:
            return Page((), {})
        session = await open_session(client, replace(places.from_settings(settings), what="issues", name=repo))
        answer = await session.get(f"/repos/{repo}/issues/{own}/comments?per_page=100", accept=HTML_BODIES)
        items = await client.parse(read_comments, answer.body, session.api)
        return Page(tuple(replace(item, sightings=()) for item in items), {})
