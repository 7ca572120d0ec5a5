"""The pictures and other attachments of an item as blocks of an article. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from penchant.adapters.base import Media
from penchant.app.tui.pager import Block
from penchant.app.types import Article, Shot

GAP = Block("")


class Hung(NamedTuple):
    """The pictures of an item that are drawn, and of which of them (by place) only patches are shown.

    `said`: what machines say of them, by address.
    """

    shots: Sequence[Shot] = ()
    blurred: Collection[int] = ()
    said: Mapping[str, str] = {}


NONE = Hung()


def shown_first(article: Article, hung: Hung, titled: bool) -> Media | None:
    """The picture above the text: an article's first one. A post shows its pictures below what it says."""
    media = article.media[0] if article.media else None
    return media if media is not None and titled and drawn(media, hung) is not None else None


def drawn(media: Media, hung: Hung) -> Shot | None:
    """The picture that an attachment is drawn as; None where words must do."""
    shot = shot_of(media, hung.shots)
    return shot if shot is not None and shot.state not in ("failed", "refused") else None


def shot_of(media: Media, shots: Sequence[Shot]) -> Shot | None:
    """The picture that belongs to an attachment: itself, or what a video shows before it plays."""
    address = media.preview_url if media.kind == "video" else media.url
    return next((shot for shot in shots if shot.url == address), None)


def picture_blocks(article: Article, media: Media, hung: Hung) -> list[Block]:
    """One attachment: the picture, where it is drawn, its words, and those of machines, which are marked."""
    shot = shot_of(media, hung.shots)
    address = media.preview_url if media.kind == "video" else media.url
    said = "" if shot is not None and shot.place in hung.blurred else hung.said.get(address, "")
    told = [Block(f"machine-made: {said}", "meta", indent=4)] if said else []
    return [*_attachment(article, media, hung), *told]


def _attachment(article: Article, media: Media, hung: Hung) -> list[Block]:
    number = len(article.links) + 1 + article.media.index(media)
    shot = drawn(media, hung)
    if shot is None:
        return _words(media, number, shot_of(media, hung.shots))
    mark = "video ▶ " if media.kind == "video" else "GIF ▶ " if shot.frames > 1 else ""
    blur = "  (blurred: v shows it)" if shot.place in hung.blurred else ""
    caption = f"[{number}] {mark}{media.alt or 'no description'}{blur}"
    return [Block("", picture=shot.place), Block(caption, "link", link=number)]


def _words(media: Media, number: int, shot: Shot | None) -> list[Block]:
    size = f" {media.width}x{media.height}" if media.width and media.height else ""
    blocks = [Block(f"[{number}] {media.kind}{size}: {media.alt or 'no description'}", "link", link=number)]
    if shot is not None and shot.note:
        blocks.append(Block(f"The picture did not come: {shot.note}", "meta", indent=4))
    return blocks


def media_blocks(article: Article, hung: Hung, lead: Media | None) -> list[Block]:
    """Every attachment but the `lead`, which stands above the text."""
    rest = [media for media in article.media if media is not lead]
    if not rest:
        return []
    blocks = [GAP]
    for place, media in enumerate(rest):
        picture = drawn(media, hung) is not None
        if place == 0 and not picture:
            blocks.append(Block("Attachments", "head"))
        elif place and picture:
            blocks.append(GAP)
        blocks += picture_blocks(article, media, hung)
    return blocks
