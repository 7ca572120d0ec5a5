"""The data that Reddit gives on request: saved, votes, own posts and comments, as CSV files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Author, Item, Link
from penchant.adapters.text import clean_line, html_to_text, parse_date

from .archive import Archive
from .base import Act, ActKind, Entry, Owner, Record, Skipped
from .files import base_name, head, named, whole
from .streams import Reading, rows

_FILES = (
    "posts.csv", "comments.csv", "saved_posts.csv", "saved_comments.csv", "post_votes.csv", "comment_votes.csv",
)  # fmt: skip
_PLACE = re.compile(r"(?:https?://[a-z.]*reddit\.com)?(/(?:r|user|u)/[\w.-]{1,60}/comments/[A-Za-z0-9]+/[^\s?#]*)")
_ID = re.compile(r"[a-z0-9]{1,12}")
Row = dict[str, str]


class Reddit:
    """Own posts and comments whole; what was saved or voted for by its address."""

    kind: ClassVar[str] = "reddit"

    def members(self, archive: Archive) -> list[str]:
        found = [name for wanted in _FILES for name in named(archive, re.escape(wanted))]
        return [name for name in found if "permalink" in head(archive, name, 300)]

    def owner(self, archive: Archive) -> Owner:
        name = _name(archive)
        return Owner(f"reddit:{name.lower()}", f"Reddit export u/{name}") if name else Owner("reddit", "Reddit export")

    def read(self, archive: Archive) -> Iterator[Entry]:
        own = _name(archive)
        page = f"https://www.reddit.com/user/{own}"
        me = Author(page, own, f"u/{own}", page) if own else None

        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            kind = base_name(name).lower()
            make = _MAKERS.get(kind)
            comment = "comment" in kind
            for row in rows(archive, name, reading):
                yield make(row, me) if make else _pointer(row, comment, vote="votes" in kind)

        yield from whole(archive, self.members(archive), file)


def _name(archive: Archive) -> str:
    """The account's name out of statistics.csv, or of the name of the zip (export_NAME_20250101)."""
    for name in named(archive, r"statistics\.csv"):
        found = re.search(r"account name,\s*([\w-]{1,40})", head(archive, name))
        if found:
            return found[1]
    found = re.match(r"export_([\w-]{3,20})_\d{8}", archive.path.name)
    return found[1] if found else ""


def _place(row: Row) -> tuple[str, str, str]:
    """(address, id, community) of a row; an empty address where it has none of Reddit's."""
    found = _PLACE.match(row.get("permalink", "").strip())
    if not found or not _ID.fullmatch(row.get("id", "").strip().lower()):
        return "", "", ""
    community = found[1].split("/")[2] if found[1].startswith("/r/") else ""
    return wire.address("https://www.reddit.com", found[1]), row["id"].strip().lower(), community


def _native(number: str, comment: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
    name = f"t1_{number}" if comment else f"t3_{number}"
    return f"reddit:{name}", (("reddit", f"reddit:{name}"),)


def _pointer(row: Row, comment: bool, *, vote: bool) -> Record | Skipped:
    url, number, community = _place(row)
    if not url:
        return Skipped("an entry without an address on Reddit")
    direction = row.get("direction", "").strip().lower()
    if vote and direction != "up":
        against = direction == "down"
        return Skipped("a vote against, which is not taken as a lesson" if against else "a vote taken back")
    native, known = _native(number, comment)
    kind: ActKind = "liked" if vote else "saved"
    item = Item(native, url, tags=(community.lower(),) if community else (), extra={"unavailable": ["the text"]})
    return Record(item, (Act(kind, None),), sketch=True, known_as=known, unavailable=1)


def _post(row: Row, me: Author | None) -> Record | Skipped:
    return _written(row, me, comment=False)


def _comment(row: Row, me: Author | None) -> Record | Skipped:
    return _written(row, me, comment=True)


def _written(row: Row, me: Author | None, *, comment: bool) -> Record | Skipped:
    url, number, community = _place(row)
    if not url:
        return Skipped("an entry without an address on Reddit")
    native, known = _native(number, comment)
    said = row.get("body", "")
    text = "" if said.strip() in ("[deleted]", "[removed]") else html_to_text(said.replace("<", "&lt;"))[0]
    at = parse_date(row.get("date", "").strip())
    target = wire.address("", row.get("url", "").strip())
    shown = (Link(target, "link"),) if target.startswith("http") and _PLACE.match(target) is None else ()
    parent = row.get("parent", "").strip().lower()
    answered = re.search(r"/comments/([a-z0-9]+)", row.get("link", "")) if comment else None
    above = f"reddit:t1_{parent}" if _ID.fullmatch(parent) else f"reddit:t3_{answered[1]}" if answered else ""
    item = Item(
        native, url, title=clean_line(row.get("title", ""), 500), text=text, author=me, published=at,
        tags=(community.lower(),) if community else (), links=shown, in_reply_to=above,
        thread=f"reddit:t3_{answered[1]}" if answered else "",
    )  # fmt: skip
    return Record(item, (Act("replied" if comment else "authored", at),), known_as=known)


_MAKERS: dict[str, Callable[[Row, Author | None], Record | Skipped]] = {"posts.csv": _post, "comments.csv": _comment}
