"""Works as a list in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from .work import Work

#: Authors named before "et al.".
AUTHORS = 4


def line(work: Work) -> str:
    """One work as an item of a list."""
    names = [_plain(name) for name in work.authors]
    who = ", ".join(names[:AUTHORS]) + (" et al." if len(names) > AUTHORS else "")
    when = f" ({work.year})" if work.year else ""
    title = _plain(work.title) or "untitled"
    target = _target(work.url) if work.url.startswith("http") else ""
    linked = f"[{title}]({target})" if target else title
    about = [
        _plain(work.paper or work.site),
        *(f"code: <{code}>" for code in work.code if code.isprintable() and re.match(r"https?://[^\s<>]+$", code)),
    ]
    said = f"{who}{when}: " if who or when else ""
    whole = f"{said}{linked}" + "".join(f". {part}" for part in about if part)
    # "1. " and "+ " at the beginning would open a list within the list
    return "- " + re.sub(r"^(\d{0,9})([.)+=-])", r"\1\\\2", whole)


def write(works: Sequence[Work]) -> str:
    """A whole list, "" for nothing."""
    return "".join(f"{line(work)}\n" for work in works)


def _plain(text: str) -> str:
    """Without what Markdown or HTML would read as its own, on one line."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return re.sub(r"([\\`*_\[\]<>#|~$])", r"\\\1", flat)


def _target(url: str) -> str:
    """An address as the target of a link: what would end it, and what is no character to see, percent-encoded."""
    return "".join(c if c.isprintable() and c not in " <>()" else quote(c, errors="replace") for c in url)
