"""The scoring service's addresses: who may ask, what is asked, and answers as JSON."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from typing import Any

from penchant.adapters.text_clean import clean_line
from penchant.app.commands.output import dumps
from penchant.app.errors import PenchantError

from . import rerank
from .doorman import Doorman
from .score import Scored, Scorer
from .score_ask import Refused, Wanted, body_of, wanted
from .site import Answer, Request

#: Requests that are worked on or wait at the same time; a thread more tells others to come again.
MOST_WAITING = 8
THREADS = MOST_WAITING + 1
_JSON = "application/json; charset=utf-8"
_ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SCORE = ("/v1/score", "/score")


class ScoreSite:
    """Answers requests; safe to ask from several threads. `token` is always asked for, on this machine too: any
    program and any page open in a browser can reach a port of loopback."""

    def __init__(self, scorer: Scorer, doorman: Doorman) -> None:
        self.scorer, self.doorman = scorer, doorman
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def answer(self, request: Request) -> Answer:
        """Never raises for anything a request can hold, or for an archive in trouble."""
        try:
            self._admit(request)
            made = self._answer(request)
        except Refused as error:
            return _refusal(error)
        except PenchantError as error:
            return _refusal(Refused(503, str(error), error.hint))
        return Answer(200, dumps(made).encode(), {"Content-Type": _JSON, **_ALWAYS})

    def refusal(self, status: int, what: str, do: str) -> Answer:
        """What the server refuses by itself, in the shape of every other refusal."""
        return _refusal(Refused(status, what, do))

    def _admit(self, request: Request) -> None:
        headers = request.headers
        if not self.doorman.knows(headers.get("host", "")):
            raise Refused(421, "this server does not answer under this name", "Ask 127.0.0.1 or localhost.")
        if "origin" in headers or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Refused(403, "pages in a browser are not answered", "Ask from a program.")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.doorman.token.encode())
        if scheme.lower() != "bearer" or not right or not self.doorman.token:
            raise Refused(401, "the token is missing or wrong", "Send the header `Authorization: Bearer TOKEN`.")

    def _answer(self, request: Request) -> Any:
        path = request.path.rstrip("/") or "/"
        if path in ("/v1/models", "/models", "/health", "/"):
            if request.method not in ("GET", "HEAD"):
                raise Refused(405, "this address is only read", allow="GET, HEAD")
            return {"object": "list", "status": "ok", "data": [{"id": rerank.MODEL, "object": "model"}]}
        shape = rerank.PATHS.get(path)
        if path not in _SCORE and shape is None:
            raise Refused(404, f"there is nothing at {clean_line(path, 80)}", "POST to /v1/score or /v1/rerank.")
        if request.method != "POST":
            raise Refused(405, "only a POST is answered here", "Send a JSON object.", allow="POST")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "the body is not declared as JSON", "Send `Content-Type: application/json`.")
        if not self._places.acquire(blocking=False):
            raise Refused(429, f"{MOST_WAITING} requests are being worked on already", "Ask again in a while.")
        try:
            body = body_of(request.body)
            return self._score(body) if shape is None else self._rerank(body, shape)
        finally:
            self._places.release()

    def _score(self, body: Mapping[str, Any]) -> Any:
        asked = wanted(body)
        return scored(asked, self.scorer.score(asked))

    def _rerank(self, body: Mapping[str, Any], shape: rerank.Shape) -> Any:
        asked = rerank.wanted(body, shape)
        query = asked.query if asked.weight > 0 else ""
        found = self.scorer.score(Wanted(asked.documents, reasons=False, seconds=asked.seconds), query)
        near = found.near or [0.0] * len(found.verdicts)
        weight = asked.weight if query else 0.0
        scores = [
            round(rerank.combined(each.probability, close, weight), 6)
            for each, close in zip(found.verdicts, near, strict=True)
        ]
        return rerank.answer(asked, scores, [round(each.logit, 6) for each in found.verdicts])


def scored(asked: Wanted, found: Scored) -> dict[str, Any]:
    """The answer to a request to score."""
    data = []
    for place, each in enumerate(found.verdicts):
        row: dict[str, Any] = {
            "index": place, "probability": round(each.probability, 6), "logit": round(each.logit, 6),
            "known": list(each.known),
        }  # fmt: skip
        if each.why is not None:
            row["reasons"] = [
                {"part": part.key, "name": part.name, "logit": round(part.logit, 6), "words": list(part.words)}
                for part in each.why.parts
            ]
        if asked.questions:
            row["answers"] = [
                {"question": question, "yes": None if yes is None else round(yes, 6)}
                for question, yes in zip(asked.questions, found.answers[place], strict=True)
            ]
        data.append(row)
    return {
        "object": "list", "model": rerank.MODEL, "head": found.head, "labels": found.labels, "data": data,
        "notes": list(found.notes), "seconds": found.seconds,
    }  # fmt: skip


def _refusal(error: Refused) -> Answer:
    """As OpenAI's servers say it; "message" once more at the top, where Cohere's clients look."""
    kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
        error.status, "invalid_request_error" if error.status < 500 else "server_error"
    )
    message = f"{error}. {error.hint}" if error.hint else str(error)
    said = {"error": {"message": message, "type": kind, "code": error.status}, "message": message}
    more = {"Retry-After": "10"} if error.status in (429, 503) else {}
    more |= {"WWW-Authenticate": 'Bearer realm="penchant"'} if error.status == 401 else {}
    more |= {"Allow": error.allow} if error.allow else {}
    return Answer(error.status, dumps(said).encode(), {"Content-Type": _JSON, **_ALWAYS, **more})
