"""A paper of arXiv as a document: what its API says, and the whole text where arXiv offers it as a page."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from penchant.adapters.arxiv import MAX_BYTES, Api
from penchant.adapters.arxiv_pace import PACE, Pace
from penchant.adapters.arxiv_place import API, SITE, Place, parse
from penchant.adapters.base import SourceError
from penchant.app.errors import PenchantError

from .document import Document, Part
from .local import html_text

if TYPE_CHECKING:
    from penchant.adapters.http import Client

ONLY_ABSTRACT = "arXiv has no page of its whole text: this is the abstract only"


def place_of(name: str) -> Place:
    """The place of "arxiv:ID". Raises `PenchantError` for what is no single paper."""
    place = parse(name)
    if place is None or place.what != "ids" or "," in place.value:
        raise PenchantError(f"{name} is not a paper of arXiv", hint="arxiv:2406.01234, or arxiv:hep-th/9901001.")
    return place


async def of_paper(client: Client, name: str, *, pace: Pace = PACE) -> Document:
    """Title, authors, abstract and the whole text of "arxiv:ID"; a note where there is no more than the abstract.

    Raises `PenchantError`, `SourceError`.
    """
    place = place_of(name)
    found = await Api(client, place, pace).ask(f"id_list={quote(place.value, safe='')}&max_results=1")
    if not found.papers:
        raise PenchantError(f"arXiv has no paper {place.value}", hint="Check the number.")
    paper = found.papers[0]
    head = "\n\n".join(filter(None, [f"By {', '.join(paper.authors)}." if paper.authors else "", paper.comment]))
    # a server that the reader named instead of arXiv has the pages too
    site = SITE if place.api == API else f"{(there := urlsplit(place.api)).scheme}://{there.netloc}"
    text, note = await _whole(client, f"{site}/html/{quote(f'{paper.id}v{paper.version}')}", pace, site == SITE)
    # the abstract names the code more often than the text does
    abstract = "" if paper.abstract[:60] in text else f"Abstract: {paper.abstract}"
    part = Part("", "\n\n".join(filter(None, [head, abstract, text])))
    return Document(paper.title, f"arxiv:{paper.id}", (part,), notes=(note,) if note else ())


async def _whole(client: Client, url: str, pace: Pace, public: bool) -> tuple[str, str]:
    """The text of a paper's page, or "" and why not."""
    async with pace.turn() if public else contextlib.nullcontext():
        try:
            answer = await client.get(url, typed=not public, ok=(200, 404), max_bytes=MAX_BYTES)
        except SourceError as error:
            return "", f"the whole text did not come ({error}): this is the abstract only"
    if answer.status == 404:
        return "", ONLY_ABSTRACT
    try:
        text: str = await client.parse(html_text, answer.body.decode("utf-8", "replace"))
    except SourceError as error:
        return "", f"the whole text could not be read ({error}): this is the abstract only"
    return (text, "") if len(text) > 1_000 else ("", ONLY_ABSTRACT)
