"""Issues, pull requests, comments and notifications turned into items. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import Item, Sighting
from .github_items import Raw, line, moment, person, rows_of
from .github_place import SITE, repo_name
from .github_text import Renderer
from .wire import address, decode, number, parts, record, text

_REASONS = {
    "assign": "assigned to you", "author": "in a thread of yours", "comment": "in a thread you commented on",
    "mention": "you were mentioned", "review_requested": "your review is asked for",
    "team_mention": "your team was mentioned", "security_alert": "security alert",
    "state_change": "you changed its state", "subscribed": "you watch the repository",
    "manual": "you subscribed to the thread", "ci_activity": "a workflow of yours ended",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification: its item, when it last changed, and the API address of what it tells."""

    id: str
    updated: int
    item: Item
    detail: str


def read_issues(body: bytes, who: str) -> tuple[Item, ...]:
    """Issues and pull requests of a list. Raises `Malformed`."""
    write = Renderer()
    return tuple(item for raw in rows_of(body, who) if (item := to_issue(raw, write)))


def read_issue(body: bytes, who: str) -> Item | None:
    """One issue, pull request or comment document; None for anything else. Raises `Malformed`."""
    raw = record(decode(body, who))
    return to_comment(raw, Renderer()) if "issue_url" in raw and "title" not in raw else to_issue(raw, Renderer())


def to_issue(raw: Raw, write: Renderer) -> Item | None:
    """An issue or pull request; None without number and title. Never raises."""
    own, title, page = number(raw.get("number")), line(raw.get("title"), 300), address(SITE, raw.get("html_url"))
    repo, is_pull = repo_of(page), "pull_request" in raw or "merged_at" in raw or "/pull/" in page
    if not own or not title or not repo:
        return None
    words = write.body(raw.get("body_html"), raw.get("body"), page)
    by, at = person(raw.get("user")), moment(raw.get("created_at"))
    edited = moment(raw.get("updated_at"))
    pull = record(raw.get("pull_request"))
    merged = bool(raw.get("merged_at") or pull.get("merged_at"))
    labels = raw.get("labels")
    tags = [line(record(v).get("name") or v, 50) for v in (labels if isinstance(labels, list) else [])[:15]]
    return Item(
        native_id=f"github:issue:{repo.lower()}#{own}",
        url=page,
        title=title,
        text=words.text,
        author=by,
        published=at,
        updated=edited if edited and at and edited > at else None,
        tags=tuple(dict.fromkeys(["pull request" if is_pull else "issue", *filter(None, tags)])),
        media=words.media,
        links=words.links,
        points=number(record(raw.get("reactions")).get("total_count")),
        comments=number(raw.get("comments")),
        comments_url=page,
        sightings=(Sighting("post", at, by),),
        extra={"repo": repo, "number": own, "state": "merged" if merged else line(raw.get("state"), 20)},
    )


def read_comments(body: bytes, who: str) -> tuple[Item, ...]:
    """Comments of a list, oldest first as GitHub has them. Raises `Malformed`."""
    write = Renderer()
    return tuple(item for raw in rows_of(body, who) if (item := to_comment(raw, write)))


def to_comment(raw: Raw, write: Renderer, title: str = "") -> Item | None:
    """A comment on an issue, pull request, commit or discussion; None without id and text. Never raises."""
    own, page = number(raw.get("id")), address(SITE, raw.get("html_url"))
    words = write.body(raw.get("body_html"), raw.get("body"), page)
    if not own or not words.text:
        return None
    by, at, repo = person(raw.get("user")), moment(raw.get("created_at")), repo_of(page)
    steps = [step for step in parts(page).path.split("/") if step]
    talk = steps[2] in ("issues", "pull") and steps[3].isdigit() if len(steps) > 3 else False
    above = f"github:issue:{repo.lower()}#{steps[3]}" if talk else ""
    edited = moment(raw.get("updated_at"))
    return Item(
        native_id=f"github:comment:{own}",
        url=page,
        title=title,
        text=words.text,
        author=by,
        published=at,
        updated=edited if edited and at and edited > at else None,
        tags=("comment",),
        media=words.media,
        links=words.links,
        points=number(record(raw.get("reactions")).get("total_count")),
        comments_url=page.partition("#")[0],
        in_reply_to=above,
        thread=above,
        sightings=(Sighting("reply", at, by),),
        extra={"repo": repo} | ({"number": int(steps[3])} if talk else {}),
    )


def repo_of(page: str) -> str:
    """OWNER/REPO of a page of the site; "" for anything else."""
    steps = [step for step in parts(page).path.split("/") if step]
    return repo_name("/".join(steps[:2]))


def read_notices(body: bytes, who: str) -> tuple[Notice, ...]:
    """Notifications. Raises `Malformed`."""
    return tuple(notice for raw in rows_of(body, who) if (notice := _notice(raw)))


def _notice(raw: dict[str, Any]) -> Notice | None:
    own, subject = line(raw.get("id"), 40), record(raw.get("subject"))
    repo, title = record(raw.get("repository")), line(subject.get("title"), 300)
    name = repo_name(text(repo.get("full_name"), 250))
    at = moment(raw.get("updated_at"))
    if not own.isalnum() or not title or not name:
        return None
    reason = line(raw.get("reason"), 40)
    kind = line(subject.get("type"), 40)
    detail = text(subject.get("latest_comment_url"), 2000) or text(subject.get("url"), 2000)
    words = f"{name}: {_REASONS.get(reason, reason.replace('_', ' '))}".rstrip(": ")
    item = Item(
        native_id=f"github:notification:{own}",
        url=subject_page(text(subject.get("url"), 2000), name),
        title=title,
        text=words,
        author=person(repo.get("owner")),
        published=at,
        tags=tuple(filter(None, ("notification", line(reason.replace("_", " "), 40), _words_of(kind)))),
        sightings=(Sighting("list", at),),
        extra={"repo": name, "reason": reason},
    )
    return Notice(own, int(at or 0), item, detail)


def subject_page(url: str, repo: str) -> str:
    """The page of github.com for an API address: https://api.github.com/repos/o/r/pulls/5 -> .../pull/5."""
    steps = [step for step in parts(url).path.partition("/repos/")[2].split("/") if step]
    kinds = {"issues": "issues", "pulls": "pull", "commits": "commit", "discussions": "discussions"}
    if len(steps) == 4 and steps[2] in kinds and steps[3].isalnum():
        return f"{SITE}/{repo}/{kinds[steps[2]]}/{steps[3]}"
    return f"{SITE}/{repo}/releases" if len(steps) > 2 and steps[2] == "releases" else f"{SITE}/{repo}"


def _words_of(kind: str) -> str:
    """ "PullRequest" -> "pull request"."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()


