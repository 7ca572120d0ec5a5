"""Files that lie inside an export, as addresses of `Media`, and how lists find them. Pure.

"export:OWNER/PATH" names a file of the export of "twitter:ada" and so on. Readers of exports leave the owner out
("export:/PATH"); whoever stores their items puts it in. No such address ever leaves the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import quote, unquote

from penchant.adapters.base import INSIDE, Item, Media
from penchant.adapters.text_media import kind_of

from .archive import safe_name

#: Files of one item.
MOST = 16


def inside(name: str) -> str:
    """The address of a file whose owner is not known yet.

    >>> inside("data/a b.jpg")
    'export:/data/a%20b.jpg'
    """
    return f"{INSIDE}/{quote(name)}"


def owned(owner: str, item: Item) -> Item:
    """The item with `owner` ("twitter:ada") in the addresses of its files."""
    if not any(address.startswith(INSIDE) for each in item.media for address in (each.url, each.preview_url)):
        return item
    return replace(item, media=tuple(replace(each, url=_of(owner, each.url), preview_url=_of(owner, each.preview_url))
                                     for each in item.media))  # fmt: skip


def _of(owner: str, address: str) -> str:
    start = f"{INSIDE}/"
    return f"{INSIDE}{quote(owner, safe='')}/{address[len(start) :]}" if address.startswith(start) else address


def parts(address: str) -> tuple[str, str]:
    """(owner, name of the file) of an address; ("", "") where it is none that could name a file of an export.

    >>> parts("export:twitter%3Aada/data/a%20b.jpg"), parts("export:x/../y"), parts("https://example.org/")
    (('twitter:ada', 'data/a b.jpg'), ('', ''), ('', ''))
    """
    owner, _, name = address.removeprefix(INSIDE).partition("/")
    owner, name = unquote(owner), safe_name(unquote(name))
    return (owner, name) if address.startswith(INSIDE) and owner and name else ("", "")


def beside(media: Iterable[Media], files: Sequence[str]) -> tuple[Media, ...]:
    """`media` with the export's own copies beside public addresses; a file of none of them stands for itself.

    Twitter names a copy TWEET-NAME, where NAME ends the public address.
    """
    found, left = list(media), list(files[:MOST])
    images = [place for place, each in enumerate(found) if each.kind == "image"]
    for place in images:
        name = _end(found[place].url)
        own = next((file for file in left if is_image(file) and name and _end(file).endswith(f"-{name}")), "")
        if not own and len(images) == 1 and len(pictures := [file for file in left if is_image(file)]) == 1:
            own = pictures[0]
        if own:
            left.remove(own)
            found[place] = replace(found[place], preview_url=inside(own))
    films = any(each.kind == "video" for each in found)
    rest = [Media(inside(file), kind_of("", file)) for file in left if is_image(file) or not films]
    return tuple(found + [each for each in rest if each.kind != "file"])[:MOST]


def is_image(name: str) -> bool:
    return kind_of("", name) == "image"


def _end(address: str) -> str:
    """The last part of a path without its ending: "pic" of ".../pic.jpg:large", ".../pic?format=jpg"."""
    last = address.partition("?")[0].rpartition("/")[2].partition(":")[0]
    return last.rpartition(".")[0] or last


class Shelf:
    """Files of an export by the part of their path that begins at a folder ("media_attachments/").

    Lists name them from there, whatever folder the whole export was put into.
    """

    def __init__(self, names: Iterable[str], folder: str) -> None:
        self._begins = re.compile(rf"(?:.*?/)?({re.escape(folder)}.+)")
        self._names = {found[1]: name for name in names if (found := self._begins.fullmatch(name))}

    def find(self, path: str) -> str:
        """The file that a list calls `path`, as the archive names it; "" where it is not there."""
        found = self._begins.fullmatch(path.lstrip("/"))
        return self._names.get(found[1], "") if found else ""
