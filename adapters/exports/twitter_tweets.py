"""One tweet, like or bookmark of an archive as a `Record`. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from penchant.adapters import wire
from penchant.adapters.base import Author, Item, Link, Sighting
from penchant.adapters.text import clean, clean_line, parse_date

from .base import Act, ActKind, Record
from .inside import beside
from .twitter_text import MAX_TEXT, body, expand_note, status_of, status_url

_MONTHS = {"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * n : 3 * n + 3]: n + 1 for n in range(12)}
_CREATED = re.compile(r"\w{3} (\w{3}) (\d{1,2}) (\d\d):(\d\d):(\d\d) \+0000 (\d{4})")
_RETWEET = re.compile(r"RT @([A-Za-z0-9_]{1,20}):?\s*")
#: Milliseconds at which ids began to hold their moment, and the first such id (4 November 2010).
_EPOCH, _FIRST = 1_288_834_974_657, 29_700_859_247


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one tweet must know of its archive: its owner, which ids are there, long posts, media files."""

    me: Author
    ids: Container[int]
    notes: Mapping[int, list[dict[str, Any]]] = field(default_factory=dict)
    files: Mapping[str, list[str]] = field(default_factory=dict)


def moment(ident: str) -> float | None:
    """When a tweet was posted, as its id says (Unix seconds); None for ids older than that scheme."""
    number = int(ident) if ident.isascii() and ident.isdigit() and len(ident) < 20 else 0
    return ((number >> 22) + _EPOCH) / 1000.0 if number >= _FIRST else None


def created(raw: Mapping[str, Any]) -> float | None:
    """When a tweet was posted: by its own word, else by its id."""
    text = wire.text(raw.get("created_at"), 80)
    found = _CREATED.fullmatch(text)
    if found and found[1] in _MONTHS:
        try:
            year, day, hour, minute, second = map(int, found.group(6, 2, 3, 4, 5))
            return datetime(year, _MONTHS[found[1]], day, hour, minute, second, tzinfo=UTC).timestamp()
        except ValueError:
            return moment(ident(raw))
    return parse_date(text) or moment(ident(raw))


def ident(raw: Mapping[str, Any]) -> str:
    """The id of a tweet; the text form first, since the number may have lost digits."""
    found = wire.ident(raw.get("id_str") or raw.get("id"))
    return found if found.isdigit() and len(found) < 20 else ""


def native(number: str) -> str:
    return f"twitter:{number}"


def author(handle: str, name: str = "") -> Author:
    """A person by handle, named by the page of the profile."""
    handle = clean_line(handle, 20)
    url = f"https://x.com/{handle}"
    return Author(url.lower(), clean_line(name, 200) or handle, "@" + handle, url)


def tweet(raw: dict[str, Any], around: Surroundings) -> Record | None:
    """A tweet of the owner's archive: their own, or one they passed on. None where it has no id or text."""
    number = ident(raw)
    said = wire.text(raw.get("full_text") or raw.get("text"), MAX_TEXT)
    if not number or not said:
        return None
    whole = wire.record(raw.get("retweeted_status"))
    passed = _RETWEET.match(said)
    at = created(raw)
    by = _user(raw) or around.me
    if whole and ident(whole):
        return _passed_on(whole, by, at, around.files.get(number, []))
    if passed:
        return _retweet(raw, number, said, passed, by, at, around.files.get(number, []))
    return _own(raw, number, said, by, at, around)


def _own(raw: dict[str, Any], number: str, said: str, by: Author, at: float | None, around: Surroundings) -> Record:
    text, links, media = body(raw, said)
    long = _note(said, at, around.notes)
    if long is not None:
        text, links = long
    parent = wire.ident(raw.get("in_reply_to_status_id_str") or raw.get("in_reply_to_status_id"))
    quoted = _quoted(raw, links)
    missing = _missing(raw, parent, quoted, around.ids)
    extra: dict[str, Any] = {}
    if missing:
        extra["unavailable"] = missing
    files = around.files.get(number, [])
    if files:
        extra["files"] = files
    if quoted:
        extra["quotes"] = native(quoted[1])
    kind: ActKind = "replied" if parent else "quoted" if quoted else "authored"
    item = Item(
        native(number), status_url(by.handle.lstrip("@"), number), text=text, author=by if by.key else None,
        published=at, lang=_lang(raw), tags=_tags(raw), media=beside(media, files), links=links,
        points=_count(raw.get("favorite_count")), in_reply_to=native(parent) if parent else "",
        sensitive=raw.get("possibly_sensitive") is True, extra=extra,
    )  # fmt: skip
    return Record(item, (Act(kind, at),), unavailable=len(missing))


def _passed_on(whole: dict[str, Any], by: Author, at: float | None, files: Sequence[str]) -> Record:
    """A retweet whose original came with it."""
    number = ident(whole)
    text, links, media = body(whole, wire.text(whole.get("full_text") or whole.get("text"), MAX_TEXT))
    other = _user(whole)
    item = Item(
        native(number), status_url(other.handle.lstrip("@") if other else "", number), text=text, author=other,
        published=created(whole), lang=_lang(whole), tags=_tags(whole), media=beside(media, files), links=links,
        points=_count(whole.get("favorite_count")), sightings=(Sighting("boost", at, by),),
    )  # fmt: skip
    return Record(item, (Act("reposted", at),))


def _retweet(
    raw: dict[str, Any], number: str, said: str, passed: re.Match[str], by: Author, at: float | None,
    files: Sequence[str],
) -> Record:  # fmt: skip
    """A retweet as archives have it: by its text alone, which may be cut."""
    text, links, media = body(raw, said[passed.end() :])
    cut_off = said.rstrip().endswith("…")
    mention = next(
        (m for m in wire.records(wire.record(raw.get("entities")).get("user_mentions"), 50)
         if wire.text(m.get("screen_name"), 50).lower() == passed[1].lower()), {},
    )  # fmt: skip
    item = Item(
        native(number), status_url(by.handle.lstrip("@"), number), text=text,
        author=author(passed[1], wire.text(mention.get("name"), 200)), published=at, lang=_lang(raw), tags=_tags(raw),
        media=beside(media, files), links=links, sightings=(Sighting("boost", at, by),),
        extra={"unavailable": ["the rest of the text"]} if cut_off else {},
    )  # fmt: skip
    return Record(item, (Act("reposted", at),), unavailable=int(cut_off))


def liked(raw: dict[str, Any], kind: ActKind) -> Record | None:
    """An entry of like.js or bookmark.js: a text perhaps, an id, never an author, seldom a time."""
    number = wire.ident(raw.get("tweetId") or raw.get("id_str") or raw.get("id"))
    if not number.isdigit():
        return None
    text, links, _ = body({}, wire.text(raw.get("fullText") or raw.get("full_text"), MAX_TEXT))
    where = status_of(wire.text(raw.get("expandedUrl"), 300))
    handle = where[0] if where and where[0] not in ("i", "web") else ""
    at = parse_date(wire.text(raw.get("likedAt") or raw.get("bookmarkedAt") or raw.get("createdAt"), 80))
    extra = {} if text else {"unavailable": ["the text"]}
    item = Item(
        native(number), status_url(handle, number), text=text, author=author(handle) if handle else None,
        published=moment(number), links=links, extra=extra,
    )  # fmt: skip
    return Record(item, (Act(kind, at),), sketch=True, unavailable=int(not text))


def _quoted(raw: dict[str, Any], links: tuple[Link, ...]) -> tuple[str, str] | None:
    """(handle, id) of the tweet that this one quotes: the last address in it that is a tweet's."""
    number = wire.ident(raw.get("quoted_status_id_str") or raw.get("quoted_status_id"))
    if number:
        return (_user(wire.record(raw.get("quoted_status"))) or author("")).handle.lstrip("@"), number
    return next((found for link in reversed(links) if (found := status_of(link.url))), None)


def _missing(
    raw: dict[str, Any], parent: str, quoted: tuple[str, str] | None, ids: Container[int]
) -> list[str]:
    """Addresses of the tweets that this one answers or quotes and the archive does not hold."""
    wanted = [(clean(wire.text(raw.get("in_reply_to_screen_name"), 20)), parent)] if parent else []
    wanted += [quoted] if quoted else []
    return [status_url(handle, n) for handle, n in wanted if not n.isdigit() or int(n) not in ids]


def _note(
    said: str, at: float | None, notes: Mapping[int, list[dict[str, Any]]]
) -> tuple[str, tuple[Link, ...]] | None:
    """The whole of a long post: written in the same second or the next, beginning as the cut one does."""
    if not notes or at is None:
        return None
    begin = said.rsplit("https://t.co/", 1)[0].rstrip(" \n…")[:120]
    for second in (int(at), int(at) - 1, int(at) + 1):
        for core in notes.get(second, ()):
            if begin and wire.text(core.get("text"), MAX_TEXT).startswith(begin):
                return expand_note(core)
    return None


def _user(raw: dict[str, Any]) -> Author | None:
    user = wire.record(raw.get("user"))
    handle = wire.text(user.get("screen_name"), 20)
    return author(handle, wire.text(user.get("name"), 200)) if handle else None


def _lang(raw: dict[str, Any]) -> str:
    lang = clean_line(wire.text(raw.get("lang"), 20), 20)
    return "" if lang in ("und", "zxx", "qme", "qst", "qht", "qam", "art") else lang


def _tags(raw: dict[str, Any]) -> tuple[str, ...]:
    found = wire.records(wire.record(raw.get("entities")).get("hashtags"), 40)
    tags = (clean_line(wire.text(tag.get("text"), 100), 100).lower() for tag in found)
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def _count(value: Any) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 15 else None
    return wire.number(value)
