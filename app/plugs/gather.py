"""What the reader names, as a document: an item of the archive, a paper of arXiv, a file; with its code on request."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.adapters.base import SourceError
from penchant.app.errors import PenchantError

from .document import Document, Part

if TYPE_CHECKING:
    from penchant.adapters.http import Client
    from penchant.app.store import Store

#: Where an adapter puts the README of a paper's or a post's code into the text.
_README = re.compile(r"\n\nFrom ([\w./-]{3,140}):\n\n")
#: Marks of links ("[3]") say nothing to a model.
_LINK = re.compile(r" ?\[\d{1,3}\]")
ARXIV = "arxiv:"


def of_item(store: Store, item_id: int) -> Document:
    """An archived item: its text, and what its adapter attached. Raises `PenchantError` where there is no text."""
    article = store.items.article(item_id)
    if article is None:
        raise PenchantError(f"there is no item {item_id}", hint="`penchant list` shows numbers.")
    text, *readme = _README.split(article.text, maxsplit=1)
    if article.card.dropped is not None or not text.strip():
        raise PenchantError(
            f"the archive has no text of item {item_id}",
            hint="`penchant gate` says how to get a dropped body back." if article.card.dropped else "",
        )
    parts = [Part("", _LINK.sub("", text))]
    if readme:
        parts.append(Part(f"README of {readme[0]}", _LINK.sub("", readme[1])))
    title = article.card.title or article.card.excerpt[:80]
    return Document(title, f"item {item_id}", tuple(parts), (item_id,))


def repositories(store: Store | None, document: Document) -> list[str]:
    """OWNER/NAME on GitHub of the code that a document names; its item's own address counts first."""
    from penchant.adapters.arxiv_code import code_homes

    said = [part.text for part in document.parts]
    for item_id in document.item_ids if store is not None else ():
        assert store is not None
        article = store.items.article(item_id)
        if article is not None:
            code = article.extra.get("code")
            said = [
                article.card.url, " ".join(map(str, code)) if isinstance(code, list) else "", *said,
                *[link.url for link in article.links],
            ]  # fmt: skip
    return [home.path for home in code_homes(" \n".join(said)) if home.host == "github.com"]


async def with_code(client: Client, store: Store | None, document: Document) -> Document:
    """The document with the README and the files of the first repository that it names; a note where there is none."""
    from .code import read_code

    names = repositories(store, document)
    if not names:
        return replace(document, notes=(*document.notes, "it names no repository on GitHub"))
    try:
        parts, notes = await read_code(client, names[0])
    except SourceError as error:
        return replace(document, notes=(*document.notes, f"the code of {names[0]} did not come: {error}"))
    known = tuple(part for part in document.parts if not part.name.startswith("README of ") or not parts)
    return replace(document, parts=(*known, *parts), notes=(*document.notes, *notes))
