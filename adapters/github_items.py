"""GitHub's wire shapes turned into items: people, repositories, releases, tags, commits. Pure.

https://docs.github.com/en/rest
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Author, Item, Link, Malformed, Media, Sighting
from .github_place import SITE, repo_name
from .github_text import Renderer, Words, joined
from .text import clean, clean_line, parse_date
from .wire import address, decode, number, record, records, text

Raw = Mapping[str, Any]
MAX_TAGS, MAX_ASSETS = 20, 20


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository as listed: its item (without README), and what tells whether the README may have changed."""

    id: int
    name: str
    pushed: int
    item: Item


def rows_of(body: bytes, who: str) -> list[dict[str, Any]]:
    """The objects of a list, or of a search's "items". Raises `Malformed`."""
    document = decode(body, who)
    found = document if isinstance(document, list) else record(document).get("items")
    if not isinstance(found, list):
        raise Malformed(f"{who} did not answer with a list")
    return records(found)


def line(value: object, limit: int = 200) -> str:
    """A string of JSON as one clean line; "" for anything else."""
    return clean_line(text(value, 20 * limit), limit)


def moment(value: object) -> float | None:
    """Unix seconds of an ISO 8601 date; None for anything else."""
    at = parse_date(text(value, 64)) if isinstance(value, str) else None
    return at if at is not None and at > 0 else None


def person(raw: object) -> Author | None:
    """A user or organisation."""
    found = record(raw)
    login = line(found.get("login"), 100)
    if not login:
        return None
    page = address(SITE, found.get("html_url")) or address(SITE, login)
    return Author(
        f"github:{login.lower()}", line(found.get("name")) or login, login, page, address("", found.get("avatar_url"))
    )


def read_repos(body: bytes, who: str, by: str = "") -> tuple[Repo, ...]:
    """Repositories of a list of stars (with or without `starred_at`) or of a search. Raises `Malformed`.

    `by` is the login of who starred them ("" for the reader's own list).
    """
    found = []
    for row in rows_of(body, who):
        raw = record(row.get("repo")) or row
        at = moment(row.get("starred_at"))
        repo = to_repo(raw)
        if repo is not None:
            fan = person({"login": by}) if by else None
            sighting = Sighting("boost" if fan else "list", at or repo.item.published, fan)
            found.append(seen(repo, (sighting,), at))
    return tuple(found)


def read_repo(body: bytes, who: str) -> Repo | None:
    """One repository document; None without id and name. Raises `Malformed`."""
    return to_repo(record(decode(body, who)))


def read_fans(body: bytes, who: str) -> tuple[Sighting, ...]:
    """Who starred a repository and when, as sightings. Raises `Malformed`."""
    rows = rows_of(body, who)
    people = ((person(record(row.get("user")) or row), moment(row.get("starred_at"))) for row in rows)
    return tuple(Sighting("boost", at, by) for by, at in people if by)


def seen(repo: Repo, sightings: tuple[Sighting, ...], at: float | None) -> Repo:
    """The repository as it came here: its place in time is that moment, not its creation."""
    item = replace(repo.item, sightings=sightings, published=at or repo.item.published)
    return replace(repo, item=item)


def to_repo(raw: Raw) -> Repo | None:
    """A repository, None without id and name. Never raises."""
    own, name = number(raw.get("id")), repo_name(text(raw.get("full_name"), 250))
    if not own or not name:
        return None
    about = clean_line(text(raw.get("description"), 4000), 1000)
    home = address("", raw.get("homepage"))
    counts = {key: number(raw.get(f"{key}_count")) for key in ("forks", "open_issues")}
    extra = {
        "repo": name, **{k: v for k, v in counts.items() if v},
        "language": line(raw.get("language"), 50), "license": line(record(raw.get("license")).get("spdx_id"), 50),
        "created": text(raw.get("created_at"), 30) if moment(raw.get("created_at")) else "",
        "archived": raw.get("archived") is True, "fork": raw.get("fork") is True,
        "private": raw.get("private") is True,
    }  # fmt: skip
    item = Item(
        native_id=f"github:repo:{own}",
        url=address(SITE, raw.get("html_url")) or f"{SITE}/{name}",
        title=clean_line(f"{name}: {about}" if about else name, 300),
        text=about,
        author=person(raw.get("owner")),
        published=moment(raw.get("created_at")),
        tags=_tags(raw),
        links=(Link(home, "Homepage"),) if home else (),
        points=number(raw.get("stargazers_count")),
        extra={k: v for k, v in extra.items() if v},
    )
    return Repo(own, name, int(moment(raw.get("pushed_at")) or 0), item)


def _tags(raw: Raw) -> tuple[str, ...]:
    topics = raw.get("topics")
    named = [*(topics if isinstance(topics, list) else []), raw.get("language")]
    tags = {tag.casefold(): tag for tag in (line(name, 50) for name in named) if tag}
    return tuple(tags.values())[:MAX_TAGS]


def with_readme(item: Item, words: Words) -> Item:
    """The repository's item with its README as body, and its pictures."""
    body = joined(item.text, words)
    return replace(item, text=body.text, links=(*body.links, *item.links), media=body.media)


def read_releases(body: bytes, who: str, repo: str) -> tuple[Item, ...]:
    """Releases of OWNER/REPO without drafts. Raises `Malformed`."""
    write = Renderer()
    found = (to_release(raw, repo, write) for raw in rows_of(body, who))
    return tuple(item for item in found if item)


def to_release(raw: Raw, repo: str, write: Renderer) -> Item | None:
    """A release; None for a draft or without id. Never raises."""
    own, tag = number(raw.get("id")), line(raw.get("tag_name"), 100)
    if not own or raw.get("draft") is True:
        return None
    url = address(SITE, raw.get("html_url")) or f"{SITE}/{repo}/releases"
    words = write.body(raw.get("body_html"), raw.get("body"), url)
    by, at = person(raw.get("author")), moment(raw.get("published_at")) or moment(raw.get("created_at"))
    early = raw.get("prerelease") is True
    edited = moment(raw.get("updated_at"))
    return Item(
        native_id=f"github:release:{own}",
        url=url,
        title=release_title(repo, line(raw.get("name"), 300), tag),
        text=words.text,
        author=by,
        published=at,
        updated=edited if edited and at and edited > at else None,
        tags=("release", "prerelease") if early else ("release",),
        media=(*words.media, *_assets(raw)),
        links=words.links,
        points=number(record(raw.get("reactions")).get("total_count")),
        comments_url=address(SITE, raw.get("discussion_url")),
        sightings=(Sighting("post", at, by),),
        extra={"repo": repo, "tag": tag} | ({"prerelease": True} if early else {}),
    )


def release_title(repo: str, name: str, tag: str) -> str:
    """ "engine 1.2": what a release is called, with the repository's name where it does not have it already."""
    name = name or tag
    short = repo.rpartition("/")[2]
    return clean_line(name if short and short.lower() in name.lower() else f"{repo} {name}".strip(), 300)


def _assets(raw: Raw) -> tuple[Media, ...]:
    """Files of a release; their text is their name."""
    found = []
    for asset in records(raw.get("assets"), MAX_ASSETS):
        url = address(SITE, asset.get("browser_download_url"))
        if url:
            words = line(asset.get("label")) or line(asset.get("name"))
            mime, size = line(asset.get("content_type"), 100), number(asset.get("size")) or 0
            found.append(Media(url, "file", words, mime, size=size))
    return tuple(found)


def read_tags(body: bytes, who: str, repo: str) -> tuple[Item, ...]:
    """Tags of a repository that makes no releases: names only, for GitHub tells no date. Raises `Malformed`."""
    items = []
    for raw in rows_of(body, who):
        name = line(raw.get("name"), 100)
        sha = line(record(raw.get("commit")).get("sha"), 64)
        if name:
            items.append(
                Item(
                    native_id=f"github:tag:{repo.lower()}:{name}",
                    url=address(f"{SITE}/{repo}/releases/tag/", name) or f"{SITE}/{repo}/tags",
                    title=release_title(repo, name, name),
                    tags=("release",),
                    sightings=(Sighting("list"),),
                    extra={"repo": repo, "tag": name, "commit": sha},
                )
            )
    return tuple(items)


def read_commits(body: bytes, who: str, repo: str) -> tuple[Item, ...]:
    """Commits of a repository. Mail addresses are left out. Raises `Malformed`."""
    items = []
    for raw in rows_of(body, who):
        sha, commit = line(raw.get("sha"), 64), record(raw.get("commit"))
        message = clean(text(commit.get("message"), 20_000)).strip()
        if not sha.isalnum() or not message:
            continue
        signed = record(commit.get("author"))
        name = line(signed.get("name"), 100)
        by = person(raw.get("author")) or (Author(f"github:{repo.lower()}/{name}", name) if name else None)
        at = moment(signed.get("date"))
        first, _, rest = message.partition("\n")
        items.append(
            Item(
                native_id=f"github:commit:{sha}",
                url=address(SITE, raw.get("html_url")) or f"{SITE}/{repo}/commit/{sha}",
                title=clean_line(first, 300),
                text=rest.strip(),
                author=by,
                published=at,
                tags=("commit",),
                comments=number(commit.get("comment_count")),
                sightings=(Sighting("post", at, by),),
                extra={"repo": repo, "commit": sha},
            )
        )
    return tuple(items)
