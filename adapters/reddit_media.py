"""Pictures, galleries, videos and polls of a Reddit post. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .base import Link, Media, MediaKind, Poll
from .text import clean, clean_line
from .wire import address, number, parts, record, records, text

SITE = "https://www.reddit.com"
#: Reddit's own limit of a gallery is 20.
MAX_MEDIA = 40
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp)$", re.IGNORECASE)
_KINDS: dict[str, MediaKind] = {"Image": "image", "AnimatedImage": "image", "RedditVideo": "video"}


def media_of(raw: Mapping[str, Any], link: str, links: tuple[Link, ...]) -> tuple[Media, ...]:
    """Gallery, video, picture, pictures inside the text, or the preview of a link, whichever the post has.

    `link` is where the post leads, `links` are those of its text (they carry the captions of its pictures).
    """
    metadata = record(raw.get("media_metadata"))
    gallery = records(record(raw.get("gallery_data")).get("items"), MAX_MEDIA)
    if gallery:
        found = (_described(metadata.get(_key(item)), item.get("caption")) for item in gallery)
        return tuple(m for m in found if m)
    if metadata and raw.get("is_self") is not False:
        captions = {e.url: e.text for e in links if e.text and e.text != e.url and not e.text.startswith("http")}
        return tuple(_inline(metadata, captions))
    video = record(record(raw.get("secure_media") or raw.get("media")).get("reddit_video"))
    preview = _preview(raw)
    if url := address(SITE, video.get("fallback_url"), 4000):
        size = (number(video.get("width")) or 0, number(video.get("height")) or 0)
        still = preview.preview_url or preview.url if preview else ""
        return (Media(url, "video", mime="video/mp4", preview_url=still, width=size[0], height=size[1]),)
    if link and (raw.get("post_hint") == "image" or _PICTURE.search(parts(link).path)):
        if preview is None:
            return (Media(link),)
        return (Media(link, preview_url=preview.preview_url, width=preview.width, height=preview.height),)
    return (preview,) if preview else ()


def poll_of(value: Any) -> Poll | None:
    """Options with their votes; Reddit hides the votes until the reader has voted or the poll has ended."""
    raw = record(value)
    options = tuple(
        (clean_line(text(option.get("text"), 2000), 500), number(option.get("vote_count")))
        for option in records(raw.get("options"), 20)
    )
    ends = number(raw.get("voting_end_timestamp"))
    return Poll(options, ends / 1000 if ends else None) if options else None


def _inline(metadata: Mapping[str, Any], captions: Mapping[str, str]) -> Iterator[Media]:
    for value in list(metadata.values())[:MAX_MEDIA]:
        found = _described(value, "")
        if found:
            yield _described(value, captions.get(found.url, "")) or found


def _described(value: Any, caption: Any) -> Media | None:
    """A Media of one entry of `media_metadata`; None while Reddit still processes it or lost it."""
    raw = record(value)
    source = record(raw.get("s"))
    url = address(SITE, source.get("u") or source.get("gif") or source.get("mp4"), 4000)
    if not url or raw.get("status") not in (None, "valid"):
        return None
    sizes = records(raw.get("p"), 20)
    return Media(
        url,
        _KINDS.get(text(raw.get("e"), 20), "image"),
        alt=clean(text(caption, 2000)).strip(),
        mime=clean_line(text(raw.get("m"), 100), 100).replace("image/jpg", "image/jpeg"),
        preview_url=address(SITE, sizes[-1].get("u"), 4000) if sizes else "",
        width=number(source.get("x")) or 0,
        height=number(source.get("y")) or 0,
    )


def _preview(raw: Mapping[str, Any]) -> Media | None:
    """The picture that Reddit made of the link."""
    images = records(record(raw.get("preview")).get("images"), 1)
    source = record(images[0].get("source")) if images else {}
    url = address(SITE, source.get("url"), 4000)
    if not url:
        return None
    smaller = records(images[0].get("resolutions"), 20)
    return Media(
        url,
        preview_url=address(SITE, smaller[-1].get("url"), 4000) if smaller else "",
        width=number(source.get("width")) or 0,
        height=number(source.get("height")) or 0,
    )


def _key(item: Mapping[str, Any]) -> str:
    return text(item.get("media_id"), 100)

