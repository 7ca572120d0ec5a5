"""Queries, daily feeds and single papers: items, versions, pages, refusals."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from penchant.adapters.arxiv_code import code_homes
from penchant.adapters.base import (
    BadSettings,
    Malformed,
    NotFound,
    RateLimited,
    ServerFailure,
    SourceError,
)


async def test_a_paper_as_an_item(archive: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    archive.papers = [
        make.paper(1, version=2, updated="2026-01-09T00:00:00Z", comment="12 pages",
                   summary="  We show\nthat looms\nlearn.\n  And why.", authors=["Ada Lovelace", "Bob Noyce", "Cyd É."])
    ]  # fmt: skip
    (page,) = await pages(client, archive.settings("arxiv:cat:cs.IR"))
    (item,) = page.items
    assert (item.native_id, item.url) == ("arxiv:2601.00001", "https://arxiv.org/abs/2601.00001")
    assert item.text.split("\n\n") == [
        "We show that looms learn.", "And why.",
        "Authors: Ada Lovelace, Bob Noyce, Cyd É.\nComments: 12 pages\nPDF [1] · HTML [2]",
    ]  # fmt: skip
    assert [link.url for link in item.links] == [
        "https://arxiv.org/pdf/2601.00001", "https://arxiv.org/html/2601.00001",
    ]  # fmt: skip
    assert item.author.name == "Ada Lovelace" and item.extra["authors"][2] == "Cyd É."
    assert item.tags == ("cs.IR", "cs.CL") and item.extra["version"] == 2 and item.updated > item.published
    assert page.interval == 6 * 3600 and page.title == "arXiv · cs.IR"
    asked = archive.asked()[0].target
    assert "sortBy=lastUpdatedDate&sortOrder=descending&start=0&max_results=100" in asked
    assert "search_query=cat:cs.IR" in unquote(asked)


async def test_a_new_version_is_an_edit_of_the_same_paper(
    archive: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    archive.papers = [make.paper(n) for n in (3, 2, 1)]
    settings = archive.settings("arxiv:cat:cs.IR")
    first = await pages(client, settings)
    assert items(await pages(client, settings, first[-1].cursor)) == []
    better = make.paper(1, version=2, updated="2026-02-01T00:00:00Z", summary="We show more.")
    archive.papers = [better, *archive.papers[:2]]
    (item,) = items(await pages(client, settings, first[-1].cursor))
    old = next(i for i in items(first) if i.native_id == item.native_id)
    assert item.content_hash != old.content_hash and item.text.startswith("We show more.")


async def test_pages_to_the_limit_and_over_a_gap(archive: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    archive.papers = [make.paper(n) for n in range(400, 0, -1)]
    settings = archive.settings("arxiv:search:looms", limit=250)
    first = await pages(client, settings)
    assert [i.native_id for i in items(first)] == [f"arxiv:2601.{n:05d}" for n in range(400, 100, -1)]
    assert [r.query["start"] for r in archive.asked()] == [["0"], ["100"], ["200"]]
    archive.papers = [make.paper(n) for n in range(620, 0, -1)]
    later = items(await pages(client, settings, first[-1].cursor))
    assert [i.native_id for i in later] == [f"arxiv:2601.{n:05d}" for n in range(620, 400, -1)]


async def test_a_withdrawn_paper_says_so(archive: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    archive.papers = [make.paper(1, version=2, comment="This paper has been withdrawn by the authors")]
    (item,) = items(await pages(client, archive.settings("arxiv:cat:cs.IR")))
    assert "withdrawn" in item.tags and item.extra["withdrawn"] is True


async def test_the_days_announcements_are_completed_by_the_api(
    archive: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    archive.feed = [make.paper(3), make.paper(2, announce="cross"), make.paper(1, version=2, announce="replace")]
    archive.papers = [make.paper(3, comment="12 pages"), make.paper(2), make.paper(1, version=2)]
    settings = archive.settings("arxiv:list:cs.CL")
    first = await pages(client, settings)
    three, two = items(first)
    assert "Comments: 12 pages" in three.text and three.published == 1767312000.0
    assert three.text.startswith("We show 3.") and two.native_id == "arxiv:2601.00002"
    assert archive.asked("/rss")[0].path == "/rss/cs.CL"
    assert items(await pages(client, settings, first[-1].cursor)) == []
    assert archive.asked("/rss")[-1].headers["if-none-match"]
    archive.feed = [make.paper(4), make.paper(3, version=2, announce="replace"), make.paper(2, announce="cross")]
    archive.papers = [make.paper(4), make.paper(3, version=2, summary="Better.")]
    later = items(await pages(client, settings, first[-1].cursor))
    assert [i.native_id for i in later] == ["arxiv:2601.00004", "arxiv:2601.00003"], "a known paper's replacement"
    assert later[1].text.startswith("Better.")


async def test_replacements_of_all_papers_on_request(
    archive: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    archive.feed = [make.paper(1, version=4, announce="replace-cross")]
    assert len(items(await pages(client, archive.settings("arxiv:list:cs.CL", replacements=True)))) == 1


async def test_the_feed_alone_is_enough_when_the_api_fails(
    archive: Any, make: Any, client: Any, pages: Any, items: Any, answers: Any
) -> None:
    archive.feed = [make.paper(n, authors=["Ada Lovelace", "Bob Noyce"]) for n in (2, 1)]
    archive.instead = [answers.Answer(b"Rate exceeded.", 429)]
    found = items(await pages(client, archive.settings("arxiv:list:cs.CL")))
    assert [i.text.partition("\n")[0] for i in found] == ["We show 2.", "We show 1."]
    assert found[0].extra["authors"] == ["Ada Lovelace", "Bob Noyce"]


async def test_a_day_without_announcements(archive: Any, client: Any, pages: Any, items: Any) -> None:
    got = await pages(client, archive.settings("arxiv:list:cs.CL"))
    assert items(got) == [] and archive.asked() == []


async def test_a_single_paper_is_followed_for_its_versions(
    archive: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    archive.papers = [make.paper(1), make.paper(2)]
    settings = archive.settings("arxiv:2601.00001")
    (page,) = await pages(client, settings)
    assert page.title == "arXiv · Paper 1" and len(page.items) == 1
    assert items(await pages(client, settings, page.cursor)) == []
    archive.papers = [make.paper(1, version=3)]
    assert [i.extra["version"] for i in items(await pages(client, settings, page.cursor))] == [3]
    with pytest.raises(NotFound, match=r"has no paper 2601\.09999"):
        await pages(client, archive.settings("arxiv:2601.09999"))


async def test_an_empty_page_is_asked_for_again_and_then_a_failure(
    archive: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    archive.papers = [make.paper(1)]
    settings = archive.settings("arxiv:cat:cs.IR")
    archive.instead = [archive.atom([], 1)]
    assert len(items(await pages(client, settings))) == 1
    archive.instead = [archive.atom([], 1), archive.atom([], 1)]
    with pytest.raises(ServerFailure, match="empty page"):
        await pages(client, settings)
    archive.papers = []
    assert items(await pages(client, settings)) == []


async def test_refusals(archive: Any, client: Any, pages: Any, answers: Any) -> None:
    error = (
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>https://arxiv.org/api/errors#x</id><title>Error</title>"
        "<summary>malformed query</summary></entry></feed>"
    )
    cases: list[tuple[Any, type[SourceError], str, float | None]] = [
        (answers.Answer(error, 400), BadSettings, "malformed query", None),
        (answers.Answer(error, 200), BadSettings, "malformed query", None),
        (answers.Answer(b"Rate exceeded.", 429, {"Retry-After": "12"}), RateLimited, "429", 12),
        (answers.Answer(b"busy", 503, {"Retry-After": "30"}), ServerFailure, "503", 30),
        (answers.Answer(b"no robots", 403), RateLimited, "refuses", 3600),
        (answers.Answer(b"<html>", 404), NotFound, "404", None),
        (answers.Answer(b"<html><p>Down</html>", 200), Malformed, "feed|damaged", None),
        (archive_cut(archive), Malformed, "cut short", None),
        (answers.Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<feed>"), SourceError, "127.0.0.1", None),
    ]
    for answer, kind, words, wait in cases:
        archive.instead = [answer]
        with pytest.raises(kind, match=words) as caught:
            await pages(client, archive.settings("arxiv:cat:cs.IR"))
        assert caught.value.hint and caught.value.retry_after == wait


def archive_cut(archive: Any) -> Any:
    """An answer that ends in the middle of an entry."""
    from dataclasses import replace

    whole = archive.atom([], 5)
    return replace(whole, body=whole.body.replace("</feed>", "<entry><id>x</id><title>y"))


async def test_no_entity_and_no_document_type_is_obeyed(
    archive: Any, client: Any, pages: Any, items: Any, answers: Any
) -> None:
    body = (
        "<!DOCTYPE feed [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><feed xmlns='http://www.w3.org/2005/Atom'><entry>"
        "<id>http://arxiv.org/abs/2601.00001v1</id><title>T &x;</title><summary>S</summary></entry></feed>"
    )
    archive.instead = [answers.Answer(body, 200, {"Content-Type": "application/atom+xml"})]
    try:
        found = items(await pages(client, archive.settings("arxiv:cat:cs.IR")))
    except Malformed:
        found = []
    assert not any("root:" in item.title for item in found)


async def test_the_readme_of_the_code_is_attached(
    archive: Any, make: Any, client: Any, pages: Any, items: Any, answers: Any
) -> None:
    html = answers.Answer(b"<p>Run <a href='x.md'>this</a></p>", 200, {"Content-Type": "text/html"})
    archive.readmes = {
        "/github.com/repos/ada/engine/readme": html,
        "/gitlab.com/g/sub/p/-/raw/HEAD/README.md": b"# From *GitLab*",
        "/codeberg.org/api/v1/repos/c/d/raw/README.md": b"# From Codeberg",
        "/huggingface.co/datasets/h/set/raw/main/README.md": b"---\nlicense: mit\n---\n# A set",
    }
    archive.papers = [
        make.paper(5, summary="No code."),
        make.paper(4, comment="Code: https://github.com/ada/engine."),
        make.paper(3, summary="See gitlab.com/g/sub/p for code."),
        make.paper(2, comment="https://codeberg.org/c/d"),
        make.paper(1, comment="Data at https://huggingface.co/datasets/h/set, code at github.com/gone/gone"),
    ]
    five, four, three, two, one = items(await pages(client, archive.settings("arxiv:cat:cs.IR")))
    assert "From" not in five.text and "code" not in five.extra
    assert four.text.endswith("Code (ada/engine) [3]\n\nFrom ada/engine:\n\nRun this [4]")
    assert [link.url for link in four.links][2:] == [
        "https://github.com/ada/engine", "https://github.com/ada/engine/blob/HEAD/x.md",
    ]  # fmt: skip
    assert four.extra["code"] == ["https://github.com/ada/engine"]
    assert three.text.endswith("From GitLab") and two.text.endswith("From Codeberg")
    assert one.text.endswith("A set") and len(one.extra["code"]) == 2


async def test_readmes_are_bounded_and_fail_quietly(
    archive: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    archive.papers = [make.paper(n, comment=f"https://github.com/ada/engine-{n}") for n in range(40, 0, -1)]
    assert len(items(await pages(client, archive.settings("arxiv:cat:cs.IR")))) == 40
    assert len(archive.asked("/github.com")) == 10
    await pages(client, archive.settings("arxiv:cat:cs.IR", readmes=0))
    assert len(archive.asked("/github.com")) == 10


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("at https://github.com/ada/engine.git, and", ["https://github.com/ada/engine"]),
        ("(github.com/ada/engine)", ["https://github.com/ada/engine"]),
        ("https://github.com/ada/engine/tree/main/x", ["https://github.com/ada/engine"]),
        ("https://huggingface.co/ada/model; https://huggingface.co/spaces/a/b", [
            "https://huggingface.co/ada/model", "https://huggingface.co/spaces/a/b"]),
        ("https://huggingface.co/papers/2601.1 https://github.com/ada notgithub.com.evil/a/b", []),
        ("https://gitlab.com/a/b/-/tree/main", ["https://gitlab.com/a/b"]),
        ("https://github.com/../..", []),
        ("", []),
    ],
)  # fmt: skip
def test_where_code_is(text: str, urls: list[str]) -> None:
    assert [home.url for home in code_homes(text)] == urls
