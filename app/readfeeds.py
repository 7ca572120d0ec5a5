"""Which feeds are followed here and by a reader server: a three-way merge against what was last agreed. Pure.

Followed or not differs in two places only where one of them left what was agreed, so there is no conflict to ask about.
What nothing is agreed of is followed by both, never dropped.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from penchant.adapters.remote import RemoteFeed
from penchant.adapters.text import canonical_url
from penchant.adapters.wire import parts

from .types import Subscription

#: More than so many removals, and more than half of what was agreed, look like a fault rather than a wish.
FEW = 3


@dataclass(slots=True)
class FeedPlan:
    """What to do, by canonical address. `agreed` holds already; `only_there` is nobody's to decide here.

    `doubt` says why nothing may be removed, in words; the removals are then left out.
    """

    subscribe: dict[str, Subscription] = field(default_factory=dict)
    unsubscribe: dict[str, RemoteFeed] = field(default_factory=dict)
    unfollow: dict[str, Subscription] = field(default_factory=dict)
    only_there: dict[str, RemoteFeed] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)
    doubt: str = ""


def plan(here: Iterable[Subscription], there: Iterable[RemoteFeed], base: Collection[str]) -> FeedPlan:
    """Compare feeds here and there with what was agreed last time (canonical addresses)."""
    ours = {canonical_url(each.address): each for each in here}
    theirs = {canonical_url(each.url): each for each in there if parts(each.url).netloc}
    found = FeedPlan(agreed=ours.keys() & theirs.keys())
    for key in ours.keys() - theirs.keys():
        (found.unfollow if key in base else found.subscribe)[key] = ours[key]
    for key in theirs.keys() - ours.keys():
        (found.unsubscribe if key in base else found.only_there)[key] = theirs[key]
    found.doubt = (
        _doubt(found.unfollow, base, theirs, "the server") or _doubt(found.unsubscribe, base, ours, "this archive")
    )  # fmt: skip
    if found.doubt:
        found.unfollow.clear()
        found.unsubscribe.clear()
    return found


def _doubt(removed: Collection[str], base: Collection[str], left: Collection[str], who: str) -> str:
    """Why that many removals are not believed; "" where they are."""
    if removed and not left:
        return f"{who} follows nothing at all any more, where {len(base):,} feeds were agreed on"
    if len(removed) > FEW and 2 * len(removed) > len(base):
        return f"{who} no longer follows {len(removed):,} of the {len(base):,} feeds that were agreed on"
    return ""


def tellable(source: Subscription) -> bool:
    """Whether a feed here may be named to a server: no password in its address, and not inside the reader's network."""
    place = parts(source.address)
    if source.kind != "rss" or place.scheme not in ("http", "https") or "@" in place.netloc:
        return False
    host = (place.hostname or "").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".lan", ".internal", ".home.arpa", ".localhost"))
