"""What happened to the reader on a Mastodon server, as items. Pure: decoded JSON in, values out.

Mentions, quotes and posts that the reader asked to be told of are the posts
themselves. Favourites, boosts, follows and the rest are items of their own,
one for each group: a post liked by nine people is one item, whose title
grows. Groups are the server's (API v2, Mastodon 4.3), else made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Author, Item, Malformed, Sighting
from .mastodon_items import Via, to_author, to_item
from .text import clean, clean_line, html_to_text, parse_date
from .wire import address, decode, ident, number, parts, record, records, text

#: Notifications that are a post of somebody else's.
POSTS = ("mention", "status", "quote")
_DID = {
    "favourite": "liked your post",
    "reblog": "boosted your post",
    "follow": "followed you",
    "follow_request": "wants to follow you",
    "poll": "A poll has ended",
    "update": "edited a post you boosted or answered",
    "quoted_update": "edited a post you quoted",
    "severed_relationships": "A block between servers ended some of your follows",
    "moderation_warning": "The moderators of your server sent you a warning",
    "admin.sign_up": "signed up",
    "admin.report": "sent a report",
}
#: Kinds that tell of no person, or of the reader.
_IMPERSONAL = ("poll", "severed_relationships", "moderation_warning")
NAMED = 3


@dataclass(frozen=True, slots=True)
class Notices:
    """One page. `newest` and `oldest` are ids of notifications on it, "" where it is empty."""

    items: tuple[Item, ...] = ()
    newest: str = ""
    oldest: str = ""


def read_notices(body: bytes, via: Via) -> Notices:
    """A page of API v2 or v1. What cannot be read is left out. Raises `Malformed`."""
    document = decode(body, parts(via.base).netloc)
    if isinstance(document, list):
        groups, accounts, statuses = _grouped(records(document))
    elif isinstance(document, dict) and isinstance(document.get("notification_groups"), list):
        groups = records(document["notification_groups"])
        people = [*records(document.get("partial_accounts")), *records(document.get("accounts"))]
        accounts = {ident(account.get("id")): account for account in people}
        statuses = {ident(status.get("id")): status for status in records(document.get("statuses"))}
    else:
        raise Malformed(f"{parts(via.base).netloc} did not answer with notifications")
    items: dict[str, Item] = {}
    for group in groups:
        item = _item(group, accounts, statuses, via)
        if item is not None:
            items.setdefault(item.native_id, item)
    numbers = sorted(filter(None, (ident(g.get("most_recent_notification_id")) for g in groups)), key=order)
    return Notices(tuple(items.values()), *((numbers[-1], numbers[0]) if numbers else ("", "")))


def order(number_there: str) -> tuple[int, str]:
    """Sorts ids by age: numbers and flake ids grow in length, then in value."""
    return len(number_there), number_there


def _grouped(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """API v1, one row a notification, in the shape of v2: likes and boosts of one post become one group."""
    groups: dict[str, dict[str, Any]] = {}
    accounts, statuses = {}, {}
    for row in rows:
        status, account, kind = record(row.get("status")), record(row.get("account")), text(row.get("type"), 40)
        about, by = ident(status.get("id")), ident(account.get("id"))
        accounts[by], statuses[about] = account, status
        key = f"{kind}-{about}" if kind in ("favourite", "reblog") and about else f"ungrouped-{ident(row.get('id'))}"
        group = groups.setdefault(key, {
            "group_key": key, "type": kind, "most_recent_notification_id": row.get("id"), "status_id": about,
            "latest_page_notification_at": row.get("created_at"), "notifications_count": 0, "sample_account_ids": [],
        })  # fmt: skip
        group["notifications_count"] += 1
        group["sample_account_ids"].append(by)
    return list(groups.values()), accounts, statuses


def _item(
    group: Mapping[str, Any], accounts: Mapping[str, Any], statuses: Mapping[str, Any], via: Via
) -> Item | None:
    kind = clean_line(text(group.get("type"), 40), 40)
    status = record(statuses.get(ident(group.get("status_id"))))
    at = parse_date(text(group.get("latest_page_notification_at"), 64))
    about = to_item(status, via) if status else None
    if kind in POSTS:
        if about is None:
            return None
        extra = {**about.extra, "notification": kind}
        return replace(about, sightings=(Sighting("reply", at, about.author),), extra=extra)
    key = clean_line(text(group.get("group_key"), 300), 300)
    if not key or not kind:
        return None
    given = group.get("sample_account_ids")
    sample = [record(accounts.get(ident(each))) for each in given[:20]] if isinstance(given, list) else []
    people = [person for account in sample if (person := to_author(account, via.base)) is not None]
    bio = html_to_text(text(sample[0].get("note"), 20_000), via.base)[0] if sample and kind.startswith("follow") else ""
    count = max(number(group.get("notifications_count")) or 0, len(people))
    who = None if kind in _IMPERSONAL else next(iter(people), None)
    return Item(
        native_id=f"mastodon:{parts(via.base).netloc}/notifications/{key}",
        url=(about.url if about else "") or (who.url if who else "") or address(via.base, "/notifications"),
        title=clean_line(f"{names(people, count)} {_DID.get(kind, kind)}" if who else _DID.get(kind, kind), 300),
        text=clean(about.text if about else bio).strip(),
        author=who,
        published=at,
        lang=about.lang if about else "",
        content_warning=about.content_warning if about else "",
        sightings=tuple(Sighting("list", at, person) for person in people) or (Sighting("list", at),),
        extra={"notification": kind, "instance": parts(via.base).netloc, "count": count},
    )


def names(people: list[Author], count: int) -> str:
    """ "Ada, Bob and 3 others"; at most `NAMED` by name."""
    shown = [clean_line(person.name, 40) for person in people[:NAMED]]
    rest = count - len(shown)
    if rest > 0:
        return f"{', '.join(shown)} and {'another' if rest == 1 else f'{rest} others'}"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else "Somebody"
