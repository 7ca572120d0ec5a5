"""Which folder of mail a subscription means: maildir:/path, imaps://user@host/folder. Pure."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .base import BadSettings, Settings, Suggestion
from .text import clean_line
from .wire import number

#: Messages that the first visit reads back, unless settings["limit"] says otherwise.
FIRST_LIMIT, MAX_LIMIT = 200, 1000
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder. `path` is a Maildir's; otherwise a folder of an IMAP account (`starttls`: port 143 and STARTTLS)."""

    path: str = ""
    user: str = ""
    host: str = ""
    port: int = 993
    folder: str = "INBOX"
    starttls: bool = False
    lists_only: bool = False
    pictures: bool = False
    ca: str = ""
    limit: int = FIRST_LIMIT

    @property
    def account(self) -> str:
        return f"{self.user}@{self.host}" + ("" if self.port == self.usual_port else f":{self.port}")

    @property
    def usual_port(self) -> int:
        return 143 if self.starttls else 993

    @property
    def address(self) -> str:
        """The canonical address: names one subscription."""
        query = "?only=lists" if self.lists_only else ""
        if self.path:
            return f"maildir:{self.path}{query}"
        port = "" if self.port == self.usual_port else f":{self.port}"
        scheme = "imap" if self.starttls else "imaps"
        return f"{scheme}://{quote(self.user, safe='')}@{self.host}{port}/{quote(self.folder)}{query}"

    @property
    def words(self) -> str:
        """A title for the sources screen."""
        if self.path:
            return clean_line(os.path.basename(self.path).lstrip(".") or self.path, 100)
        return clean_line(f"{self.folder} · {self.account}", 100)


def password_key(account: str) -> str:
    """Name under which `secrets` keeps the password of "user@host"."""
    return f"mail:{account.strip().lower()}"


def from_address(address: str) -> Place | None:
    """A typed address, or None when it is none of ours."""
    address = address.strip()
    where, _, query = address.partition("?")
    lists = parse_qs(query).get("only") == ["lists"]
    if where.startswith("maildir:"):
        path = os.path.expanduser(where.removeprefix("maildir:"))
        fine = os.path.isabs(path) and path == clean_line(path, 4000)
        return Place(path=os.path.normpath(path), lists_only=lists) if fine else None
    scheme, mark, rest = where.partition("://")
    if not mark or scheme not in ("imaps", "imap"):
        return None
    authority, _, folder = rest.partition("/")
    user, _, host = authority.rpartition("@")
    user, folder = unquote(user), unquote(folder.rstrip("/")) or "INBOX"
    try:
        port = urlsplit(f"//{host}").port
    except ValueError:
        return None
    name = re.sub(r":\d+\Z", "", host).lower()
    odd = any(clean_line(part, 500) != part for part in (user, folder))
    if not user or odd or port == 0 or not _HOST.fullmatch(name):
        return None
    starttls = scheme == "imap"
    return Place("", user, name, port or (143 if starttls else 993), folder, starttls, lists)


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    if place is None:
        return None
    return Suggestion("mail", place.address, place.words, {"address": place.address})


def from_settings(settings: Settings) -> Place:
    """Read {"address", "limit", "only", "pictures", "ca"}. Raises `BadSettings` in words."""
    address = str(settings.get("address") or "")
    place = from_address(address)
    if place is None:
        raise BadSettings(
            f"{address[:80]!a} names no folder of mail",
            hint="Give maildir:/path/of/a/folder or imaps://user@host/folder.",
        )
    return Place(
        place.path, place.user, place.host, place.port, place.folder, place.starttls,
        place.lists_only or settings.get("only") == "lists", settings.get("pictures") is True,
        str(settings.get("ca") or ""), min(number(settings.get("limit")) or FIRST_LIMIT, MAX_LIMIT),
    )  # fmt: skip


def to_utf7(name: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501, 5.1.3).

    >>> to_utf7("Entwürfe & mehr")
    'Entw&APw-rfe &- mehr'
    """

    def shifted(found: re.Match[str]) -> str:
        if found[0].strip("&") == "":
            return "&-" * len(found[0])
        code = base64.b64encode(found[0].encode("utf-16-be", "replace")).decode().rstrip("=").replace("/", ",")
        return f"&{code}-"

    return re.sub(r"&+|[^\x20-\x7e]+", shifted, name)


def from_utf7(name: str) -> str:
    """The name that a server wrote; as it came where it is no modified UTF-7."""

    def plain(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        code = found[1].replace(",", "/")
        return base64.b64decode(code + "=" * (-len(code) % 4)).decode("utf-16-be")

    try:
        return _SHIFTED.sub(plain, name)
    except ValueError:
        return name
