"""Keeping in step on request, and the reader's consent to it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from penchant.app.errors import Exit, PenchantError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.remote_place import Place
    from penchant.app.types import Subscription


def choose(account: Place, how: str, context: Context) -> None:
    """Keep consent with the source; its cursor stays. Raises `PenchantError` where the account is not followed."""
    source = _source(account, context)
    store = context.store
    with store.db.write():
        settings = json.dumps({**source.settings, "sync": how})
        store.db.run("UPDATE subscriptions SET settings = ? WHERE id = ?", (settings, source.id))
    words = {"both": "kept in step both ways", "pull": "taken over; the server is told nothing", "off": "left alone"}
    say(f"{plain(account.account)}: read and saved are {words[how]}")


def now(account: Place | None, context: Context) -> int:
    """Exchange at once with one account or all. Says what changed; exit code 5 when a server failed."""
    from penchant.app.readsync import followed

    sources = followed(context.store)
    if account is not None:
        sources = [s for s in sources if s.address == account.address]
    if not sources:
        note("no account is kept in step; `penchant reader sync ACCOUNT both` changes that")
    return Exit.SOURCES if asyncio.run(_exchange(sources, context)) else Exit.OK


async def _exchange(sources: list[Subscription], context: Context) -> int:
    from penchant.adapters.base import SourceError
    from penchant.app.network import open_client
    from penchant.app.readsync import exchange
    from penchant.app.sync import inline

    failed = 0
    async with open_client(context.config, context.paths.ensure()) as client:
        for source in sources:
            try:
                done = await exchange(inline(context.store), client, source)
            except SourceError as error:
                failed += 1
                note(f"{plain(source.title or source.address)}: {plain(str(error))}\n  {plain(error.hint)}")
                continue
            more = ", more at the next exchange" if done.more else ""
            say(f"{plain(source.title or source.address)}: {done.here} changed here, {done.there} there{more}")
    return failed


def _source(account: Place, context: Context) -> Subscription:
    for source in context.store.subscriptions.all(counted=False):
        if (source.kind, source.address) == (account.kind, account.address):
            return source
    raise PenchantError(
        f"{plain(account.account)} is not followed", hint=f"`penchant add {plain(account.address)}` first."
    )
