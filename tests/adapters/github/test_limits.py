"""What refusals mean: limits are waited for, tokens named, the rest put into words."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from penchant.adapters.base import (
    BadSettings,
    Gone,
    Malformed,
    NotAuthorized,
    NotFound,
    RateLimited,
    ServerFailure,
    SourceError,
    TooLarge,
    Unreachable,
)

PATH = "/repos/ada/engine/releases"


def said(answers: Any, message: str, status: int, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"message": message, "documentation_url": "https://docs.github.com/rest"})
    return answers.Answer(body, status, {"Content-Type": "application/json"} | names)


async def failure(hub: Any, client: Any, pages: Any, answer: Any, address: str = "github:ada/engine") -> SourceError:
    hub.docs[PATH] = answer
    with pytest.raises(SourceError) as caught:
        await pages(client, hub.settings(address))
    assert str(caught.value) and caught.value.hint
    return caught.value


@pytest.mark.parametrize("status", [403, 429])
async def test_a_used_up_allowance_waits_for_the_reset(
    hub: Any, client: Any, pages: Any, answers: Any, status: int
) -> None:
    reset = str(int(time.time()) + 1500)
    words = "API rate limit exceeded for 203.0.113.1."
    error = await failure(
        hub, client, pages, said(answers, words, status, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
    )
    assert isinstance(error, RateLimited) and error.retry_after and 1400 < error.retry_after <= 1500
    assert words in str(error) and "gh auth login" in error.hint


@pytest.mark.parametrize("status", [403, 429])
async def test_a_secondary_limit_waits_as_long_as_it_says(
    hub: Any, client: Any, pages: Any, answers: Any, status: int
) -> None:
    words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    left = {"X_RateLimit_Remaining": "4000", "X_RateLimit_Reset": "4000000000"}
    error = await failure(hub, client, pages, said(answers, words, status, Retry_After="93", **left))
    assert isinstance(error, RateLimited) and error.retry_after == 93
    error = await failure(hub, client, pages, said(answers, words, status, **left))
    assert isinstance(error, RateLimited) and error.retry_after == 60


async def test_other_refusals(hub: Any, client: Any, pages: Any, answers: Any) -> None:
    cases: list[tuple[Any, type[SourceError], str]] = [
        (said(answers, "Bad credentials", 401), NotAuthorized, "Bad credentials"),
        (said(answers, "Must have admin rights", 403), NotAuthorized, "admin rights"),
        (said(answers, "Not Found", 404), NotFound, "nothing at this address"),
        (said(answers, "gone", 410), Gone, "410"),
        (said(answers, "Git Repository is empty.", 409), Malformed, "is empty"),
        (said(answers, "Validation Failed", 422), BadSettings, "Validation Failed"),
        (said(answers, "Repository access blocked", 451), Gone, "legal reasons"),
        (answers.Answer(b"<h1>Unicorn!</h1>", 502), ServerFailure, "502"),
        (answers.Answer(b'{"message": "hm"', 200), Malformed, "JSON"),
        (answers.Answer(b'{"message": "hm"}', 200), Malformed, "list"),
        (answers.Answer(b"[" * 100_000, 200), Malformed, "JSON"),
        (answers.Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n[{"), SourceError, ""),
        (answers.Answer(raw=b""), Unreachable, "closed"),
    ]
    for answer, kind, words in cases:
        error = await failure(hub, client, pages, answer)
        assert isinstance(error, kind) and words in str(error), (answer, error)


async def test_a_body_without_end_is_left(hub: Any, pages: Any, answers: Any) -> None:
    from penchant.adapters.http import Client, Limits

    hub.docs[PATH] = answers.Answer(b"[1," * 20_000, endless=True)
    async with Client(limits=Limits(total_seconds=30.0)) as client:
        with pytest.raises(TooLarge):
            await pages(client, hub.settings("github:ada/engine"))


async def test_a_limit_in_the_middle_keeps_what_came_before(
    hub: Any, make: Any, client: Any, pages: Any, answers: Any, items: Any
) -> None:
    from penchant.adapters.github import GitHub

    path = "/repos/ada/engine/issues"
    hub.lists[path] = [make.issue(n) for n in range(300, 0, -1)]
    whole = hub._page

    def limited(request: Any) -> Any:
        if request.query.get("page") == ["2"]:
            return said(answers, "secondary rate limit", 403, Retry_After="60")
        return whole(request, hub.lists[path])

    hub.docs[path] = limited
    settings = hub.settings("github:issues/ada/engine", limit=300)
    stream, got = GitHub().fetch(client, settings, {}), []
    with pytest.raises(RateLimited):
        while True:
            got.append(await anext(stream))
    assert len(items(got)) == 100
    del hub.docs[path]
    rest = await pages(client, settings, got[-1].cursor)
    numbers = {i.extra["number"] for i in items(got) + items(rest)}
    assert numbers == set(range(1, 301))


async def test_a_limit_while_reading_readmes_is_no_failure(
    hub: Any, make: Any, client: Any, pages: Any, answers: Any, items: Any
) -> None:
    hub.lists["/users/bob/starred"] = [
        {"starred_at": "2026-03-01T00:00:00Z", "repo": make.repo(n)} for n in range(30, 0, -1)
    ]
    for n in range(1, 31):
        hub.docs[f"/repos/ada/engine-{n}/readme"] = said(answers, "API rate limit exceeded", 403, Retry_After="60")
    got = await pages(client, hub.settings("github:starred/bob"))
    assert len(items(got)) == 30
    assert len(hub.asked("/repos")) <= 4, "nobody goes on asking after a refusal"
