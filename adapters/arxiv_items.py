"""A paper as an item: abstract, authors, where to read it, code. Pure."""

from __future__ import annotations

from urllib.parse import quote

from .arxiv_code import CodeHome, code_homes
from .arxiv_parse import Paper
from .arxiv_place import SITE
from .base import Author, Item, Link, Media, Sighting
from .github_text import Words
from .text import clean
from .wire import address

#: The first month whose papers arXiv shows as HTML pages too.
FIRST_HTML = "2312"


def native_id(paper_id: str) -> str:
    """All versions of a paper are one item."""
    return f"arxiv:{paper_id}"


def author(name: str) -> Author:
    return Author(f"arxiv:{name.casefold()}", name, url=f"{SITE}/search/?searchtype=author&query={quote(name)}")


def to_item(paper: Paper, readme: Words | None = None) -> Item:
    """The item of a paper, with the README of its code where that was read."""
    code = code_homes(f"{paper.abstract} {paper.comment}")
    links = _links(paper, code)
    lines = [f"Authors: {', '.join(paper.authors)}" if len(paper.authors) > 1 else ""]
    lines += [f"{label}: {value}" for label, value in (("Comments", paper.comment), ("In", paper.journal)) if value]
    lines.append(" · ".join(f"{link.text} [{number}]" for number, link in enumerate(links, 1)))
    text = "\n\n".join(filter(None, [paper.abstract, "\n".join(filter(None, lines))]))
    media: tuple[Media, ...] = ()
    if readme and readme.text and code:
        shifted = _renumbered(readme, len(links))
        text, media = f"{text}\n\nFrom {code[0].name}:\n\n{shifted.text}", shifted.media
        links = (*links, *shifted.links)
    first = author(paper.authors[0]) if paper.authors else None
    gone = "withdrawn" in paper.comment.lower() and len(paper.comment) < 400
    replaced = paper.updated if paper.updated and paper.published and paper.updated > paper.published else None
    extra = {
        "authors": list(paper.authors), "version": paper.version, "primary": "".join(paper.categories[:1]),
        "comment": paper.comment, "journal": paper.journal, "doi": paper.doi, "code": [home.url for home in code],
        "withdrawn": gone,
    }  # fmt: skip
    return Item(
        native_id=native_id(paper.id),
        url=f"{SITE}/abs/{paper.id}",
        title=paper.title,
        text=clean(text),
        author=first,
        published=paper.published,
        updated=replaced,
        tags=(*paper.categories[:20], *(("withdrawn",) if gone else ())),
        media=media,
        links=links,
        sightings=(Sighting("list", paper.published),),
        extra={key: value for key, value in extra.items() if value},
    )


def _links(paper: Paper, code: tuple[CodeHome, ...]) -> tuple[Link, ...]:
    """PDF, HTML where there is one, the publisher's page, code."""
    found = [Link(f"{SITE}/pdf/{paper.id}", "PDF")]
    if "." in paper.id and "/" not in paper.id and paper.id[:4] >= FIRST_HTML:
        found.append(Link(f"{SITE}/html/{paper.id}", "HTML"))
    doi = address("", f"https://doi.org/{paper.doi.split()[0]}") if paper.doi else ""
    found += [Link(doi, "DOI")] if doi else []
    return (*found, *(Link(home.url, f"Code ({home.name})") for home in code))


def _renumbered(words: Words, offset: int) -> Words:
    """The same words with the numbers of their links raised."""
    text = words.text
    for number in range(len(words.links), 0, -1):
        text = text.replace(f"[{number}]", f"[{number + offset}]")
    return Words(text, words.links, words.media)
