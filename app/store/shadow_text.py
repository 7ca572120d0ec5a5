"""The text shadow of a picture: what a model without eyes, and a search for words, get of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

#: Characters of one picture's text that was read, and of a whole line.
MOST_READ, MOST = 300, 600
#: Pictures of an item that are told of.
MOST_PICTURES = 8
_WORD = re.compile(r"[^\W\d_]{3,}")
#: What cameras, phones and content servers call their files.
_MEANINGLESS = re.compile(
    r"^(img|dsc|dscn|image|picture|photo|pic|screenshot|screen|shot|pxl|file|media|original|small|large|thumb|"
    r"thumbnail|medium|full|orig|default|download|untitled|width|height|scaled|final|copy|webp|jpeg|jpg|png|gif|"
    r"fit|crop|resize|upload|uploads|asset|assets|edited|signal|whatsapp|telegram|the|and|for|with)$"
)


@dataclass(frozen=True, slots=True)
class Described:
    """One picture: its address, the alt text its author gave, and what machines say of it (maker -> text)."""

    url: str
    alt: str = ""
    said: Mapping[str, str] = field(default_factory=dict)


def shadow_lines(pictures: Sequence[Described], *, alt: bool = True) -> list[str]:
    """A line for each picture of which anything is known; without `alt` only what machines say, and file names."""
    lines = (shadow_line(picture, alt=alt) for picture in pictures[:MOST_PICTURES])
    return [line for line in lines if line]


def shadow_line(picture: Described, *, alt: bool = True) -> str:
    """"[picture] alt text; looks like: cat, sofa; reads: ...; file: red square"."""
    name = file_words(picture.url)
    parts = [picture.alt if alt else "", machine_words(picture.said), f"file: {name}" if name else ""]
    said = "; ".join(" ".join(part.split()) for part in parts if part)
    return f"[picture] {said}"[:MOST] if said else ""


def machine_words(said: Mapping[str, str]) -> str:
    """What machines say of a picture (maker -> text) in one line; "" where they have nothing to say."""
    models = [text for maker, text in sorted(said.items()) if maker.startswith("model:") and text]
    tags, read = said.get("tags", ""), said.get("ocr", "")
    parts = [
        f"shows: {models[0]}" if models else "",
        f"looks like: {tags}" if tags else "",
        f"reads: {read[:MOST_READ]}" if read else "",
    ]
    return "; ".join(" ".join(part.split()) for part in parts if part)


def file_words(url: str) -> str:
    """The words of an address's file name, "" where it is a number, a code or what a camera calls it."""
    name = unquote(urlsplit(url).path).rpartition("/")[2].rpartition(".")[0]
    if re.search(r"[0-9a-f]{12,}", name.lower()) or len(name) > 120:
        return ""
    words = [word.lower() for word in _WORD.findall(name)]
    kept = [word for word in words if not _MEANINGLESS.match(word) and re.search(r"[aeiouyà-ÿ]|[^a-zà-ÿ]", word)]
    return " ".join(kept[:12]) if len(kept) > 1 else ""
