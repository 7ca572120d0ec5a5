"""`penchant lemmy login YOU@HOST`, `logout YOU@HOST`, `accounts`: Lemmy and PieFed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "examples:\n  penchant lemmy login me@lemmy.world\n  penchant lemmy logout me@lemmy.world"
    doing = "sign in or out, or list who is signed in"
    parser.add_argument("what", choices=["login", "logout", "accounts"], help=doing)
    parser.add_argument("name", nargs="?", default="", help="your user name and server, such as me@lemmy.world")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "accounts":
        for account in accounts(context):
            say(account)
        return None
    scheme, _, rest = args.name.rpartition("://")
    user, _, host = rest.lstrip("@").rpartition("@")
    if not user or not host:
        raise UsageError(f"`penchant lemmy {args.what}` needs user and server", hint="Such as me@lemmy.world.")
    if args.what == "login":
        account = sign_in(user, host.lower(), f"{scheme or 'https'}://{host.lower()}", context)
        say(f"signed in as {plain(account)}")
        where = f"{scheme}://{account}" if scheme == "http" else account
        note(f"`penchant add lemmy:{plain(where)}/subscribed` follows the communities you subscribed to there.")
    else:
        _sign_out(f"{user}@{host}".lower(), context)
        say(f"signed out here: {plain(user)}@{plain(host)}")
    return None


def accounts(context: Context) -> list[str]:
    """Accounts whose token is kept on this machine, as user@host."""
    from penchant.adapters import secrets
    from penchant.adapters.lemmy_api import accounts as known

    secrets.configure(context.paths.secrets)
    return list(known())


def account_if_needed(suggestion: Suggestion, context: Context) -> Suggestion:
    """The suggestion with an account where it needs one; asks on the terminal. Raises `PenchantError`."""
    from penchant.adapters.lemmy_place import from_settings, suggestion_of

    place, known = from_settings(suggestion.settings), accounts(context)
    if place.account.lower() in known or not (place.account or place.needs_account):
        return suggestion
    here = [account for account in known if account.rpartition("@")[2] == place.host]
    if len(here) == 1 and not place.account:
        return suggestion_of(replace(place, account=here[0]))
    if not place.account:
        raise PenchantError(
            f"{plain(place.words)} needs an account", hint=f"Add lemmy:YOU@{plain(place.host)}/{place.kind} instead."
        )
    return suggestion_of(
        replace(place, account=sign_in(place.account.partition("@")[0], place.host, place.base, context))
    )


def sign_in(user: str, host: str, base: str, context: Context) -> str:
    """Ask for the password and exchange it for a token. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.lemmy_api import NeedsCode
    from penchant.adapters.lemmy_api import sign_in as exchange
    from penchant.app.network import open_client

    secrets.configure(context.paths.secrets)
    password = _hidden(f"Password of {plain(user)} on {plain(host)} (it is not kept; empty to give up): ")
    if not password:
        raise PenchantError("sign-in was given up; nothing was stored", hint="Start again whenever you like.")

    async def attempt(code: str) -> str:
        async with open_client(context.config, context.paths.ensure()) as client:
            return await exchange(client, host, user, password, code, base=base)

    try:
        return asyncio.run(attempt(""))
    except NeedsCode:
        return asyncio.run(attempt(_hidden("One-time code: ")))


def _hidden(question: str) -> str:
    """A line that the terminal does not show; without one, the next line of standard input."""
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(question)
    return sys.stdin.readline().rstrip("\n")


def _sign_out(account: str, context: Context) -> None:
    from penchant.adapters import secrets
    from penchant.adapters.lemmy_api import token_key

    known = accounts(context)
    if account not in known:
        signed_in = ", ".join(known) or "nobody"
        raise PenchantError(f"nobody is signed in as {plain(account)}", hint=f"Signed in: {signed_in}.")
    secrets.delete(token_key(account))
