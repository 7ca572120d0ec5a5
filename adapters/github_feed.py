"""What people do on GitHub: the events a reader receives, or those of one person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .base import Cursor, Gone, Item, Malformed, NotAuthorized, NotFound, Page, RateLimited, Settings, SourceError
from .github_api import HTML_BODIES, Session, login_of, poll_interval
from .github_events import MAX_PEOPLE, Event, by_path, merged, read_events
from .github_items import Repo, read_repo, seen
from .github_place import Place
from .github_readme import AT_ONCE, Budget, complete
from .github_shelf import Shelf
from .github_talk import read_issue
from .newest_first import State
from .wire import text

if TYPE_CHECKING:
    from .http import Response

#: GitHub keeps 300 events, of the last 30 days.
PAGES, PER_PAGE = 3, 100
CHUNK = 20


@dataclass(slots=True)
class Answered:
    """What the API has about some events: repositories with all who brought them, other items, events that wait."""

    repos: list[Repo] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    late: list[Event] = field(default_factory=list)


async def events(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Items that new events are about. What the budget of requests does not reach is taken up next time."""
    state, shelf = State.load(cursor), Shelf.load(cursor)
    login = place.name or text(cursor.get("login"), 100) or await login_of(session)
    path = f"/users/{login}/{'received_events' if place.what == 'received' else 'events'}?per_page={PER_PAGE}"
    kept: Cursor = {"login": login} if not place.name else {}
    there = f"/orgs/{login}/events?per_page={PER_PAGE}"
    organisation = cursor.get("org") is True
    answer = await session.get(there if organisation else path, etag=state.etag)
    if place.what == "user" and not organisation and not state.known and answer.body.strip() == b"[]":
        answer, organisation = await _of_organisation(session, there, answer)
    kept |= {"org": True} if organisation else {}
    wait, etag = poll_interval(answer), answer.headers.get("etag", "")
    if answer.not_modified:
        yield Page((), {**state.dump(), "repos": shelf.dump(), **kept}, interval=wait)
        return
    new = await _new(session, answer, frozenset(state.known))
    budget, all_done = Budget.of(session, settings), True
    groups = list(by_path(new).values())
    done = [event.id for event in new if event.item or not event.path]
    items = merged(event.item for event in new if event.item)
    starts = range(0, max(len(groups), 1), CHUNK)
    for start in starts:
        chunk = groups[start : start + CHUNK]
        found = await _details(session, chunk, budget)
        shown, waiting = await complete(session, shelf, [(repo, True) for repo in found.repos], budget)
        late = {event.id for event in found.late} | _behind(chunk, waiting)
        done += [event.id for group in chunk for event in group if event.id not in late]
        all_done = all_done and not late
        state = State(
            etag if all_done and start == starts[-1] else "",
            tuple(dict.fromkeys((*done, *state.known)))[: PAGES * PER_PAGE * 2],
        )
        items += found.items + shown
        for page in [items[at : at + 100] for at in range(0, max(len(items), 1), 100)]:
            yield Page(tuple(page), {**state.dump(), "repos": shelf.dump(), **kept}, interval=wait)
        items = []


async def _of_organisation(session: Session, path: str, answer: Response) -> tuple[Response, bool]:
    """What happens in an organisation, where nobody of that name does anything: those have a list of their own."""
    try:
        return await session.get(path), True
    except NotFound:
        return answer, False


async def _new(session: Session, answer: Response, known: frozenset[str]) -> list[Event]:
    """Unknown events of the first page and of those after it, newest first."""
    new: list[Event] = []
    for page in range(PAGES):
        listed: Sequence[Event] = await session.client.parse(read_events, answer.body, session.api)
        new += [event for event in listed if event.id not in known]
        following = session.next_path(answer)
        if not following or not listed or listed[-1].id in known or page == PAGES - 1:
            break
        answer = await session.get(following)
    return list({event.id: event for event in new}.values())


def _behind(groups: Sequence[list[Event]], waiting: Sequence[Repo]) -> set[str]:
    """Events whose repository could not be shown now."""
    back = {sighting for repo in waiting for sighting in repo.item.sightings}
    return {event.id for group in groups for event in group if event.path and event.sighting in back}


async def _details(session: Session, groups: Sequence[list[Event]], budget: Budget) -> Answered:
    """Ask for repositories and pull requests; what is gone by now is left out, what fails waits."""
    gate, out = asyncio.Semaphore(AT_ONCE), Answered()

    async def one(path: str) -> tuple[Repo | Item | None, bool]:
        async with gate:
            if not budget.take():
                return None, True
            try:
                answer = await session.get(path, accept=HTML_BODIES)
                read = read_issue if "/pulls/" in path else read_repo
                return await session.client.parse(read, answer.body, session.api), False
            except (NotFound, Gone, Malformed, NotAuthorized):
                return None, False
            except RateLimited:
                session.left = 0.0
                return None, True
            except SourceError:
                return None, True

    answers = await asyncio.gather(*(one(group[0].path) for group in groups))
    for group, (found, waits) in zip(groups, answers, strict=True):
        sightings = tuple(dict.fromkeys(event.sighting for event in group))[:MAX_PEOPLE]
        if waits:
            out.late += group
        elif isinstance(found, Repo):
            out.repos.append(seen(found, sightings, group[0].at))
        elif isinstance(found, Item):
            out.items.append(replace(found, sightings=sightings))
    return out
