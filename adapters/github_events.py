"""What people did on GitHub, as events tell it: which item each is about, and who brought it. Pure.

https://docs.github.com/en/rest/using-the-rest-api/github-event-types; payloads were cut down in October 2025:
a push no longer names its commits, a pull request has only its number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .base import Author, Item, Sighting, SightingKind
from .github_items import Raw, line, moment, person, rows_of, to_release
from .github_place import SITE, repo_name
from .github_talk import to_comment, to_issue
from .github_text import Renderer
from .wire import number, record, text

#: Merging two arrivals of one item keeps this many people.
MAX_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One event. It is about `item`, or about what the API has at `path`; about nothing worth an item without both."""

    id: str
    at: float | None
    by: Author | None
    repo: str = ""
    how: SightingKind = "post"
    item: Item | None = None
    path: str = ""

    @property
    def sighting(self) -> Sighting:
        return Sighting(self.how, self.at, self.by)


def read_events(body: bytes, who: str) -> tuple[Event, ...]:
    """Events of a list, newest first; those of no interest too, so that they are remembered. Raises `Malformed`."""
    write = Renderer()
    return tuple(event for raw in rows_of(body, who) if (event := to_event(raw, write)))


def to_event(raw: Raw, write: Renderer) -> Event | None:
    """An event; None without id. Never raises."""
    own = line(raw.get("id"), 40) if isinstance(raw.get("id"), str) else str(number(raw.get("id")) or "")
    if not own.isalnum():
        return None
    actor = record(raw.get("actor"))
    login = line(actor.get("display_login"), 100) or line(actor.get("login"), 100)
    by = person({**actor, "login": login})
    repo = repo_name(text(record(raw.get("repo")).get("name"), 250))
    plain = Event(own, moment(raw.get("created_at")), by, repo)
    if not repo or by is None:
        return plain
    return _about(text(raw.get("type"), 60), record(raw.get("payload")), plain, write)


def _about(kind: str, payload: Raw, event: Event, write: Renderer) -> Event:
    """The event with what it is about."""
    action = text(payload.get("action"), 40)
    if kind in ("WatchEvent", "ForkEvent"):
        return replace(event, how="boost", path=f"/repos/{event.repo}")
    if kind == "PublicEvent" or (kind == "CreateEvent" and payload.get("ref_type") == "repository"):
        return replace(event, path=f"/repos/{event.repo}")
    if kind == "ReleaseEvent" and action in ("published", "released", "created", ""):
        return _with(event, to_release(record(payload.get("release")), event.repo, write))
    if kind == "IssuesEvent" and action in ("opened", "reopened"):
        return _with(event, to_issue(record(payload.get("issue")), write))
    if kind in ("IssueCommentEvent", "CommitCommentEvent") and action in ("created", ""):
        issue = record(payload.get("issue"))
        title = line(issue.get("title"), 300)
        comment = to_comment(record(payload.get("comment")), write, f"Re: {title}" if title else "")
        return _with(replace(event, how="reply"), comment)
    if kind == "DiscussionEvent" and action == "created":
        return _with(event, to_issue(record(payload.get("discussion")), write))
    if kind == "PullRequestEvent":
        return _pull(payload, action, event, write)
    return event


def _pull(payload: Raw, action: str, event: Event, write: Renderer) -> Event:
    """A pull request that was opened, or merged; one closed without is nothing new."""
    raw = record(payload.get("pull_request"))
    merged = action == "merged" or (action == "closed" and raw.get("merged") is True)
    own = number(payload.get("number")) or number(raw.get("number"))
    if not own or not (merged or action in ("opened", "reopened")):
        return event
    event = replace(event, how="boost" if merged else "post")
    page = f"{SITE}/{event.repo}/pull/{own}"
    item = to_issue({"html_url": page, "pull_request": {}, **raw}, write)
    return _with(event, item) if item else replace(event, path=f"/repos/{event.repo}/pulls/{own}")


def _with(event: Event, item: Item | None) -> Event:
    if item is None:
        return event
    return replace(event, item=replace(item, sightings=(event.sighting,), extra={**item.extra, "repo": event.repo}))


def merged(items: Iterable[Item]) -> list[Item]:
    """Items once each, in order, with the sightings of all their arrivals."""
    found: dict[str, Item] = {}
    for item in items:
        known = found.get(item.native_id)
        if known is None:
            found[item.native_id] = item
        else:
            both = tuple(dict.fromkeys((*known.sightings, *item.sightings)))[:MAX_PEOPLE]
            found[item.native_id] = replace(known, sightings=both)
    return list(found.values())


def by_path(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Events without an item of their own, grouped by what they are about, newest first."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        if event.path and event.item is None:
            groups.setdefault(event.path, []).append(event)
    return groups
