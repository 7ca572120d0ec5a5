"""RSS 0.9x-2.0, RDF and Atom trees (lxml) to a raw feed."""

from __future__ import annotations

from typing import Any

from .rss_entry import person_parts, read_entry
from .rss_names import XML, construct, loose, name_of, words
from .rss_raw import RawFeed

_PERIODS = {
    "hourly": 3600.0,
    "daily": 86400.0,
    "weekly": 604800.0,
    "monthly": 2592000.0,
    "yearly": 31536000.0,
}
_ROOTS = ("rss", "feed", "rdf:RDF", "RDF", "channel")


def read_feed(root: Any, address: str, based: bool) -> RawFeed | None:
    """A whole tree, or None when its root is no feed's. `based`: xml:base occurs somewhere in it."""
    kind = name_of(root.tag)
    if kind.removeprefix("?:") not in _ROOTS:
        return None
    atom = kind.endswith("feed")
    channel = (
        root if atom or kind == "channel" else next((c for c in root if name_of(c.tag) == "channel"), root)
    )
    feed = RawFeed(base=(root.base if based else "") or address, lang=root.get(XML + "lang") or "")
    minutes, period, frequency = "", "", "1"
    containers = [channel] if channel is root else [channel, root]
    for place in containers:
        for child in place:
            name = name_of(child.tag)
            if name in ("item", "entry"):
                feed.entries.append(read_entry(child, name == "entry", based))
            elif place is not channel:
                continue
            elif name == "ttl":
                minutes = words(child)
            elif name == "sy:updatePeriod":
                period = words(child)
            elif name == "sy:updateFrequency":
                frequency = words(child)
            else:
                _channel_field(feed, name, child, atom)
    feed.interval = declared_interval(minutes, period, frequency)
    return feed


def _channel_field(feed: RawFeed, name: str, child: Any, atom: bool) -> None:
    if name == "title" and not feed.title:
        feed.title, feed.title_form = construct(child) if atom else loose(child)
    elif name == "link":
        href = child.get("href")
        if href is None:
            feed.link = words(child).strip() or feed.link
        elif (child.get("rel") or "alternate") == "alternate" and not feed.link:
            feed.link = href.strip()
    elif name in ("language", "dc:language"):
        feed.lang = words(child).strip() or feed.lang
    elif name == "author" and atom and not feed.author:
        feed.author = person_parts(child)[0] if len(child) else words(child)
    elif name == "items":
        for item in child:  # RSS 1.0 drafts nest them
            if name_of(item.tag) == "item":
                feed.entries.append(read_entry(item, False, False))


def declared_interval(minutes: str, period: str, frequency: str) -> float | None:
    """Seconds between polls by <ttl> (minutes) or sy:updatePeriod and updateFrequency; None without."""
    try:
        seconds = float(minutes) * 60
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= 30 * 86400:
        return seconds
    length = _PERIODS.get(period.strip().lower())
    try:
        times = float(frequency)
    except ValueError:
        times = 1.0
    return length / times if length and 0 < times <= 1440 else None
