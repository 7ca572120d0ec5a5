"""The text of a tweet: t.co taken off, links numbered, pictures and videos as `Media`. Pure."""

from __future__ import annotations

import html
import re
from typing import Any

from penchant.adapters import wire
from penchant.adapters.base import Link, Media, MediaKind
from penchant.adapters.text import clean, clean_line
from penchant.adapters.text_clean import cut

MAX_TEXT, MAX_LINKS, MAX_MEDIA = 40_000, 60, 16
_STATUS = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:i/web|#!/)?/?([A-Za-z0-9_]{0,20})/?status(?:es)?/([0-9]{1,20})",
    re.IGNORECASE,
)
_KINDS: dict[str, MediaKind] = {"photo": "image", "video": "video", "animated_gif": "video"}


def status_url(handle: str, ident: str) -> str:
    """Where a tweet is; "i/web" stands for an author that the export does not name."""
    return f"https://x.com/{handle or 'i/web'}/status/{ident}"


def status_of(url: str) -> tuple[str, str] | None:
    """(handle, id) of the tweet at an address, None where it is no tweet's.

    >>> status_of("https://twitter.com/ada/status/20"), status_of("https://example.org/status/20")
    (('ada', '20'), None)
    """
    found = _STATUS.match(url)
    return (found[1], found[2]) if found else None


def body(raw: dict[str, Any], text: str) -> tuple[str, tuple[Link, ...], tuple[Media, ...]]:
    """(text, links, media) of a tweet; `text` is what it says, as HTML-escaped as Twitter writes it."""
    entities = wire.record(raw.get("entities"))
    extended = wire.record(raw.get("extended_entities"))
    pictures = wire.records(extended.get("media") or entities.get("media"), MAX_MEDIA)
    said = html.unescape(text)
    links: list[Link] = []
    for entry in wire.records(entities.get("urls"), MAX_LINKS):
        short = wire.text(entry.get("url"), 200)
        said = _expand(said, short, entry.get("expanded_url"), entry.get("display_url"), links)
    for picture in pictures:
        short = wire.text(picture.get("url"), 200)
        said = said.replace(short, "") if short else said
    return cut(clean(said).strip(), MAX_TEXT), tuple(links), media(pictures)


def expand_note(core: dict[str, Any]) -> tuple[str, tuple[Link, ...]]:
    """(text, links) of a long post out of note-tweet.js."""
    said = html.unescape(wire.text(core.get("text"), MAX_TEXT))
    links: list[Link] = []
    for entry in wire.records(core.get("urls"), MAX_LINKS):
        short = wire.text(entry.get("shortUrl"), 200)
        said = _expand(said, short, entry.get("expandedUrl"), entry.get("displayUrl"), links)
    return cut(clean(said).strip(), MAX_TEXT), tuple(links)


def _expand(said: str, short: str, full: Any, shown: Any, links: list[Link]) -> str:
    """`said` with a short address replaced by what it shows and a number; unknown addresses stay."""
    url = wire.address("", full)
    if not short or not url or short not in said:
        return said
    words = clean_line(wire.text(shown, 200), 100) or url
    links.append(Link(url, words))
    return said.replace(short, f"{words} [{len(links)}]")


def media(pictures: list[dict[str, Any]]) -> tuple[Media, ...]:
    """Pictures and videos by their public addresses."""
    found = []
    for picture in pictures:
        still = wire.address("", picture.get("media_url_https") or picture.get("media_url"))
        kind = _KINDS.get(wire.text(picture.get("type"), 20), "image")
        url = (_film(picture) or still) if kind == "video" else still
        if url:
            alt = clean_line(wire.text(picture.get("ext_alt_text"), 2000), 1500)
            large = wire.record(wire.record(picture.get("sizes")).get("large"))
            found.append(
                Media(url, kind, alt, preview_url=still if url != still else "",
                      width=_pixels(large.get("w")), height=_pixels(large.get("h")))
            )  # fmt: skip
    return tuple(found)


def _film(picture: dict[str, Any]) -> str:
    """The sharpest MP4 of a video."""
    variants = wire.records(wire.record(picture.get("video_info")).get("variants"), 20)
    films = [
        (_pixels(entry.get("bitrate")), url)
        for entry in variants
        if entry.get("content_type") == "video/mp4" and (url := wire.address("", entry.get("url")))
    ]
    return max(films)[1] if films else ""


def _pixels(value: Any) -> int:
    """A number, which archives write as text; 0 for anything else."""
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
