"""`penchant mastodon login HOST`, `logout ACCOUNT`, `accounts`, `suggest`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import webbrowser
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.mastodon_auth import Account

_PREFIX = "mastodon:"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples:\n  penchant mastodon login mastodon.social\n  penchant mastodon logout me@mastodon.social"
    )
    parser.add_argument(
        "what",
        choices=["login", "logout", "accounts", "suggest"],
        help="sign in or out, list who is signed in, or whom the people you follow boost",
    )
    parser.add_argument("name", nargs="?", default="", help="login: the server; logout, suggest: the account")
    parser.add_argument("--post", action="store_true", help="login: also allow posting (drafts, on your own key only)")
    parser.add_argument("--no-browser", action="store_true", help="show the address instead of opening it")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "accounts":
        for account in accounts(context):
            say(account)
        return None
    if args.what == "suggest":
        from .mastodon_suggest import suggest

        known = accounts(context)
        suggest(context, args.name.lstrip("@").lower() or (known[0] if known else ""))
        return None
    if not args.name:
        raise UsageError(f"`penchant mastodon {args.what}` needs a name", hint="Such as mastodon.social.")
    if args.what == "login":
        signed_in = sign_in(args.name, context, browser=not args.no_browser, posting=args.post)
        say(f"signed in as {plain(signed_in.acct)}")
        note(f"`penchant add mastodon:{plain(args.name)}` follows its home timeline.")
    else:
        _sign_out(args.name, context)
        say(f"signed out: {plain(args.name)}")
    return None


def accounts(context: Context) -> list[str]:
    """Accounts whose token is kept on this machine, as user@host."""
    from penchant.adapters import secrets

    secrets.configure(context.paths.secrets)
    return [name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX)]


def sign_in_if_needed(suggestion: Suggestion, context: Context) -> Suggestion:
    """The suggestion with an account where it needs one; asks on the terminal. Raises `PenchantError`."""
    from penchant.adapters.mastodon_place import from_settings, with_account

    place = from_settings(suggestion.settings)
    known = accounts(context)
    if place.account.lower() in known:
        return suggestion
    here = [account for account in known if account.rpartition("@")[2] == place.host.lower()]
    if len(here) == 1 and not place.account:
        return with_account(suggestion, here[0])
    if not place.needs_account and not place.account:
        return suggestion
    return with_account(suggestion, sign_in(place.base, context, browser=True).acct)


def keep_aside(suggestion: Suggestion, context: Context) -> None:
    """Notifications stay out of For you until the reader wants them there: they are for Newest and their source."""
    import time

    from penchant.app import muting
    from penchant.app.types import Event

    if suggestion.settings.get("timeline") != "notifications":
        return
    key = f"{suggestion.kind}:{suggestion.address}"
    value = muting.value_of("source", key, suggestion.title)
    context.store.events.append([Event("mute", value=value, view="cli", at=time.time())])
    note("They stay out of For you; `penchant mute list` and `penchant mute remove` change that.")


def sign_in(host: str, context: Context, *, browser: bool, posting: bool = False) -> Account:
    """The OAuth conversation on the terminal. Raises `PenchantError`, `SourceError`."""
    if not sys.stdin.isatty():
        raise PenchantError(
            f"{plain(host)} wants you to sign in, and there is no terminal to ask for the code",
            hint=f"Run `penchant mastodon login {plain(host)}` in a terminal first.",
        )
    return asyncio.run(converse(host, context, browser=browser, posting=posting))


async def converse(host: str, context: Context, *, browser: bool, posting: bool = False) -> Account:
    """Show or open the address, read the code from standard input."""
    from penchant.adapters.mastodon_auth import sign_in as conversation
    from penchant.app.network import open_client

    def show(address: str) -> None:
        also = " and to post what you tell it to post" if posting else ""
        note(f"Allow penchant to read your timelines{also} on this page, then copy the code it shows:")
        note(f"  {plain(address)}")
        if browser:
            webbrowser.open(address)

    async def ask() -> str:
        note("Code (empty to give up): ")
        return (await asyncio.to_thread(sys.stdin.readline)).strip()

    favourites = context.config.mastodon.favourite_likes
    async with open_client(context.config, context.paths.ensure()) as client:
        return await conversation(client, host, show=show, ask=ask, favourites=favourites, posting=posting)


def _sign_out(account: str, context: Context) -> None:
    from penchant.adapters.mastodon_auth import sign_out
    from penchant.app.network import open_client

    account = account.lstrip("@").lower()
    known = accounts(context)
    if account not in known:
        raise PenchantError(
            f"nobody is signed in as {plain(account)}", hint=f"Signed in: {', '.join(known) or 'nobody'}."
        )

    async def leave() -> None:
        async with open_client(context.config, context.paths.ensure()) as client:
            await sign_out(client, account)

    asyncio.run(leave())
