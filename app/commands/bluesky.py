"""`penchant bluesky login YOU.bsky.social`, `logout HANDLE`, `accounts`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import webbrowser
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion


#: Seconds that the reader has for allowing it in the browser.
PATIENCE = 600.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples:\n  penchant bluesky login you.bsky.social\n  penchant bluesky login you.bsky.social --oauth\n"
        "  penchant bluesky logout you.bsky.social"
    )
    doing = "sign in or out, or list who is signed in"
    parser.add_argument("what", choices=["login", "logout", "accounts"], help=doing)
    parser.add_argument("name", nargs="?", default="", help="your handle, such as you.bsky.social")
    parser.add_argument("--oauth", action="store_true", help="allow penchant in a browser, without an app password")
    parser.add_argument("--no-browser", action="store_true", help="only show the address of that page")
    parser.add_argument("--server", default="", help="address of your own server, where it cannot be found by itself")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "accounts":
        for account in accounts(context):
            say(account)
        return None
    if not args.name:
        raise UsageError(f"`penchant bluesky {args.what}` needs your handle", hint="Such as you.bsky.social.")
    if args.what == "login":
        by_browser = partial(sign_in_by_browser, browser=not args.no_browser)
        handle = (by_browser if args.oauth else sign_in)(args.name, context, server=args.server)
        say(f"signed in as @{plain(handle)}")
        note(f"`penchant add bluesky:{plain(handle)}/timeline` follows the people you follow there.")
    else:
        _sign_out(args.name.lstrip("@").lower(), context)
        say(f"signed out: {plain(args.name)}")
    return None


def accounts(context: Context) -> tuple[str, ...]:
    """Handles whose session is kept on this machine."""
    from penchant.adapters import secrets
    from penchant.adapters.bluesky_auth import accounts as known

    secrets.configure(context.paths.secrets)
    return known()


def account_if_needed(suggestion: Suggestion, context: Context) -> Suggestion:
    """The suggestion with an account where it needs one; asks on the terminal. Raises `PenchantError`."""
    from penchant.adapters.bluesky_place import from_settings, suggestion_of

    place, known = from_settings(suggestion.settings), accounts(context)
    if place.account in known or not (place.account or place.needs_account):
        return suggestion
    if len(known) == 1 and not place.account:
        return suggestion_of(replace(place, account=known[0]))
    if not place.account:
        what = plain(place.address.removeprefix("bluesky:"))
        raise PenchantError(
            f"{plain(place.words)} needs an account", hint=f"Add bluesky:YOU.bsky.social/{what} instead."
        )
    return suggestion_of(replace(place, account=sign_in(place.account, context)))


def sign_in(handle: str, context: Context, *, server: str = "") -> str:
    """Ask for the app password and exchange it for a session. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.bluesky_auth import APP_PASSWORDS
    from penchant.adapters.bluesky_auth import sign_in as exchange
    from penchant.app.network import open_client

    secrets.configure(context.paths.secrets)
    note(f"Make an app password at {APP_PASSWORDS}; it goes to your own server only and is not kept.")
    password = _hidden(f"App password of @{plain(handle.lstrip('@'))} (not shown; empty to give up): ")
    if not password.strip():
        raise PenchantError("sign-in was given up; nothing was stored", hint="Start again whenever you like.")

    async def attempt() -> str:
        async with open_client(context.config, context.paths.ensure()) as client:
            return await exchange(client, handle, password, server=server)

    return asyncio.run(attempt())


def sign_in_by_browser(handle: str, context: Context, *, server: str = "", browser: bool = True) -> str:
    """Let the reader allow penchant on a page of his own server. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.bluesky_auth import sign_in_by_browser as allow
    from penchant.adapters.bluesky_oauth import free_redirect
    from penchant.adapters.reddit_loopback import listening
    from penchant.app.network import open_client

    from .reddit import _typed

    secrets.configure(context.paths.secrets)
    redirect = free_redirect()

    def show(page: str) -> None:
        note("Allow penchant on this page (it is your own server's):")
        note(f"  {plain(page, 4000)}")
        note("Where the browser is on another machine, paste here the address it ends on (empty to give up).")
        if browser:
            webbrowser.open(page)

    async def attempt() -> str:
        async with listening(redirect) as arrived, open_client(context.config, context.paths.ensure()) as client:

            async def answered() -> str:
                waiting = ({arrived} if arrived is not None else set()) | ({_typed()} if sys.stdin.isatty() else set())
                if not waiting:
                    raise PenchantError("the browser cannot come back: no port is free", hint="Try it again.")
                done, _ = await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    raise PenchantError("nobody allowed it in ten minutes; nothing was stored", hint="Start again.")
                return done.pop().result().strip()

            return await allow(client, handle, redirect=redirect, show=show, answered=answered, server=server)

    return asyncio.run(attempt())


def _hidden(question: str) -> str:
    """A line that the terminal does not show; without one, the next line of standard input."""
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(question)
    return sys.stdin.readline().rstrip("\n")


def _sign_out(account: str, context: Context) -> None:
    from penchant.adapters.bluesky_auth import sign_out
    from penchant.app.network import open_client

    known = accounts(context)
    if account not in known:
        signed_in = ", ".join(known) or "nobody"
        raise PenchantError(f"nobody is signed in as {plain(account)}", hint=f"Signed in: {signed_in}.")

    async def leave() -> None:
        async with open_client(context.config, context.paths.ensure()) as client:
            await sign_out(client, account)

    asyncio.run(leave())
