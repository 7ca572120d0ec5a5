"""`penchant reader push`: a reader server follows what is followed here, and neither keeps what the other dropped."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, cast

from penchant.adapters.base import SourceError
from penchant.app.errors import Exit, PenchantError
from penchant.app.readfeeds import FeedPlan, plan, tellable

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.remote import FollowsHere
    from penchant.adapters.remote_place import Place


def push(account: Place, context: Context, *, add: bool, dry: bool, yes: bool) -> int:
    """Compare, show, ask, do. Exit code 5 where the server did not take everything. Raises `SourceError`."""
    if account.kind == "fever":
        raise PenchantError(
            f"{plain(account.host)} speaks Fever, which cannot be told what to follow",
            hint="Sign in by its Google Reader API, if it has one, or import `penchant export opml` there.",
        )
    return asyncio.run(_push(account, context, add=add, dry=dry, yes=yes))


async def _push(account: Place, context: Context, *, add: bool, dry: bool, yes: bool) -> int:
    from penchant.adapters.remote import token_of
    from penchant.adapters.remote_probe import opened
    from penchant.app.network import open_client

    async with open_client(context.config, context.paths.ensure()) as client:
        remote = cast("FollowsHere", opened(client, account, await token_of(account)))
        sources = [s for s in context.store.subscriptions.all(counted=False) if s.kind == "rss"]
        here = [source for source in sources if tellable(source)]
        found = plan(here, await remote.feeds(), _base(account, context))
        _show(found, account, add=add, untold=len(sources) - len(here))
        if dry or not _agreed(found, account, add=add, yes=yes):
            return Exit.OK
        return await _do(found, remote, account, context, add=add)


def _show(found: FeedPlan, account: Place, *, add: bool, untold: int) -> None:
    for source in found.subscribe.values():
        say(f"follow there\t{plain(source.address)}\t{plain(source.title)}")
    for feed in found.unsubscribe.values():
        say(f"drop there\t{plain(feed.url)}\t{plain(feed.title)}")
    for feed in found.only_there.values() if add else ():
        say(f"follow here\t{plain(feed.url)}\t{plain(feed.title)}")
    for source in found.unfollow.values():
        say(f"drop here\t{plain(source.address)}\t{plain(source.title)}")
    note(f"{len(found.agreed):,} feeds are followed here and by {plain(account.host)} already.")
    if found.only_there and not add:
        note(f"{len(found.only_there):,} are followed only there; `--add` follows them here, too.")
    if untold:
        note(f"{untold:,} are never named: their address holds a password or lies inside your network.")
    if found.doubt:
        note(f"Nothing is dropped anywhere, because {found.doubt}. Drop by hand what you mean to drop.")


def _agreed(found: FeedPlan, account: Place, *, add: bool, yes: bool) -> bool:
    count = sum(map(len, (found.subscribe, found.unsubscribe, found.unfollow, found.only_there if add else ())))
    if not count or yes:
        return True
    if not sys.stdin.isatty():
        raise PenchantError("nothing was changed", hint="`--yes` changes it without a question.")
    return input(f"Change this, and tell {plain(account.host)}? [y/N] ").strip().lower() in ("y", "yes")


async def _do(found: FeedPlan, remote: FollowsHere, account: Place, context: Context, *, add: bool) -> int:
    """One feed after the other; each is agreed once it is done, so that a kill leaves nothing to guess."""
    from penchant.adapters.text import clean_line
    from penchant.adapters.wire import address

    agreed = {*found.agreed, *(_base(account, context) if found.doubt else ())}
    agreed |= found.unsubscribe.keys() | found.unfollow.keys()
    done = failed = 0

    def settled(key: str, followed: bool) -> None:
        nonlocal done
        done += 1
        (agreed.add if followed else agreed.discard)(key)
        _remember(account, context, agreed)

    _remember(account, context, agreed)
    subscriptions = context.store.subscriptions
    for key, source in found.unfollow.items():
        subscriptions.remove(source.id)
        settled(key, False)
    for key, feed in found.only_there.items() if add else ():
        folder, url = clean_line(feed.folder, 100), address("", feed.url)
        if url:
            subscriptions.add("rss", url, clean_line(feed.title, 200), folder=(folder,) if folder else ())
            settled(key, True)
    for key, source in found.subscribe.items():
        try:
            await remote.subscribe(source.address, source.title, source.folder[-1] if source.folder else "")
            settled(key, True)
        except SourceError as error:
            failed += 1
            note(f"{plain(source.address)}: {plain(str(error))}")
    for key, feed in found.unsubscribe.items():
        try:
            await remote.unsubscribe(feed)
            settled(key, False)
        except SourceError as error:
            failed += 1
            note(f"{plain(feed.url)}: {plain(str(error))}")
    say(f"{done:,} changed" + (f", {failed:,} failed; they are tried again by the next push" if failed else ""))
    return Exit.SOURCES if failed else Exit.OK


def _base(account: Place, context: Context) -> set[str]:
    """Canonical addresses of what both followed when they last agreed."""
    found = context.store.control.setting(_key(account))
    return set(json.loads(found)) if isinstance(found, str) else set()


def _remember(account: Place, context: Context, agreed: set[str]) -> None:
    context.store.control.remember(_key(account), json.dumps(sorted(agreed)))


def _key(account: Place) -> str:
    return f"reader feeds {account.address}"
