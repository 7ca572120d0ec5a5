"""What leaves this machine: to which hosts, when, what they learn, and what switches it off. Pure but for `leaving`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store


@dataclass(frozen=True, slots=True)
class Leaving:
    """One reason to connect. `hosts` may be empty where nothing is set up; `active`: it happens as things stand."""

    what: str
    hosts: tuple[str, ...]
    when: str
    tells: str
    off: str
    active: bool = True


#: Kinds of source that always ask the same hosts; others name theirs in their address.
HOSTS: dict[str, tuple[str, ...]] = {
    "hackernews": ("hacker-news.firebaseio.com", "hn.algolia.com"),
    "reddit": ("www.reddit.com", "oauth.reddit.com"),
    "lobsters": ("lobste.rs",),
    "youtube": ("www.youtube.com",),
    "github": ("api.github.com",),
    "arxiv": ("rss.arxiv.org", "export.arxiv.org"),
    "bluesky": ("public.api.bsky.app", "plc.directory"),
    "sample": (),
    "script": (),
    "export": (),
}
_HOST = re.compile(
    r"(?:[a-z]+:(?!//))?(?:[a-z]+://)?(?:[^/@\s]*@|!)?(?P<host>\[[0-9a-f:.]+\](?::\d+)?|[^/@?#\s]+)", re.I
)


def hosts_of(kind: str, address: str) -> tuple[str, ...]:
    """The hosts that a source asks, as far as they are known before asking.

    >>> hosts_of("mastodon", "mastodon:me@social.example/home"), hosts_of("mail", "maildir:/home/me/Mail")
    (('social.example',), ())
    """
    if kind in HOSTS and "://" not in address:
        return HOSTS[kind]
    if address.startswith(("maildir:", "exec:", "/")):
        return ()
    found = _HOST.match(address)
    named = (found["host"].lower(),) if found and ("." in found["host"] or ":" in found["host"]) else ()
    return tuple(dict.fromkeys((*HOSTS.get(kind, ()), *named)))


def hosts_in(addresses: Iterable[str]) -> tuple[str, ...]:
    """The hosts of web addresses, once each, sorted."""
    return tuple(sorted({host for each in addresses if (host := _netloc(each))}))


def _netloc(address: str) -> str:
    try:
        parts = urlsplit(address)
        return parts.netloc.rpartition("@")[2].lower() if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def leaving(store: Store | None, config: Config, paths: Paths) -> list[Leaving]:
    """Everything that penchant connects to, as the archive and the configuration stand."""
    sources = [] if store is None else store.subscriptions.all(counted=False)
    found = [
        Leaving(
            f"{each.kind}: {each.title or each.address}", hosts_of(each.kind, each.address),
            "never: it is paused" if each.paused else "when it is due, and when you press refresh",
            "your address, what you follow there" + (", your account" if _signed_in(each.kind) else ""),
            "`penchant remove`", not each.paused,
        )
        for each in sources
        if each.kind not in ("sample", "export")
    ]  # fmt: skip
    models = [*_of_models(config), *_of_voices(store)]
    return [*found, *_of_items(store, config), *models, *_of_accounts(sources, config), *_of_screen()]


def _signed_in(kind: str) -> bool:
    return kind in ("mastodon", "miniflux", "greader", "fever", "mail", "bluesky", "reddit", "lemmy", "github")


def _of_items(store: Store | None, config: Config) -> list[Leaving]:
    pictures: Sequence[tuple[str]] = [] if store is None else store.db.rows("SELECT url FROM pictures")
    fetch = config.pictures.fetch
    return [
        Leaving(
            "pictures of items", hosts_in(url for (url,) in pictures),
            {"shown": "when one comes on screen", "ranked": "also for what For you may show soon"}.get(fetch, "never"),
            "your address, and that somebody sees this picture", '[pictures] fetch = "none"', fetch != "none",
        ),
        Leaving(
            "replies", (), "when a post or a story is opened, to the server of its source",
            "your address, and which post is read", "[network] threads = false", config.network.threads,
        ),
        Leaving(
            "likes of an import completed (oEmbed)",
            ("publish.twitter.com", "www.youtube.com", "www.reddit.com", "www.tiktok.com"),
            "only after `penchant import --fill` and a yes", "your address, and which of their posts you liked",
            "not asking for it", False,
        ),
    ]  # fmt: skip


def _of_models(config: Config) -> list[Leaving]:
    return [
        Leaving(
            "models", hosts_in([config.models.hub]), "only in `penchant models pull`, or its screen, after a yes",
            "your address, and which model you take", "not pulling", False,
        )
    ]  # fmt: skip


def _of_voices(store: Store | None) -> list[Leaving]:
    from .voice.arm import allowances

    allowed = [] if store is None else allowances(store)
    return [
        Leaving(
            "language models on servers", tuple(sorted({host for host, _ in allowed})),
            "when you name one by --model, for the carriers that you allowed; one on this machine always",
            "your prompts, what they quote, and what the carrier tells of your taste: "
            + (", ".join(sorted({name for _, name in allowed})) or "none is allowed"),
            "`penchant voice forbid`", bool(allowed),
        )
    ]  # fmt: skip


def _of_accounts(sources: Sequence[object], config: Config) -> list[Leaving]:
    kinds = {getattr(each, "kind", "") for each in sources}
    servers = bool(kinds & {"miniflux", "greader", "fever"})
    return [
        Leaving(
            "marks to reader servers", (), "within minutes of a key, to servers that are synced both ways",
            "what you read and saved, of their own entries", "`penchant reader` (pull or off)", servers,
        ),
        Leaving(
            "favourites on Mastodon", (), "after a like, where the configuration says so", "that you like the post",
            "[mastodon] favourite_likes = false", config.mastodon.favourite_likes and "mastodon" in kinds,
        ),
        Leaving(
            "drafts that you post", (), "only after `p` and then `P` on a draft, or `penchant draft send` and a yes",
            "the draft, to the server of the account that you named", "not posting", False,
        ),
        Leaving(
            "logs for other machines", (), "once a minute, into a folder that a program of yours syncs",
            "to that program: your events and the items they name", '[machines] folder = ""',
            bool(config.machines.folder),
        ),
    ]  # fmt: skip


def _of_screen() -> list[Leaving]:
    return [
        Leaving(
            "clipboard (OSC 52)", (), "when you copy a link or an answer", "to your terminal, over ssh too",
            "not copying",
        ),
        Leaving("links", (), "when you open one", "to your browser, and whatever it does", "not opening"),
        Leaving(
            "serve and web", (), "only while `penchant serve` or `penchant web` runs: others ask, nothing is sent",
            "your ranking, to whoever reaches the port (this machine, unless you say so)", "not running them", False,
        ),
    ]  # fmt: skip
