"""What an account of a reader server follows: shown, and followed here directly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .context import Context
from .output import note, say, table

if TYPE_CHECKING:
    from penchant.adapters.remote import RemoteFeed
    from penchant.adapters.remote_place import Place


def show(account: Place, context: Context, *, add: bool) -> None:
    """List the account's feeds; with `add` follow those that are not followed yet. Raises `SourceError`."""
    feeds = asyncio.run(_ask(account, context))
    if not add:
        table(["TITLE", "FOLDER", "ADDRESS"], [[f.title, f.folder, f.url] for f in feeds], flexible=0)
        return
    added, left_out = _follow(feeds, context)
    say(f"{added} of {len(feeds)} feeds added")
    if left_out:
        note(f"{left_out} are followed already or have no address that penchant can read.")


async def _ask(account: Place, context: Context) -> list[RemoteFeed]:
    from penchant.adapters.remote import token_of
    from penchant.adapters.remote_probe import opened
    from penchant.app.network import open_client

    async with open_client(context.config, context.paths.ensure()) as client:
        return await opened(client, account, await token_of(account)).feeds()


def _follow(feeds: list[RemoteFeed], context: Context) -> tuple[int, int]:
    """(added, left out). Addresses come from the server, so only web addresses are taken."""
    from penchant.adapters.text import clean_line
    from penchant.adapters.wire import address

    known = {s.address for s in context.store.subscriptions.all(counted=False)}
    added = 0
    for feed in feeds:
        url = address("", feed.url)
        if not url or url in known:
            continue
        folder = clean_line(feed.folder, 100)
        context.store.subscriptions.add("rss", url, clean_line(feed.title, 200), folder=(folder,) if folder else ())
        known.add(url)
        added += 1
    return added, len(feeds) - added
