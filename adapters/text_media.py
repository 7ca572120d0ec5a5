"""Pictures and players inside HTML as `Media`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .base import Media, MediaKind
from .text_clean import clean_line
from .text_urls import absolute

#: Pictures that only count readers.
_COUNTERS = (
    "feeds.feedburner.com/~", "pixel.wp.com", "stats.wordpress.com", "/pixel.gif", "doubleclick.net",
    "feedsportal.com",
)  # fmt: skip
_EMOJI_CLASS = re.compile(r"\b(?:emoji|wp-smiley|emoticon|smiley)\b", re.IGNORECASE)
_KINDS: tuple[MediaKind, ...] = ("image", "video", "audio")
_SUFFIXES: dict[str, MediaKind] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "bmp", "heic"), "image"),
    **dict.fromkeys(("mp4", "m4v", "webm", "mov", "mkv", "ogv", "avi", "m3u8", "mpg", "mpeg"), "video"),
    **dict.fromkeys(("mp3", "m4a", "ogg", "oga", "opus", "flac", "wav", "aac", "wma"), "audio"),
}


def whole(value: Any, most: int = 1 << 40) -> int:
    """A number of pixels or bytes as sent ("640", "640px", "1,024", 12.0), 0 when it is none."""
    text = str(value or "").strip().replace(",", "")[:20].removesuffix("px")
    try:
        number = int(float(text))
    except (ValueError, OverflowError):
        return 0
    return number if 0 < number <= most else 0


def kind_of(mime: str, url: str, medium: str = "") -> MediaKind:
    """image, video, audio or file, from a MIME type, a `medium` or the end of the address."""
    for kind in _KINDS:
        if medium == kind or mime.startswith(kind + "/"):
            return kind
    if mime == "application/x-shockwave-flash":
        return "video"
    path = url.partition("?")[0].partition("#")[0]
    return _SUFFIXES.get(path.rpartition(".")[2].lower(), "file")


def picture(attributes: Mapping[str, str | None], base: str) -> tuple[Media | None, str]:
    """(media, word): an <img> as media, or the word that a drawn emoji stands for."""
    alt = clean_line(attributes.get("alt") or "", 1500)
    if alt and len(alt) <= 12 and _EMOJI_CLASS.search(attributes.get("class") or ""):
        return None, alt
    width, height = whole(attributes.get("width"), 100_000), whole(attributes.get("height"), 100_000)
    if 0 < width <= 2 or 0 < height <= 2 or attributes.get("width") == "0":
        return None, ""
    source = attributes.get("src") or ""
    if not source or source.startswith("data:"):  # lazy loaders keep the address elsewhere
        lazy = (attributes.get(name) for name in ("data-src", "data-lazy-src", "data-original"))
        source = next((value for value in lazy if value), "")
    url = absolute(base, source) if source else ""
    if not url or url.startswith("mailto:") or any(counter in url for counter in _COUNTERS):
        return None, ""
    return Media(url, "image", alt, width=width, height=height), ""


def player(
    tag: str, attributes: Mapping[str, str | None], sources: list[Mapping[str, str | None]], base: str
) -> Media | None:
    """A <video>, <audio>, <embed> or <iframe> as media; None without a usable address."""
    first: Mapping[str, str | None] = next((s for s in sources if s.get("src")), {})
    url = absolute(base, attributes.get("src") or first.get("src") or "")
    if not url or url.startswith("mailto:"):
        return None
    kind: MediaKind = "audio" if tag == "audio" else "video"
    poster = attributes.get("poster")
    return Media(
        url, kind, clean_line(attributes.get("title") or attributes.get("aria-label") or "", 500),
        mime=clean_line(first.get("type") or attributes.get("type") or "", 100),
        preview_url=absolute(base, poster) if poster else "",
        width=whole(attributes.get("width"), 100_000), height=whole(attributes.get("height"), 100_000),
    )  # fmt: skip
