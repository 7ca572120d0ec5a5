r"""Works as BibTeX.

Entries are @misc with eprint, archivePrefix and primaryClass for arXiv
(https://info.arxiv.org/help/hypertex/bibstyles), @article where a journal and a DOI are known, else @online (biblatex).
The file is UTF-8, as biber and current styles read it; characters that TeX obeys are escaped, and braces are left in
pairs or not at all, so no title can end its field. bibtexparser and pybtex write what they are given; escaping would
still be ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from .work import Work

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_SMALL = frozenset((
    "a", "an", "the", "on", "of", "in", "for", "to", "and", "with", "from", "by", "at", "is", "are", "how", "why",
    "what", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "el", "los",
))  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: A formula that cannot break anything: no blank, backslash, brace or comment.
_MATH = re.compile(r"(\$[A-Za-z0-9_^+*/=<>().,'|-]{1,60}\$)")
#: Authors written out; the rest are "others".
AUTHORS = 50


def escaped(text: str) -> str:
    r"""A text for TeX. One line, no control characters, every brace a letter.

    >>> escaped("50% of {C_1} & more")
    '50\\% of \\textbraceleft{}C\\_1\\textbraceright{} \\& more'
    """
    flat = " ".join(
        "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs")).split()
    )
    # "\{" is a brace to TeX but opens a group to whoever counts braces, as BibTeX does.
    table = {**_TEX, "{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
    return "".join(table.get(char, char) for char in flat)


def with_math(text: str) -> str:
    """The same for a title of arXiv, whose titles are TeX: simple formulas stay as they are.

    >>> with_math("$k$-means in $O(n^2)$ for $5 & more")
    '$k$-means in $O(n^2)$ for \\\\$5 \\\\& more'
    """
    parts = _MATH.split(text)
    # spaces at the edges of a part belong to the title
    return " ".join("".join(_part(part) for part in parts).split())


def _part(text: str) -> str:
    if _MATH.fullmatch(text):
        return text
    return f"{' ' * text[:1].isspace()}{escaped(text)}{' ' * text[-1:].isspace()}"


def address(url: str) -> str:
    """An address for a url field: as it is, but for what would end the field (percent-encoded)."""
    return "".join(f"%{ord(c):02X}" if c in '{}\\"<>^`|' else c for c in url if c.isprintable() and not c.isspace())


def key(work: Work) -> str:
    """author-year-word in ASCII, as "lovelace2024engine"; "item17" where nothing is known."""
    family = _family(work.authors[0]) if work.authors else ""
    words = [word for word in re.findall(r"[a-z0-9]+", _ascii(work.title)) if word not in _SMALL]
    words = [word for word in words if re.search("[a-z]{2}", word)]
    made = f"{re.sub('[^a-z0-9]', '', _ascii(family))}{work.year}{words[0][:20] if words else ''}"
    return made if re.search("[a-z]", made) else f"item{work.item_id}"


def _family(name: str) -> str:
    """The family name: what stands before a comma, else the last word."""
    if "," in name:
        return name.partition(",")[0]
    words = [word for word in name.split() if word.strip(".").lower() not in ("jr", "sr", "ii", "iii")]
    return words[-1] if words else ""


def _ascii(text: str) -> str:
    for letter, plain in (("ß", "ss"), ("ø", "o"), ("Ø", "o"), ("æ", "ae"), ("ł", "l"), ("Ł", "l"), ("đ", "d")):
        text = text.replace(letter, plain)
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return flat.lower()


def keys(works: Sequence[Work]) -> list[str]:
    """A key for each, all different whatever their case: equal ones get a, b, c ... z, aa ..."""
    taken: set[str] = set()
    out = []
    for work in works:
        base, number = key(work), 0
        made = base
        while made in taken:
            number += 1
            made = f"{base}{_letters(number)}"
        taken.add(made)
        out.append(made)
    return out


def _letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def entry(work: Work, key: str) -> str:
    """One entry."""
    kind = "article" if work.journal and work.doi else "misc" if work.arxiv else "online"
    # months are macros, which styles write in their own language
    lines = [
        f"  {name:<13} = {value if name == 'month' else f'{{{value}}}'},"
        for name, value in _fields(work, kind)
        if value
    ]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _fields(work: Work, kind: str) -> Iterable[tuple[str, str]]:
    # Doubled braces keep the capitals of a title.
    title = with_math(work.title) if work.arxiv else escaped(work.title)
    yield "title", f"{{{title}}}" if title else ""
    yield "author", _authors(work.authors)
    yield "year", work.year
    yield "month", _MONTHS[work.day.month - 1] if work.day else ""
    if kind == "article":
        yield "journal", escaped(work.journal)
    if work.arxiv:
        yield "eprint", address(work.arxiv)
        yield "archivePrefix", "arXiv"
        yield "primaryClass", escaped(work.primary)
    yield "doi", address(work.doi)
    yield "url", address(work.url)
    if kind == "online":
        yield "organization", escaped(work.site)
        yield "urldate", work.accessed.isoformat() if work.accessed else ""
    notes = [f"Version {work.version}" if work.version > 1 else "", work.comment]
    notes += [f"Code: {code}" for code in work.code]
    yield "note", escaped(". ".join(note.rstrip(". ") for note in notes if note))


def _authors(names: Sequence[str]) -> str:
    """ "A and B and others". A name of several words with "and", or of an organisation, stands in braces."""
    kept = [escaped(name) for name in names[:AUTHORS] if escaped(name)]
    shown = [f"{{{name}}}" if re.search(r"\band\b|\bothers\b", name, re.IGNORECASE) else name for name in kept]
    return " and ".join([*shown, "others"] if len(names) > AUTHORS else shown)


def write(works: Sequence[Work]) -> str:
    """A whole file, "" for nothing."""
    return "\n\n".join(entry(work, name) for work, name in zip(works, keys(works), strict=True)) + (
        "\n" if works else ""
    )
