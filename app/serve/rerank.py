"""Re-rank requests in the shapes that programs speak already: Jina's and vLLM's, Cohere's, and that of TEI. Pure.

They come without agreement on details (a document is a text, {"text"} or {"image"}; answers are "results" or a list),
so names that mean nothing here are let pass, as those servers do.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from penchant.adapters.text_clean import clean_line

from .score_ask import MOST_DOCUMENTS, Document, Refused, documents, seconds_of

Shape = Literal["openai", "cohere", "tei"]
#: Address -> the shape of its answers. Cohere's own address is told from Jina's by its version 2; version 1 of both is
#: answered with what either reads.
PATHS: Mapping[str, Shape] = {
    "/v1/rerank": "openai", "/v1/reranking": "openai", "/rerank": "openai", "/reranking": "openai",
    "/v2/rerank": "cohere",
}  # fmt: skip
MODEL = "penchant"
#: Characters of a query.
LONGEST_QUERY = 2_000


@dataclass(frozen=True, slots=True)
class Rerank:
    """`weight`: how much the query counts beside the reader, 0 (not at all) to 1 (alone)."""

    documents: tuple[Document, ...]
    shape: Shape
    query: str = ""
    weight: float = 0.0
    top: int = MOST_DOCUMENTS
    texts: bool = False
    raw: bool = False
    seconds: float = 60.0
    model: str = MODEL


def wanted(body: Mapping[str, Any], shape: Shape) -> Rerank:
    """A request to re-rank; one with "texts" is TEI's, wherever it was sent. Raises `Refused`."""
    given = body.get("documents")
    if given is None and "texts" in body:
        given, shape = body["texts"], "tei"
    rows = [_document(each) for each in given] if isinstance(given, list) else given
    query = body.get("query", "")
    if isinstance(query, dict):  # Jina's {"text"} or {"image"}: a picture as a query says nothing here
        query = query.get("text", "")
    if not isinstance(query, str) or len(query) > LONGEST_QUERY:
        raise Refused(400, f"query is a text of at most {LONGEST_QUERY:,} characters")
    return Rerank(
        documents(rows), shape, clean_line(query, LONGEST_QUERY), _weight(body.get("query_weight")), _top(body),
        _told(body), body.get("raw_scores") is True, seconds_of(body.get("seconds")),
        clean_line(str(body.get("model") or MODEL), 200),
    )  # fmt: skip


def combined(probability: float, near: float, weight: float) -> float:
    """The geometric mean of the reader's probability and the closeness to the query (a cosine; below 0 counts as 0).

    >>> combined(0.25, 0.9, 0.0), combined(0.25, 1.0, 0.5), combined(0.9, -0.2, 0.5)
    (0.25, 0.5, 0.0)
    """
    close = min(max(near, 0.0), 1.0)
    return probability if weight <= 0 else probability ** (1.0 - weight) * close**weight


def answer(asked: Rerank, scores: Sequence[float], logits: Sequence[float], tokens: int = 0) -> Any:
    """The answer as JSON: the best first, equal ones as they came. `tokens` only fills a place that clients read."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: asked.top]
    if asked.shape == "tei":
        return [
            {"index": i, "score": logits[i] if asked.raw else scores[i], **_text(asked, i, "text")} for i in order
        ]
    results = [{"index": i, "relevance_score": scores[i], **_text(asked, i, "document")} for i in order]
    if asked.shape == "cohere":
        meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 0}}
        return {"id": str(uuid.uuid4()), "results": results, "meta": meta}
    usage = {"total_tokens": tokens, "prompt_tokens": tokens}
    return {"object": "list", "model": asked.model, "results": results, "usage": usage}


def _document(given: Any) -> Any:
    """A document of any of the shapes as one of ours: what else an object holds is left out."""
    if not isinstance(given, dict):
        return given
    kept = {name: given[name] for name in ("title", "text", "url", "image", "picture", "item") if given.get(name)}
    return kept or given


def _text(asked: Rerank, i: int, name: str) -> dict[str, Any]:
    if not asked.texts:
        return {}
    text = asked.documents[i].words
    return {name: text if name == "text" else {"text": text}}


def _told(body: Mapping[str, Any]) -> bool:
    return body.get("return_documents") is True or body.get("return_text") is True


def _top(body: Mapping[str, Any]) -> int:
    given = body.get("top_n", body.get("top_k"))
    if given is None:
        return MOST_DOCUMENTS
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise Refused(400, "top_n is a whole number from 1")
    return given


def _weight(given: Any) -> float:
    if given is None:
        return 0.0
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise Refused(400, "query_weight is a number from 0 (the reader alone) to 1 (the query alone)")
    return float(given)
