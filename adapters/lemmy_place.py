"""Which listing of a Lemmy or PieFed server a subscription means. Pure: no request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlencode, urlsplit

from .base import BadSettings, Settings, Suggestion

#: Front pages: what the API calls them, and whether they need a signed-in account.
FRONTS = {"all": ("All", False), "local": ("Local", False), "subscribed": ("Subscribed", True), "saved": ("All", True)}
SORTS = {
    "hot": "Hot", "active": "Active", "new": "New", "scaled": "Scaled", "comments": "NewComments",
    "top/hour": "TopHour", "top/day": "TopDay", "top/week": "TopWeek", "top/month": "TopMonth",
    "top/year": "TopYear", "top/all": "TopAll",
}  # fmt: skip
#: Posts asked for in one request; Lemmy's own maximum.
PAGE_SIZE = 50
_NAME = r"[\w.-]{1,100}"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]+(?::\d{1,5})?|localhost(?::\d{1,5})?"
_COMMUNITY = re.compile(rf"!({_NAME})@({_HOST})")
#: Sites whose pages "/c/NAME" are communities; elsewhere that may be anything (a channel, a category).
_KNOWN = re.compile(
    r"(?:.*\.)?(?:lemmy|piefed|feddit|lemm|beehaw|lemmygrad|hexbear|slrpnk|sopuli|mander|reddthat|jlai|lemdro|kbin)"
    r"\.[a-z.]+|(?:lemmy|piefed|feddit|crust|preferred)[\w-]*\..+|programming\.dev|sh\.itjust\.works|ttrpg\.network"
    r"|aussie\.zone|infosec\.pub|discuss\.(?:tchncs\.de|online)|midwest\.social|startrek\.website|ani\.social"
    r"|lazysoci\.al|leminal\.space|awful\.systems|sub\.wetshaving\.social|thelemmy\.club|yiffit\.net|szmer\.info"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A listing of a server: a front page (`FRONTS`), a "community" or a "user" ("name" or "name@host")."""

    host: str
    kind: str
    name: str = ""
    sort: str = ""
    account: str = ""
    piefed: bool = False
    scheme: str = "https"

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def needs_account(self) -> bool:
        return FRONTS.get(self.kind, ("", False))[1]

    @property
    def order(self) -> str:
        """The order asked for: a community's newest posts, a front page's hottest, unless the reader chose."""
        return SORTS.get(self.sort) or ("New" if self.kind in ("community", "user", "saved") else "Hot")

    @property
    def chronological(self) -> bool:
        return self.order == "New"

    @property
    def full_name(self) -> str:
        """"name@host" of a community or person."""
        return self.name if "@" in self.name else f"{self.name}@{self.host}"

    @property
    def stem(self) -> str:
        return {"community": f"c/{self.name}", "user": f"u/{self.name}"}.get(self.kind, self.kind)

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        user = f"{self.account.partition('@')[0]}@" if self.account else ""
        sort = f"/{self.sort}" if self.sort else ""
        scheme = "" if self.scheme == "https" else f"{self.scheme}://"
        return f"{'piefed' if self.piefed else 'lemmy'}:{scheme}{user}{self.host}/{self.stem}{sort}"

    @property
    def web(self) -> str:
        """The page of this listing for a browser."""
        page = f"/{self.stem}" if self.kind in ("community", "user") else f"/?listingType={FRONTS[self.kind][0]}"
        return self.base + page

    @property
    def words(self) -> str:
        """A title for the sources screen."""
        named = {"community": f"!{self.full_name}", "user": f"@{self.full_name}"}
        words = named.get(self.kind) or f"{self.kind.capitalize()} · {self.account or self.host}"
        return f"{words} · {self.sort}" if self.sort else words

    def query(self, older: str, *, nsfw: bool, size: int = PAGE_SIZE) -> tuple[str, str]:
        """(path below the API's root, query) of a page. `older`: "c:CURSOR" or "p:NUMBER", "" for the first.

        `size` is how many posts are wanted.
        """
        # PieFed knows no order by new comments; its "Active" is nearest to that.
        order = "Active" if self.piefed and self.order == "NewComments" else self.order
        asked = {"sort": order, "limit": str(min(size, PAGE_SIZE))}
        if self.kind == "user":
            asked |= {"username": self.name} | ({"include_content": "true"} if self.piefed else {})
        else:
            asked |= {"type_": FRONTS.get(self.kind, ("All", False))[0]}
            asked |= {"community_name": self.full_name} if self.kind == "community" else {}
            asked |= {"saved_only": "true"} if self.kind == "saved" else {}
        if nsfw:
            asked |= {"nsfw": "Include"} if self.piefed else {"show_nsfw": "true"}
        kind, _, token = older.partition(":")
        asked |= {"page_cursor" if kind == "c" else "page": token} if token else {}
        return ("/user" if self.kind == "user" else "/post/list"), urlencode(asked)


def from_address(address: str) -> Place | None:
    """A typed address of a listing, or None when it is none of ours."""
    address = address.strip()
    if len(address) > 500:
        return None
    if found := _COMMUNITY.fullmatch(address):
        return Place(found[2].lower(), "community", found[1])
    kind, _, rest = address.partition(":")
    if kind in ("lemmy", "piefed"):
        plain = rest.startswith("http://")
        where, _, path = re.sub(r"^(?:https?:)?//", "", rest).partition("/")
        if found := _COMMUNITY.fullmatch(rest):
            return Place(found[2].lower(), "community", found[1], piefed=kind == "piefed")
        user, _, host = where.rpartition("@")
        host = host.lower()
        if not re.fullmatch(_HOST, host) or (user and not re.fullmatch(_NAME, user)):
            return None
        place = _of_path(host, path or "all")
        if place is None:
            return None
        account, scheme = f"{user}@{host}" if user else "", "http" if plain else "https"
        return replace(place, account=account, piefed=kind == "piefed", scheme=scheme)
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host = parts.netloc.lower()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not re.fullmatch(_HOST, host) or not _KNOWN.fullmatch(host):
        return None
    found_place = _of_path(host, unquote(parts.path)) if re.match(r"/(?:c|u)/", parts.path) else None
    if found_place is None and not parts.path.strip("/"):
        found_place = Place(host, "local" if "listingType=Local" in parts.query else "all")
    return replace(found_place, piefed="piefed" in host) if found_place else None


def _of_path(host: str, path: str) -> Place | None:
    stem, _, rest = path.strip("/").partition("/")
    if stem in FRONTS:
        place, sort = Place(host, stem), rest
    elif stem in ("c", "u"):
        name, _, sort = rest.partition("/")
        found = re.fullmatch(rf"({_NAME})(?:@({_HOST}))?", name)
        if not found:
            return None
        foreign = found[2] and found[2].lower() != host
        named = f"{found[1]}@{found[2].lower()}" if foreign else found[1]
        place = Place(host, "community" if stem == "c" else "user", named)
    else:
        return None
    sort = sort.strip("/").lower()
    sort = "top/day" if sort == "top" else sort
    return replace(place, sort=sort) if not sort or sort in SORTS else None


def from_settings(settings: Settings) -> Place:
    """Read {"address", "account"}. Raises `BadSettings` in words."""
    place = from_address(str(settings.get("address") or ""))
    if place is None:
        raise BadSettings(
            f"{str(settings.get('address'))[:80]!r} is no listing of Lemmy or PieFed",
            hint="Use !NAME@HOST, lemmy:HOST/all, lemmy:HOST/local or lemmy:HOST/c/NAME (or piefed:...).",
        )
    account = str(settings.get("account") or "")
    return replace(place, account=account) if re.fullmatch(rf"{_NAME}@(?:{_HOST})", account) else place


def suggestion_of(place: Place) -> Suggestion:
    settings = {"address": place.address, "account": place.account}
    return Suggestion("lemmy", place.address, place.words, {k: v for k, v in settings.items() if v})


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    return suggestion_of(place) if place else None
