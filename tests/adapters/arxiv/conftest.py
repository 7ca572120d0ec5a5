"""A small arXiv: papers in memory, answered by the API's paths and by the daily feed's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from html import escape
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.http import Client, Limits

Raw = dict[str, Any]
ATOM = (
    "xmlns='http://www.w3.org/2005/Atom' xmlns:arxiv='http://arxiv.org/schemas/atom'"
    " xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'"
)


def make_paper(number: int, **changes: Any) -> Raw:
    return {
        "id": f"2601.{number:05d}",
        "version": 1,
        "title": f"Paper {number}",
        "summary": f"We show {number}.",
        "authors": ["Ada Lovelace", "Bob Noyce"],
        "published": "2026-01-02T00:00:00Z",
        "updated": "2026-01-02T00:00:00Z",
        "categories": ["cs.IR", "cs.CL"],
        "comment": "",
        "announce": "new",
    } | changes


def entry(paper: Raw) -> str:
    """As the API writes it."""
    name = f"{paper['id']}v{paper['version']}"
    return (
        f"<entry><id>http://arxiv.org/abs/{name}</id><title>{escape(paper['title'])}</title>"
        f"<updated>{paper['updated']}</updated><published>{paper['published']}</published>"
        f"<link href='https://arxiv.org/abs/{name}' rel='alternate' type='text/html'/>"
        f"<link href='https://arxiv.org/pdf/{name}' rel='related' type='application/pdf' title='pdf'/>"
        f"<summary>{escape(paper['summary'])}</summary>"
        + "".join(f"<category term='{c}'/>" for c in paper["categories"])
        + (f"<arxiv:comment>{escape(paper['comment'])}</arxiv:comment>" if paper["comment"] else "")
        + f"<arxiv:primary_category term='{paper['categories'][0]}'/>"
        + "".join(f"<author><name>{escape(a)}</name></author>" for a in paper["authors"])
        + "</entry>"
    )


def item(paper: Raw) -> str:
    """As the daily feed writes it."""
    return (
        f"<item><title>{escape(paper['title'])}</title><link>https://arxiv.org/abs/{paper['id']}</link>"
        f"<description>arXiv:{paper['id']}v{paper['version']} Announce Type: {paper['announce']} \n"
        f"Abstract: {escape(paper['summary'])}</description>"
        f"<guid isPermaLink='false'>oai:arXiv.org:{paper['id']}v{paper['version']}</guid>"
        + "".join(f"<category>{c}</category>" for c in paper["categories"])
        + "<pubDate>Mon, 05 Jan 2026 00:00:00 -0500</pubDate>"
        f"<arxiv:announce_type>{paper['announce']}</arxiv:announce_type>"
        f"<dc:creator>{', '.join(paper['authors'])}</dc:creator></item>"
    )


class Archive:
    """`papers` answer queries in their order, and ids; `feed` are the day's announcements."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.papers: list[Raw] = []
        self.feed: list[Raw] = []
        self.total: int | None = None
        #: Answers given before the papers' own, one each time.
        self.instead: list[Any] = []
        self.readmes: dict[str, Any] = {}
        server.default = self._serve

    def settings(self, address: str, **more: Any) -> Raw:
        base = self.server.url("").rstrip("/")
        hosts = ("github.com", "gitlab.com", "codeberg.org", "huggingface.co")
        code = {host: f"{base}/{host}" for host in hosts}
        return {"address": address, "api": f"{base}/api", "feeds": base, "code": code, **more}

    def asked(self, start: str = "/api") -> list[Any]:
        return [r for r in self.server.requests if r.path.startswith(start)]

    def _serve(self, request: Any) -> Any:
        if request.path == "/api/query":
            return self.instead.pop(0) if self.instead else self._query(request)
        if request.path.startswith("/rss/"):
            return self._daily(request)
        found = self.readmes.get(request.path)
        return found if isinstance(found, self.answer) else self.answer(found or b"no", 200 if found else 404)

    def _query(self, request: Any) -> Any:
        ids = request.query.get("id_list", [""])[0].split(",")
        chosen = [p for p in self.papers if p["id"] in ids] if ids != [""] else self.papers
        start, size = (int(request.query.get(k, [v])[0]) for k, v in (("start", "0"), ("max_results", "10")))
        return self.atom(chosen[start : start + size], self.total if self.total is not None else len(chosen))

    def atom(self, papers: list[Raw], total: int) -> Any:
        body = (
            f"<?xml version='1.0' encoding='UTF-8'?><feed {ATOM}><title>arXiv Query: x</title>"
            f"<opensearch:totalResults>{total}</opensearch:totalResults>{''.join(map(entry, papers))}</feed>"
        )
        return self.answer(body, 200, {"Content-Type": "application/atom+xml; charset=utf-8"})

    def _daily(self, request: Any) -> Any:
        etag = f'"{hash(json.dumps(self.feed))}"'
        if request.headers.get("if-none-match") == etag:
            return self.answer(b"", 304, {"ETag": etag})
        body = (
            "<?xml version='1.0' encoding='UTF-8'?><rss xmlns:arxiv='http://arxiv.org/schemas/atom'"
            " xmlns:dc='http://purl.org/dc/elements/1.1/' version='2.0'><channel><title>cs.CL updates on arXiv.org"
            f"</title><skipDays><day>Sunday</day></skipDays>{''.join(map(item, self.feed))}</channel></rss>"
        )
        return self.answer(body, 200, {"Content-Type": "text/xml", "ETag": etag})


@pytest.fixture
def archive(server: Any, answers: Any) -> Archive:
    return Archive(server, answers.Answer)


@pytest.fixture
def make() -> SimpleNamespace:
    return SimpleNamespace(paper=make_paper)


@pytest.fixture
def pages() -> Callable[..., Any]:
    """Collect all pages of one fetch."""
    from penchant.adapters.arxiv import ArXiv

    async def collect(client: Any, settings: Raw, cursor: Raw | None = None) -> list[Any]:
        given = json.loads(json.dumps(cursor or {}))
        return [page async for page in ArXiv().fetch(client, settings, given)]

    return collect


@pytest.fixture
def items() -> Callable[[Any], list[Any]]:
    return lambda got: [item for page in got for item in page.items]


@pytest.fixture(autouse=True)
def no_gh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the reader's own `gh`."""
    monkeypatch.setattr("penchant.adapters.github_token.shutil.which", lambda _: None)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client with patience enough for a busy machine: private addresses only where typed."""
    async with Client(limits=Limits(total_seconds=30.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made
