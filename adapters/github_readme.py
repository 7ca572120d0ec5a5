"""READMEs as bodies of repositories: few for each visit, asked for by validator where they are known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from .base import Gone, Item, Malformed, NotFound, RateLimited, Settings, Sighting, SourceError, TooLarge
from .github_api import Session
from .github_items import Repo, read_repo, with_readme
from .github_place import SITE, limit_of
from .github_shelf import NO_README, Shelf
from .github_text import Words, readme

HTML = "application/vnd.github.html+json"
#: Larger READMEs are left alone (bytes, rendered).
MAX_BYTES = 2 << 20
AT_ONCE = 4
#: Extra requests of one visit, with and without a token.
BUDGET, BUDGET_ANONYMOUS = 60, 12


@dataclass(slots=True)
class Budget:
    """Extra requests that a visit may still make."""

    session: Session
    left: int

    @classmethod
    def of(cls, session: Session, settings: Settings) -> Budget:
        """As many as settings["readmes"] says, at most; the setting 0 turns READMEs off."""
        most = BUDGET if session.token else BUDGET_ANONYMOUS
        given = settings.get("readmes")
        return cls(session, 0 if given == 0 else limit_of({"limit": given}, most, most))

    def take(self) -> bool:
        if self.left <= 0 or not self.session.spare:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Readme:
    """How a request for a README ended."""

    state: Literal["read", "same", "none", "failed"]
    words: Words = field(default_factory=Words)
    etag: str = ""


async def read_readme(session: Session, name: str, etag: str = "") -> Readme:
    """The README of OWNER/REPO. Never raises a `SourceError`: a repository is shown without it."""
    try:
        answer = await session.get(f"/repos/{name}/readme", accept=HTML, etag=etag, max_bytes=MAX_BYTES)
        if answer.not_modified:
            return Readme("same", etag=etag)
        kind = answer.headers.get("content-type", "")
        base = f"{SITE}/{name}/blob/HEAD/"
        words: Words = await session.client.parse(readme, answer.body, kind, base)
    except (NotFound, Gone, TooLarge, Malformed):
        return Readme("none")
    except RateLimited:
        session.left = 0.0
        return Readme("failed")
    except SourceError:
        return Readme("failed")
    return Readme("read", words, answer.headers.get("etag", "") or NO_README)


async def complete(
    session: Session, shelf: Shelf, repos: Sequence[tuple[Repo, bool]], budget: Budget
) -> tuple[list[Item], list[Repo]]:
    """(items to show now, repositories whose news must wait for another visit).

    `repos` are listed repositories, each with whether somebody new brought it.
    A known README is never replaced by its absence: such a repository is shown
    with its README or not at all.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(repo: Repo, news: bool) -> tuple[Item | None, Repo | None]:
        wish = shelf.wish(repo, news)
        known = shelf.repos.get(repo.id)
        old = known.etag if known else ""
        if wish == "plain":
            shelf.settle(repo, NO_README)
            return repo.item, None
        if wish == "skip":
            return None, None
        found = Readme("failed")
        async with gate:  # inside: after a refusal nobody goes on asking
            if budget.take():
                found = await read_readme(session, repo.name, old if wish == "check" else "")
        if found.state == "read":
            shelf.settle(repo, found.etag)
            return with_readme(repo.item, found.words), None
        if found.state == "none":
            shelf.settle(repo, NO_README)
            return repo.item, None
        if found.state == "same":
            shelf.settle(repo, old)
            return None, None
        if wish == "read":
            shelf.settle(repo, "" if known is None or not old else old)
            return repo.item, None
        return None, repo if news else None

    done = await asyncio.gather(*(one(repo, news) for repo, news in repos))
    return [item for item, _ in done if item], [repo for _, repo in done if repo]


async def catch_up(session: Session, shelf: Shelf, budget: Budget, seen: set[int]) -> list[Item]:
    """Repositories that an earlier visit showed without their README, now with it, as far as the budget goes.

    `seen` are those that this visit asked for already.
    """
    found: list[tuple[Repo, bool]] = []
    for own, kept in [(i, k) for i, k in shelf.unread() if i not in seen][: budget.left // 2]:
        if not budget.take():
            break
        try:
            answer = await session.get(f"/repos/{kept.name}")
            repo = await session.client.parse(read_repo, answer.body, session.api)
        except (NotFound, Gone, Malformed):
            shelf.repos[own] = replace(kept, etag=NO_README)
            continue
        except SourceError:
            break
        if repo is None or repo.id != own:
            shelf.repos[own] = replace(kept, etag=NO_README)
            continue
        at = float(kept.at) or None
        item = replace(repo.item, published=at or repo.item.published, sightings=(Sighting("list", at),))
        found.append((replace(repo, item=item), True))
    items, _ = await complete(session, shelf, found, budget)
    return items
