"""Pages of Hacker News that were saved from the browser: favourites, upvoted, submissions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from penchant.adapters.base import Author, Item
from penchant.adapters.hackernews_items import native_id
from penchant.adapters.text import clean, clean_line, parse_date
from penchant.adapters.wire import address

from .archive import Archive
from .base import Act, ActKind, Broken, Entry, Owner, Record, Skipped
from .files import head, named, whole
from .streams import Reading, texts

#: A page of 30 entries is 40 kB, one of 200 long comments below a megabyte.
MOST = 8 << 20
_TITLE = re.compile(r"<title>([^<]{0,200})</title>", re.IGNORECASE)
_SITE = "https://news.ycombinator.com/"
_ACTS: tuple[tuple[str, ActKind], ...] = (("favorites", "saved"), ("upvoted", "liked"), ("submissions", "authored"))


class HackerNews:
    """Each saved page says by its title whose list it is and which."""

    kind: ClassVar[str] = "hackernews"

    def members(self, archive: Archive) -> list[str]:
        return [name for name in named(archive, r".+\.html?") if _act(head(archive, name, 20_000))]

    def owner(self, archive: Archive) -> Owner:
        for name in self.members(archive):
            found = re.search(r"([\w-]{2,20})'s (?:favorites|submissions)", _title(head(archive, name, 20_000)))
            if found:
                return Owner(f"hackernews:{found[1].lower()}", f"Hacker News {found[1]}")
        return Owner("hackernews", "Hacker News lists")

    def read(self, archive: Archive) -> Iterator[Entry]:
        yield from whole(archive, self.members(archive), _file)


def _title(beginning: str) -> str:
    found = _TITLE.search(beginning)
    return found[1].replace("&#x27;", "'").replace("&#39;", "'") if found else ""


def _act(beginning: str) -> ActKind | None:
    title = _title(beginning)
    if "Hacker News" not in title:
        return None
    return next((act for word, act in _ACTS if word in title.lower()), None)


def _file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
    parts, length = [], 0
    for part in texts(archive, name, reading):
        parts.append(part)
        length += len(part)
        if length > MOST:
            raise Broken(f"{name} is larger than {MOST >> 20} MiB")
    page = "".join(parts)
    act = _act(page[:20_000]) or "saved"
    for row in LexborHTMLParser(page).css("tr.athing"):
        reading.count += 1
        yield _story(row, act)


def _story(row: LexborNode, act: ActKind) -> Record | Skipped:
    number = (row.attributes.get("id") or "").strip()
    if not number.isdigit() or len(number) > 12:
        return Skipped("an entry without a number")
    here = f"{_SITE}item?id={number}"
    comment = row.css_first(".commtext")
    link = row.css_first(".titleline > a")
    if comment is None and link is None:
        return Skipped("an entry that was deleted")
    under = row if comment is not None else row.next or row
    while under is not row and under.tag != "tr":
        under = under.next or row
    user, age = under.css_first("a.hnuser"), under.css_first("span.age")
    who = clean_line(user.text(), 60) if user else ""
    moment = (age.attributes.get("title") or "").partition(" ")[0] if age else ""
    item = Item(
        native_id(number), here if link is None else address(_SITE, link.attributes.get("href")) or here,
        title=clean_line(link.text(), 500) if link else "", text=clean(comment.text()).strip() if comment else "",
        author=Author(f"{_SITE}user?id={who}", who, who, f"{_SITE}user?id={who}") if who else None,
        published=parse_date(f"{moment}Z") if moment else None, comments_url=here,
    )  # fmt: skip
    return Record(item, (Act(act, None),), sketch=True, known_as=(("hackernews", native_id(number)),))
