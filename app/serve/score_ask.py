"""What a program asks of the scoring service: JSON to values, within limits. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.adapters.text_clean import clean, clean_line
from penchant.adapters.text_dates import parse_date

#: Bytes of a request; documents, pictures and questions of one; answers that it may take (documents times questions).
MOST_BYTES, MOST_DOCUMENTS, MOST_PICTURES, MOST_QUESTIONS, MOST_ANSWERS = 16 << 20, 256, 32, 16, 256
#: Characters of a text, of a question (a model reads so many of one), and tags of a document.
LONGEST, LONGEST_QUESTION, MOST_TAGS = 100_000, 240, 32
#: Seconds that a request may take: where it says nothing, and at most.
SECONDS, MOST_SECONDS = 60.0, 300.0
_DOCUMENT = frozenset({
    "text", "title", "url", "author", "source", "kind", "lang", "tags", "published", "points", "comments", "picture",
    "image", "item", "id",
})  # fmt: skip
_REQUEST = frozenset({"documents", "questions", "reasons", "judge", "seconds", "model"})


class Refused(Exception):
    """A request that is not answered: `status` of HTTP, what is wrong, what to do about it; the methods to `allow`."""

    def __init__(self, status: int, message: str, hint: str = "", allow: str = "") -> None:
        super().__init__(message)
        self.status, self.hint, self.allow = status, hint, allow


@dataclass(frozen=True, slots=True)
class Document:
    """Something to score. `item`: an item of the archive (number or beginning of its uid), and nothing else counts.

    `source` and `author` are names that the archive knows, or keys; `published` in Unix seconds; `picture` is a file's
    bytes. What is not given is unknown, which no expert holds against it.
    """

    title: str = ""
    text: str = ""
    url: str = ""
    author: str = ""
    source: str = ""
    kind: str = ""
    lang: str = ""
    tags: tuple[str, ...] = ()
    published: float | None = None
    points: int | None = None
    comments: int | None = None
    picture: bytes = b""
    item: str = ""

    @property
    def words(self) -> str:
        """Title and text as a model reads them."""
        return ". ".join(part for part in (self.title, self.text) if part)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A whole request. `judge`: the language model's opinion counts too, as it does in the feed (seconds a text)."""

    documents: tuple[Document, ...]
    questions: tuple[str, ...] = ()
    reasons: bool = True
    judge: bool = False
    seconds: float = SECONDS


def body_of(data: bytes) -> Mapping[str, Any]:
    """The JSON object of a request. Raises `Refused`."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is no JSON", "Send one JSON object in UTF-8.") from None
    if not isinstance(found, dict):
        raise Refused(400, "the body is no JSON object", 'Send {"documents": [...]}.')
    return found


def wanted(body: Mapping[str, Any]) -> Wanted:
    """A request to score. Raises `Refused`, for a name that means nothing too: it may be misspelt."""
    strange = sorted(set(body) - _REQUEST)
    if strange:
        raise Refused(400, f"nothing is called {clean_line(strange[0], 60)!r} here", f"Known: {_listed(_REQUEST)}.")
    questions = tuple(_question(each) for each in _list(body.get("questions", []), "questions", MOST_QUESTIONS))
    found = documents(body.get("documents"))
    if len(found) * len(questions) > MOST_ANSWERS:
        many = f"{len(found)} documents with {len(questions)} questions"
        raise Refused(413, f"{many} are more than {MOST_ANSWERS} answers", "Ask in several requests.")
    return Wanted(
        found, questions, _flag(body.get("reasons"), "reasons", True), _flag(body.get("judge"), "judge", False),
        seconds_of(body.get("seconds")),
    )  # fmt: skip


def documents(given: Any, most: int = MOST_DOCUMENTS) -> tuple[Document, ...]:
    """Texts, or objects with their facts. Raises `Refused`."""
    rows = _list(given, "documents", most)
    if not rows:
        raise Refused(400, "there are no documents", 'Send {"documents": ["a text", {"text": "another one"}]}.')
    found = tuple(document(each, place) for place, each in enumerate(rows))
    if sum(bool(each.picture) for each in found) > MOST_PICTURES:
        raise Refused(413, f"at most {MOST_PICTURES} pictures in one request", "Send them in several requests.")
    return found


def document(given: Any, place: int) -> Document:
    """One document; `place` names it in what is refused."""
    if isinstance(given, str):
        given = {"text": given}
    if not isinstance(given, dict):
        raise Refused(400, f"document {place} is neither a text nor an object")
    strange = sorted(set(given) - _DOCUMENT)
    if strange:
        raise Refused(400, f"document {place}: nothing is called {clean_line(strange[0], 60)!r} here",
                      f"Known: {_listed(_DOCUMENT)}.")  # fmt: skip
    if "item" in given and given["item"] is not None:
        return Document(item=_line(str(given["item"]), place, "item", 64))
    made = Document(
        title=_line(given.get("title"), place, "title", 1_000),
        text=_text(given.get("text"), place),
        url=_line(given.get("url"), place, "url", 4_096),
        author=_line(given.get("author"), place, "author"),
        source=_line(given.get("source"), place, "source"),
        kind=_line(given.get("kind"), place, "kind", 40),
        lang=_line(given.get("lang"), place, "lang", 40),
        tags=tuple(_line(tag, place, "tags", 100) for tag in _list(given.get("tags", []), "tags", MOST_TAGS)),
        published=_moment(given.get("published"), place),
        points=_count(given.get("points"), place, "points"),
        comments=_count(given.get("comments"), place, "comments"),
        picture=_picture(given.get("picture") or given.get("image"), place),
    )
    if not (made.title or made.text or made.picture):
        raise Refused(400, f"document {place} has neither text nor picture")
    return made


def seconds_of(given: Any) -> float:
    """How long a request may take."""
    if given is None:
        return SECONDS
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0.1 <= given <= MOST_SECONDS:
        raise Refused(400, f"seconds is a number from 0.1 to {MOST_SECONDS:g}")
    return float(given)


def _question(given: Any) -> str:
    if not isinstance(given, str) or not clean_line(given, LONGEST_QUESTION + 1):
        raise Refused(400, "a question is a text that yes or no answers")
    line = clean_line(given, LONGEST_QUESTION + 1)
    if len(line) > LONGEST_QUESTION:
        raise Refused(413, f"a question has at most {LONGEST_QUESTION} characters")
    return line


def _list(given: Any, name: str, most: int) -> Sequence[Any]:
    if not isinstance(given, list):
        raise Refused(400, f"{name} is a list")
    if len(given) > most:
        raise Refused(413, f"{len(given):,} {name} are more than {most}", "Send them in several requests.")
    return given


def _flag(given: Any, name: str, usual: bool) -> bool:
    if given is None:
        return usual
    if not isinstance(given, bool):
        raise Refused(400, f"{name} is true or false")
    return given


def _line(given: Any, place: int, name: str, most: int = 500) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Refused(400, f"document {place}: {name} is a text")
    return clean_line(given, most)


def _text(given: Any, place: int) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Refused(400, f"document {place}: text is a text")
    if len(given) > LONGEST:
        raise Refused(413, f"document {place} has {len(given):,} characters, at most {LONGEST:,} are taken",
                      "Its beginning is what the ranking reads: send that.")  # fmt: skip
    return clean(given)


def _moment(given: Any, place: int) -> float | None:
    if given is None or given == "":
        return None
    if isinstance(given, str):
        found = parse_date(given[:100])
    else:
        found = given if isinstance(given, int | float) and not isinstance(given, bool) else None
    if found is None or not 0 < found < 4e9:  # before it is a float: JSON has numbers that are none
        raise Refused(400, f"document {place}: published is a date or Unix seconds")
    return float(found)


def _count(given: Any, place: int, name: str) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 1 << 40:
        raise Refused(400, f"document {place}: {name} is a whole number")
    return given


def _picture(given: Any, place: int) -> bytes:
    """The bytes of a picture: base64, as it is or as a data address. Addresses of the network are not fetched."""
    if given is None or given == "":
        return b""
    if isinstance(given, dict):  # the shape of chat requests: {"url": "data:..."}
        given = given.get("url")
    if not isinstance(given, str):
        raise Refused(400, f"document {place}: a picture is base64")
    head, comma, rest = given.partition(",") if given[:5].lower() == "data:" else ("", "", given)
    if given[:4].lower() == "http" and "://" in given[:9]:
        raise Refused(400, f"document {place}: nothing is fetched from addresses", "Send the picture itself as base64.")
    if head and (not comma or not head.lower().endswith(";base64")):
        raise Refused(400, f"document {place}: a data address of a picture is base64")
    try:
        return base64.b64decode("".join(rest.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(400, f"document {place}: the picture is no base64") from None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
