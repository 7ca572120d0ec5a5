"""The body of a message: its parts, and what of them a person reads. Pure; every bound is on hostile mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from typing import Any

from .base import Link, Media
from .text import clean, clean_line, html_to_text
from .text_html import MAX_HTML, MAX_TEXT, shallow

#: Parts looked at, their depth, and attachments that are kept.
MAX_PARTS, MAX_DEPTH, MAX_ATTACHMENTS = 300, 20, 50
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|mso-hide\s{0,9}:\s{0,9}all", re.I)
#: What newsletters put behind the first line so that a list of messages shows nothing else.
_PADDING = re.compile("[\u034f\u200b-\u200d\u2060\ufeff\u00ad\u2007\u00a0 ]{6,}")
Body = tuple[str, tuple[Link, ...], tuple[Media, ...]]


def body_of(message: EmailMessage) -> tuple[Body, tuple[Media, ...]]:
    """(text with links and pictures, attachments). HTML where there is any to read, else plain text."""
    html, plain, attached = "", [], []
    for part in leaves(message):
        kind = part.get_content_type()
        if kind not in ("text/html", "text/plain") or _disposition(part) == "attachment":
            if not part.get("Content-ID") or not kind.startswith("image/"):
                attached.append(_attachment(part, kind))
        elif kind == "text/html":
            html = html or content(part)
        else:
            plain.append(content(part))
    body: Body = html_to_text(visible(html)) if html else ("", (), ())
    if len(body[0]) < 20 and any(plain):
        body = (clean("\n\n".join(plain)[:MAX_TEXT]).strip(), (), body[2])
    words = _PADDING.sub(" ", body[0]).strip()
    return (words, body[1], body[2]), tuple(attached[:MAX_ATTACHMENTS])


def leaves(message: Any) -> Iterator[Any]:
    """The parts that hold something, in order; what a forwarded message holds is not looked at."""
    stack, left = [(message, 0)], MAX_PARTS
    while stack and left:
        left -= 1
        part, depth = stack.pop()
        inner = part.get_payload() if part.get_content_maintype() == "multipart" else None
        if isinstance(inner, list):
            if depth < MAX_DEPTH:
                stack += [(each, depth + 1) for each in reversed(inner[:MAX_PARTS]) if isinstance(each, Message)]
        else:
            yield part


def content(part: Any) -> str:
    """Text of a part in whatever encoding: as declared, else UTF-8, else Windows-1252."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AttributeError):
        return ""
    if not isinstance(payload, bytes):
        return ""
    payload = payload[: MAX_HTML * 2]
    try:
        declared = part.get_content_charset()
    except Exception:  # the header parser stumbles over some malformed parameters
        declared = None
    for charset in (declared, "utf-8"):
        try:
            return str(payload.decode(charset)) if charset else payload.decode("utf-8")
        except (UnicodeError, LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace")


def visible(html: str) -> str:
    """HTML without what a mail reader would hide: preview lines, copies for other screens."""
    if "<" not in html:
        return html
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(clean(shallow(html[:MAX_HTML])))
    # from the last to the first: an element leaves before what holds it
    for node in reversed(tree.css("[hidden], [style]")):
        if "hidden" in node.attributes or _HIDDEN.search((node.attributes.get("style") or "")[:2000]):
            node.decompose()
    return tree.html or ""


def _disposition(part: Any) -> str:
    return str(part.get("Content-Disposition") or "")[:200].partition(";")[0].strip().lower()


def _attachment(part: Any, kind: str) -> Media:
    """Name, type and size; never the bytes."""
    try:
        name = part.get_filename()
    except Exception:  # as above
        name = None
    payload = part.get_payload() if not part.is_multipart() else ""
    size = len(payload) if isinstance(payload, str) else 0
    base64 = str(part.get("Content-Transfer-Encoding") or "").strip().lower() == "base64"
    words = clean_line(str(name or kind)[:1000], 200)
    return Media("", "file", words, clean_line(kind, 100), size=size * 3 // 4 if base64 else size)
