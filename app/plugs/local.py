"""A file of the reader's as a document: text, Markdown, HTML, and PDF where pypdf is installed.

Files are read in the documents' child process, with its limits: they mostly come from elsewhere.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.adapters.base import Malformed
from penchant.app.errors import PenchantError

from .document import Document, Part

if TYPE_CHECKING:
    from penchant.app.parse_runner import ParseLimits

#: Larger files are left alone; of a PDF so many pages are read.
MOST_BYTES, MOST_PAGES = 64 << 20, 300
#: Characters kept of a file: more than any context holds.
MOST_TEXT = 2_000_000
HTML, PDF = (".html", ".htm", ".xhtml"), ".pdf"
#: How much longer a page of a file may be than what the feeds' converter takes at once.
_PIECE = 900_000
_MATH = re.compile(r"<math\b[^>]*?\balttext=\"([^\"]*)\"[^>]*>.*?</math>", re.S)
_REFERENCES = re.compile(r"<section\b[^>]*class=\"[^\"]*ltx_bibliography.*?</section>", re.S)
_ASIDE = re.compile(r"<(nav|header|footer)\b.*?</\1>|</?a\b[^>]*>", re.S)


async def of_file(path: Path) -> Document:
    """A file as a document. Raises `PenchantError` in words."""
    from penchant.app.parse_runner import ParseRunner

    try:
        size = path.stat().st_size
        if not path.is_file():
            raise PenchantError(f"{path} is no file", hint="Name a file, an item, or arxiv:ID.")
        if size > MOST_BYTES:
            raise PenchantError(f"{path} has {size >> 20} MB, more than {MOST_BYTES >> 20}", hint="Take a part of it.")
        data = path.read_bytes()
    except OSError as error:
        raise PenchantError(f"{path} cannot be read: {error.strerror}", hint="Check the name.") from error
    pdf = path.suffix.lower() == PDF or data[:5] == b"%PDF-"
    if pdf and importlib.util.find_spec("pypdf") is None:
        raise PenchantError(
            f"{path.name} is a PDF, and nothing here reads those",
            hint="pip install 'penchant[pdf]', or turn it into text first (pdftotext).",
        )
    async with ParseRunner(_limits(pdf), what=path.name) as parse:
        try:
            title, text = await parse(read, data, path.suffix.lower())
        except Malformed as error:
            said = str(error) if path.name in str(error) else f"{path.name} cannot be read: {error}"
            raise PenchantError(said, hint="It may be damaged, or larger than it looks.") from error
    if not text.strip():
        raise PenchantError(
            f"there is no text in {path.name}", hint="A PDF of scanned pages needs OCR first." if pdf else ""
        )
    return Document(title or path.stem, str(path), (Part("", text),))


def _limits(pdf: bool) -> ParseLimits:
    from penchant.app.parse_runner import ParseLimits

    return ParseLimits(cpu_seconds=60.0, wall_seconds=180.0, megabytes=1_024) if pdf else ParseLimits(10.0, 30.0)


def read(data: bytes, suffix: str) -> tuple[str, str]:
    """(title, text) of a file's bytes. Raises `Malformed`. Runs in the documents' child."""
    from penchant.adapters.text_clean import clean, clean_line

    if suffix == PDF or data[:5] == b"%PDF-":
        title, text = _pdf(data)
        return clean_line(title, 200), clean(text)[:MOST_TEXT]
    if b"\0" in data[:4_096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise Malformed("it is no text")
    said = _decoded(data)
    if suffix in HTML or said.lstrip()[:100].lower().startswith(("<!doctype html", "<html")):
        found = re.search(r"<title[^>]*>(.*?)</title>", said[:100_000], re.S | re.I)
        from penchant.adapters.text_html import html_to_text

        return clean_line(html_to_text(found[1])[0] if found else "", 200), html_text(said)
    first = said.lstrip().split("\n", 1)[0].strip()
    title = first.lstrip("#= ").strip() if first.startswith(("#", "=")) else ""
    return clean_line(title, 200), clean(said)[:MOST_TEXT]


def html_text(html: str) -> str:
    """The text of a page: formulas as they were written, without lists of references, menus and marks of links."""
    from penchant.adapters.text_html import html_to_text

    bare = _ASIDE.sub("", _REFERENCES.sub("", _MATH.sub(r"\1", html)))
    body = bare[match.start() :] if (match := re.search(r"<(body|article|main)\b", bare)) else bare
    found: list[str] = []
    while body and sum(len(each) for each in found) < MOST_TEXT:
        end = body.rfind("</p>", 0, _PIECE) + 4 if len(body) > _PIECE else len(body)
        end = end if end > 4 else _PIECE
        found.append(html_to_text(body[:end])[0])
        body = body[end:]
    return "\n\n".join(filter(None, found))[:MOST_TEXT]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def _pdf(data: bytes) -> tuple[str, str]:
    """Title and text of a PDF; pages become paragraphs, words divided at line ends are joined again."""
    import io
    import logging

    import pypdf

    logging.disable(logging.CRITICAL)  # it tells of every oddity of a file
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Malformed("it is locked with a password")
        said, size = [], 0
        for page in reader.pages[:MOST_PAGES]:
            said.append(page.extract_text())
            size += len(said[-1])
            if size > MOST_TEXT:
                break
        title = str((reader.metadata.title if reader.metadata is not None else "") or "")
    except (Malformed, MemoryError, RecursionError):
        raise
    except Exception as error:  # whatever a damaged file makes of the library
        raise Malformed(f"it is no PDF that can be read ({type(error).__name__})") from error
    text = re.sub(r"(\w)-\n(\w)", r"\1\2", "\n\n".join(said))
    return title, re.sub(r"(?<![.:!?\n])\n(?=\w)", " ", text)
