"""`penchant mastodon suggest`: people whom those you follow boost, and whom you do not follow."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from .context import Context
from .output import note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.store.boosted import Boosted

#: Boosts of so many days count, of at least so many people; so many suggestions.
DAYS, LEAST, MOST = 90, 2, 20


def suggest(context: Context, account: str) -> None:
    """Print suggestions from the archive, less those that the account's server says are followed."""
    from penchant.adapters.base import SourceError
    from penchant.app.store.boosted import boosted

    since = time.time() - DAYS * 86_400
    found = boosted(context.store.db, least=LEAST, limit=MOST, since=since)
    if found and account:
        try:
            known = asyncio.run(_known(context, account, [each.handle for each in found]))
            found = [each for each in found if each.handle not in known]
        except SourceError as error:
            note(f"Whom you follow could not be asked, so some of these may be known to you: {plain(str(error))}")
    elif found:
        note("You are not signed in, so whom you follow is known by your timelines only.")
    if not found:
        say(f"Nobody was boosted by {LEAST} of the people you follow in the last {DAYS} days.")
        return
    rows = [[_who(each), str(each.people), str(each.posts), ", ".join(each.by)] for each in found]
    table(["ACCOUNT", "PEOPLE", "POSTS", "BOOSTED BY"], rows, flexible=3)
    note("`penchant add @user@host` follows one here; on the server you follow them yourself.")


def _who(each: Boosted) -> str:
    return each.handle or each.name


async def _known(context: Context, account: str, handles: list[str]) -> set[str]:
    from penchant.adapters.mastodon_api import open_session
    from penchant.adapters.mastodon_people import known
    from penchant.adapters.mastodon_place import from_settings
    from penchant.app.network import open_client

    subscriptions = context.store.subscriptions.all()
    mine = [s for s in subscriptions if s.kind == "mastodon" and s.settings.get("account") == account]
    settings = dict(mine[0].settings) if mine else {"address": account.rpartition("@")[2], "account": account}
    async with open_client(context.config, context.paths.ensure()) as client:
        session = await open_session(client, from_settings(settings))
        return await known(session, [handle for handle in handles if handle])
