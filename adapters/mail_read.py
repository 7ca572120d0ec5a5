"""Messages as they lie in a folder, turned into items. Pure: bytes in, values out; runs in the parse child."""

from __future__ import annotations

import email.policy
import hashlib
import re
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr
from typing import Any, cast

from .base import Author, Item, Link, Sighting
from .mail_place import Place
from .mail_text import body_of
from .text import absolute, clean_line, parse_date

#: Bytes of all headers, characters of one, and nested parts: what is beyond is not read.
MAX_HEADERS, MAX_HEADER, MAX_NESTED = 256 << 10, 4000, 40
_POLICY = email.policy.default
_BLANK = re.compile(rb"\r?\n\r?\n")
_ANGLES = re.compile(r"<([^<>\s]{1,990})>")
_BROWSER = re.compile(
    r"(?:view|read|open|see|display)\b.{0,40}\b(?:browser|online|web|app)\b|\bweb version\b|\bim browser\b"
    r"|\bonline (?:ansehen|lesen)\b|\bdans (?:votre|le) navigateur\b|\ben el navegador\b|\bview online\b",
    re.I,
)


def read_messages(raws: tuple[bytes, ...], place: Place, now: float) -> tuple[Item, ...]:
    """One item for each message, in order; with `place.lists_only`, of what came through a list only."""
    found: dict[str, Item] = {}
    for raw in raws:
        item = to_item(raw, place, now)
        if item is not None:
            found.setdefault(item.native_id, item)
    return tuple(found.values())


def to_item(raw: bytes, place: Place, now: float) -> Item | None:
    """The item of one message; None when only lists are wanted and this came through none."""
    message, whole = parsed(raw)
    listed = _list(message)
    unsubscribe = _unsubscribe(header(message, "List-Unsubscribe"))
    bulk = header(message, "Precedence").lower() in ("bulk", "list")
    if place.lists_only and not (listed[0] or unsubscribe or bulk):
        return None
    (text, links, pictures), attached = body_of(message) if whole else (("", (), ()), ())
    if not whole:
        text = "(This message nests its parts too deeply to be read.)"
    elif message.get_content_type() in ("multipart/encrypted", "application/pkcs7-mime"):
        text, attached = "(This message is encrypted.)", ()
    author, sender = _author(message, *listed)
    published = parse_date(header(message, "Date"))
    if published is None or published > now or published <= 0:
        published = now
    above = [_native(found) for found in _ANGLES.findall(header(message, "References"))]
    answers = _ANGLES.search(header(message, "In-Reply-To"))
    parent = _native(answers[1]) if answers else (above[-1] if above else "")
    shown = links + ((Link(unsubscribe, "unsubscribe"),) if unsubscribe else ())
    extra = {"from": sender, "list": listed[0], "unsubscribe": unsubscribe}
    return Item(
        native_id=_identity(message, raw),
        url=_page(message, links),
        title=header(message, "Subject", 500) or "(no subject)",
        text=text,
        author=author,
        published=published,
        lang=header(message, "Content-Language", 35).partition(",")[0].strip(),
        media=(*(replace(p, preview_url="") for p in pictures if place.pictures), *attached),
        links=shown,
        in_reply_to=parent,
        thread=above[0] if above else parent,
        sightings=(Sighting("post", published, author),),
        extra={key: value for key, value in extra.items() if value},
    )


def unreadable(raw: bytes, now: float, why: str) -> Item:
    """What stands for a message that breaks the parser or its limits. Safe in any process: nothing is parsed."""
    text = f"(penchant could not read this message: {why}. Your mail program may.)"
    return Item(f"mail:{_digest(raw)}", "", title="A message that could not be read", text=text, published=now)


def parsed(raw: bytes) -> tuple[EmailMessage, bool]:
    """The message, and whether its body was read too."""
    end = _BLANK.search(raw)
    head, rest = (raw[: end.end()], raw[end.end() :]) if end else (raw, b"")
    if len(head) > MAX_HEADERS:
        head = head[:MAX_HEADERS] + b"\n\n"
    whole = raw.lower().count(b"multipart/") <= MAX_NESTED
    if whole:
        try:
            return cast(EmailMessage, BytesParser(policy=cast(Any, _POLICY)).parsebytes(head + rest)), True
        except RecursionError:
            pass
    return cast(EmailMessage, BytesHeaderParser(policy=cast(Any, _POLICY)).parsebytes(head)), False


def header(message: EmailMessage, name: str, limit: int = MAX_HEADER) -> str:
    """A header on one line, decoded; "" where it is missing. Never raises."""
    return clean_line(str(_value(message, name)), limit)


def _value(message: EmailMessage, name: str) -> Any:
    raw = next((v for k, v in message.raw_items() if k.lower() == name.lower()), "")
    words = str(raw)[:MAX_HEADER]
    if not words.isascii():  # bytes above 127 where none may be: UTF-8, or something older
        octets = words.encode("utf-8", "surrogateescape")
        try:
            words = octets.decode()
        except UnicodeDecodeError:
            words = octets.decode("cp1252", "replace")
    try:
        return _POLICY.header_fetch_parse(name, words)
    except Exception:  # the standard parser stumbles over some malformed headers
        return words


def _author(message: EmailMessage, list_id: str, list_name: str, discussed: bool) -> tuple[Author | None, str]:
    """(who speaks, their address): the newsletter, or the person where a list is a conversation."""
    value = _value(message, "From")
    try:
        first = value.addresses[0]
        name, address = first.display_name, first.addr_spec
    except (AttributeError, IndexError):
        name, address = parseaddr(str(value))
    name, address = clean_line(name, 100), clean_line(address, 300).lower()
    if list_id and not discussed:
        return Author(f"mail:{list_id}", name or list_name or list_id, address), address
    if not (name or address):
        return None, ""
    return Author(f"mail:{address or name.lower()}", name or address, address), address


def _list(message: EmailMessage) -> tuple[str, str, bool]:
    """(id of the list or "", its name, whether everybody may write to it); RFC 2919 and RFC 2369."""
    words = header(message, "List-Id", 500)
    found = _ANGLES.search(words)
    number = (found[1] if found else words.partition(" ")[0]).lower()[:200]
    name = clean_line(words.partition("<")[0].strip(' "'), 100) if found else ""
    return number, name, "mailto:" in header(message, "List-Post").lower()


def _unsubscribe(words: str) -> str:
    """The address of List-Unsubscribe, a page rather than a mail. It is kept, never asked."""
    addresses = [address for found in _ANGLES.findall(words) if (address := absolute("", found))]
    return next((a for a in addresses if a.startswith("http")), addresses[0] if addresses else "")


def _page(message: EmailMessage, links: tuple[Link, ...]) -> str:
    """The message on the web: as its header says (RFC 5064), else its own "view in browser"."""
    said = absolute("", header(message, "Archived-At", 2000).strip("<> "))
    if said.startswith("http"):
        return said
    return next((a.url for a in links if _BROWSER.search(a.text[:200]) and a.url.startswith("http")), "")


def _identity(message: EmailMessage, raw: bytes) -> str:
    found = _ANGLES.search(header(message, "Message-ID", 1000))
    return _native(found[1]) if found else f"mail:{_digest(raw)}"


def _native(message_id: str) -> str:
    return f"mid:{message_id}"


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()
