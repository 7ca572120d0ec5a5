"""Names of papers in texts and addresses: arXiv identifiers, DOIs, titles. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

#: arXiv's schemes: 2202.12139 since April 2007 (four digits until 2014), astro-ph/0601001 and math.GT/0309136 before.
#: https://info.arxiv.org/help/arxiv_identifier.html
_ID = r"(?:\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7})(?!\d)"
_ARXIV = re.compile(
    rf"(?:arxiv\.org/(?:abs|pdf|html|format|src|ps)/|\barxiv\s*:\s*|\b10\.48550/arxiv\.|\balphaxiv\.org/abs/"
    rf"|\bhuggingface\.co/papers/)({_ID})",
    re.IGNORECASE,
)
#: What Crossref says matches nearly all DOIs: https://www.crossref.org/blog/dois-and-matching-regular-expressions/
_DOI = re.compile(r"\b10\.\d{4,9}/[-._;()/:A-Za-z0-9<>\[\]+]{1,200}")
#: Characters of a text that are looked at, names kept of one, and words from which a title can be told from chance.
LONGEST, MOST, WORDS = 60_000, 300, 5
_WORD = re.compile(r"\w+")
#: What ends a sentence rather than a name, white space aside.
_END = ".,;:>"


def arxiv(name: str) -> str:
    """An arXiv identifier as all its spellings have it: without version, without the class of old ones.

    >>> arxiv("math.GT/0309136v2")
    'arxiv:math/0309136'
    """
    plain = re.sub(r"v\d{1,3}$", "", name.strip())
    if "/" in plain:
        group, _, number = plain.partition("/")
        plain = f"{group.lower().partition('.')[0]}/{number}"
    return f"arxiv:{plain}"


def doi(name: str) -> str:
    """A DOI in the one spelling; one that arXiv gave is the arXiv identifier (DOIs do not mind the case of letters).

    >>> doi("10.1000/Abc).")
    'doi:10.1000/abc'
    """
    plain = _ended(name.strip())
    while plain.endswith((")", "]")) and plain.count(plain[-1]) > plain.count("(" if plain[-1] == ")" else "["):
        plain = _ended(plain[:-1])
    found = _ARXIV.fullmatch(plain)
    return arxiv(found[1]) if found else f"doi:{plain.lower()}"


def _ended(text: str) -> str:
    end = len(text)
    while end and (text[end - 1] in _END or text[end - 1].isspace()):
        end -= 1
    return text[:end]


def mentioned(texts: Iterable[str]) -> list[str]:
    """Names that texts and addresses mention, in order, each once; at most MOST."""
    found: dict[str, None] = {}
    for text in texts:
        part = text[:LONGEST]
        for match in _ARXIV.finditer(part):
            found.setdefault(arxiv(match[1]))
        for match in _DOI.finditer(part):
            name = doi(match[0])
            if len(name) > len("doi:10.1000/"):
                found.setdefault(name)
        if len(found) >= MOST:
            break
    return list(found)[:MOST]


def own(kind: str, native_ids: Iterable[str], url: str, extra: Mapping[str, object]) -> list[str]:
    """Names by which an item itself is cited: what it is known by at arXiv, its DOI, the paper that it links to."""
    found: dict[str, None] = {}
    for native in native_ids:
        if native.startswith("arxiv:"):
            found.setdefault(arxiv(native.removeprefix("arxiv:")))
    said = extra.get("doi")
    for each in str(said).split()[:2] if isinstance(said, str) else ():
        if _DOI.match(each):
            found.setdefault(doi(each))
    if kind != "arxiv" and (match := re.match(r"https?://(?:www\.|export\.)?(?:arxiv\.org|(?:dx\.)?doi\.org)/", url)):
        for name in mentioned([url[match.start() :]])[:1]:
            found.setdefault(name)
    return list(found)


def title_words(text: str) -> tuple[str, ...]:
    """A title, or any text, as words without case, accents and marks.

    >>> title_words("Attention Is All You Need!")
    ('attention', 'is', 'all', 'you', 'need')
    """
    flat = unicodedata.normalize("NFKD", text[:LONGEST])
    return tuple(_WORD.findall("".join(c for c in flat if not unicodedata.combining(c)).casefold()))


class Titles:
    """Titles of papers, found in texts by their first words: a text costs one look-up for each of its words."""

    def __init__(self, titles: Iterable[tuple[str, str]]) -> None:
        """`titles`: (name of the paper, its title); shorter ones than WORDS are left out."""
        self._by_start: dict[tuple[str, ...], list[tuple[tuple[str, ...], str]]] = {}
        for name, title in titles:
            words = title_words(title)
            if len(words) >= WORDS:
                self._by_start.setdefault(words[:WORDS], []).append((words, name))

    def __bool__(self) -> bool:
        return bool(self._by_start)

    def found(self, text: str) -> Iterator[str]:
        """Names of the papers whose whole title stands in the text."""
        words = title_words(text) if self._by_start else ()
        for at in range(len(words) - WORDS + 1):
            for title, name in self._by_start.get(words[at : at + WORDS], ()):
                if words[at : at + len(title)] == title:
                    yield name


def phrase(title: str) -> str:
    """A title as an FTS5 phrase for texts that may cite it; "" where it is too short to say anything."""
    words: Sequence[str] = title_words(title)
    return '"' + " ".join(words) + '"' if len(words) >= WORDS else ""
