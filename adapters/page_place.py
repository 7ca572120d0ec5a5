"""Which page is watched, and where on it the items are. Pure: no request is made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from .base import BadSettings, Settings, Suggestion
from .text import clean_line
from .wire import address as web_address

#: CSS selectors that may be given: the items, and inside an item its parts.
PARTS = ("item", "title", "link", "date", "text")
MAX_SELECTOR = 300
_PREFIX = "page:"


@dataclass(frozen=True, slots=True)
class Place:
    """The page's address, and selectors by part ("item", "title", ...); what is missing is guessed."""

    url: str
    selectors: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        named = "&".join(
            f"{part}={quote(self.selectors[part], safe=' .#:>+~*[]()=,')}" for part in PARTS if part in self.selectors
        )
        return f"{_PREFIX}{self.url}{'#' if named else ''}{named.replace(' ', '%20')}"

    @property
    def words(self) -> str:
        """A title until the page tells its own."""
        parts = urlsplit(self.url)
        return clean_line(f"{parts.netloc}{parts.path.rstrip('/')}", 80)


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`: only what begins with "page:"."""
    place = from_address(address)
    return Suggestion("page", place.address, place.words, {"address": place.address}) if place else None


def from_address(address: str) -> Place | None:
    """The page of "page:ADDRESS[#item=SELECTOR&title=...]", or None."""
    address = address.strip()
    rest = address.removeprefix(_PREFIX)
    if rest == address:
        return None
    url, _, named = rest.partition("#")
    url = web_address("", url if "://" in url else f"https://{url}")
    selectors = {}
    for pair in named.split("&") if named else []:
        part, mark, selector = pair.partition("=")
        selector = clean_line(unquote(selector), MAX_SELECTOR + 1)
        if part not in PARTS or not mark or not selector or len(selector) > MAX_SELECTOR:
            return None
        selectors[part] = selector
    return Place(url, selectors) if url else None


def from_settings(settings: Settings) -> Place:
    """Read {"address", "item", "title", "link", "date", "text"}. Raises `BadSettings` in words."""
    address = str(settings.get("address") or "")
    place = from_address(address)
    if place is None:
        raise BadSettings(
            f"{clean_line(address, 80)!r} names no page",
            hint="Such as page:https://example.org/news or page:https://example.org/news#item=.post&title=h2.",
        )
    own = {part: clean_line(str(settings[part]), MAX_SELECTOR) for part in PARTS if settings.get(part)}
    return Place(place.url, {**place.selectors, **own})
