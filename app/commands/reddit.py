"""`penchant reddit login CLIENT_ID`, `logout NAME`, `accounts`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion

_LOGIN = "Run `penchant reddit login CLIENT_ID`, or add a private feed link of https://www.reddit.com/prefs/feeds/."


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Reddit gives no program an account of its own: bring the client id of an app of yours, of the type "
        '"installed app"\nwith the redirect address http://localhost:8080 (https://www.reddit.com/prefs/apps; new '
        "ones need Reddit's approval).\n\n"
        "examples:\n  penchant reddit login Ab3dEfGh1jKlMn\n  penchant reddit logout me"
    )
    doing = "sign in or out, or list who is signed in"
    parser.add_argument("what", choices=["login", "logout", "accounts"], help=doing)
    parser.add_argument("name", nargs="?", default="", help="login: the app's client id; logout: the account")
    parser.add_argument("--redirect", default="", metavar="URL", help="the redirect address in the app's settings")
    parser.add_argument("--secret", action="store_true", help="the app has a secret (a web app or script): ask for it")
    parser.add_argument("--no-browser", action="store_true", help="show the address instead of opening it")
    parser.add_argument("--web", default="", help=argparse.SUPPRESS)
    parser.add_argument("--api", default="", help=argparse.SUPPRESS)


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "accounts":
        for account in accounts(context):
            say(f"u/{account}")
        return None
    if not args.name:
        raise UsageError(f"`penchant reddit {args.what}` needs a name", hint="login: a client id; logout: an account.")
    if args.what == "login":
        name = asyncio.run(_sign_in(args, context))
        say(f"signed in as u/{plain(name)}")
        note("`penchant add reddit:home` follows your front page, `penchant add reddit:saved` what you saved.")
    else:
        _sign_out(args, context)
        say(f"signed out: u/{plain(args.name.removeprefix('u/'))}")
    return None


def accounts(context: Context) -> list[str]:
    """Names of the accounts whose grant is kept on this machine."""
    from penchant.adapters import secrets
    from penchant.adapters.reddit_auth import accounts as known

    secrets.configure(context.paths.secrets)
    return list(known())


def account_if_needed(suggestion: Suggestion, context: Context) -> Suggestion:
    """The suggestion with the signed-in account where it is somebody's own. Raises `PenchantError`."""
    from penchant.adapters.reddit_place import from_settings, with_account

    place, known = from_settings(suggestion.settings), accounts(context)
    if place.account and place.account.lower() not in known:
        raise PenchantError(f"you are not signed in as u/{plain(place.account)}", hint=_LOGIN)
    if place.account or not place.needs_account:
        return suggestion
    if len(known) != 1:
        whose = f"Several are signed in: use reddit:{place.kind}?account=NAME." if known else _LOGIN
        raise PenchantError(f"{place.words} needs an account", hint=whose)
    return with_account(suggestion, known[0])


async def _sign_in(args: argparse.Namespace, context: Context) -> str:
    """The conversation on the terminal; a browser on this machine brings the code by itself."""
    import getpass

    from penchant.adapters.reddit_auth import REDIRECT, sign_in
    from penchant.adapters.reddit_loopback import listening
    from penchant.adapters.reddit_place import API, WEB
    from penchant.app.network import open_client

    if not sys.stdin.isatty():
        raise PenchantError(
            "Reddit wants you to sign in, and there is no terminal to ask for the code", hint="Run this in a terminal."
        )
    secret = getpass.getpass("Secret of the app: ") if args.secret else ""
    redirect = args.redirect or REDIRECT

    def show(address: str) -> None:
        note("Allow penchant to read on this page:")
        note(f"  {plain(address, 2000)}")
        note("Afterwards paste here the whole address that the browser ended on (empty to give up).")
        if not args.no_browser:
            webbrowser.open(address)

    async with listening(redirect) as arrived, open_client(context.config, context.paths.ensure()) as client:
        if arrived is not None:
            note(f"Waiting for a browser on this machine at {plain(redirect)}, or for what you paste.")

        async def ask() -> str:
            waiting = {_typed()} | ({arrived} if arrived is not None and not arrived.done() else set())
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result().strip()

        return await sign_in(
            client, args.name, show=show, ask=ask, client_secret=secret, redirect=redirect,
            web=args.web.rstrip("/") or WEB, api=args.api.rstrip("/") or API,
        )  # fmt: skip


def _typed() -> asyncio.Future[str]:
    """The next line of the terminal. The thread is a daemon: nobody need type when the browser was faster."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def arrived(text: str) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        text = sys.stdin.readline()
        if not loop.is_closed():
            loop.call_soon_threadsafe(arrived, text)

    threading.Thread(target=read, name="penchant-typed", daemon=True).start()
    return line


def _sign_out(args: argparse.Namespace, context: Context) -> None:
    from penchant.adapters.reddit_auth import sign_out
    from penchant.adapters.reddit_place import WEB
    from penchant.app.network import open_client

    account, known = args.name.removeprefix("u/").lower(), accounts(context)
    if account not in known:
        signed_in = ", ".join(known) or "nobody"
        raise PenchantError(f"nobody is signed in as u/{plain(account)}", hint=f"Signed in: {signed_in}.")

    async def leave() -> None:
        async with open_client(context.config, context.paths.ensure()) as client:
            await sign_out(client, account, web=args.web.rstrip("/") or WEB)

    asyncio.run(leave())
