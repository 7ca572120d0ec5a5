"""arXiv for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

from html import escape
from typing import Any

KIND = "arxiv"
NETWORK = True
NAMESPACES = (
    "xmlns='http://www.w3.org/2005/Atom' xmlns:arxiv='http://arxiv.org/schemas/atom'"
    " xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'"
)


def _entry(number: int, text: str = "", version: int = 1) -> str:
    words = escape(text)
    return (
        f"<entry><id>http://arxiv.org/abs/2601.{number:05d}v{version}</id><title>{words or f'Paper {number}'}</title>"
        f"<summary>{words or f'  We show {number}.'}</summary><published>2026-01-02T00:00:00Z</published>"
        f"<updated>2026-01-{2 + version:02d}T00:00:00Z</updated><author><name>{words or 'Ada Lovelace'}</name></author>"
        f"<author><name>Bob{words}</name></author><category term='cs.IR'/><category term='{words or 'cs.CL'}'/>"
        f"<arxiv:comment>{words}</arxiv:comment><arxiv:doi>10.1/{words}</arxiv:doi>"
        f"<arxiv:journal_ref>{words}</arxiv:journal_ref><arxiv:primary_category term='{words or 'cs.IR'}'/></entry>"
    )


def _archive(server: Any, entries: list[str]) -> dict[str, Any]:
    """The last changed first, by `start` and `max_results`, as the real API does."""
    answer = type(server.default)

    def page(request: Any) -> Any:
        start, size = int(request.query["start"][0]), int(request.query["max_results"][0])
        body = (
            f"<?xml version='1.0' encoding='UTF-8'?><feed {NAMESPACES}><title>arXiv Query</title>"
            f"<opensearch:totalResults>{len(entries)}</opensearch:totalResults>"
            f"{''.join(entries[start : start + size])}</feed>"
        )
        return answer(body.encode("utf-8", "surrogatepass"), 200, {"Content-Type": "application/atom+xml"})

    server.route("/api/query", page)
    return {"address": "arxiv:cat:cs.IR", "api": server.url("/api"), "limit": 250}


def serve(server: Any) -> dict[str, Any]:
    return _archive(server, [_entry(n) for n in range(250, 0, -1)])


def grow(server: Any) -> None:
    _archive(server, [_entry(n) for n in range(255, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    return _archive(server, [_entry(3, text), _entry(2, text), _entry(1)])
