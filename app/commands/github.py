"""`penchant github login [HOST]`, `logout [HOST]`, `accounts`: the token, and asking for it where a list needs one."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import re
import sys
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion

TRIES = 3
_PREFIX = "github:"
_WHERE = (
    "Make a classic token at https://github.com/settings/tokens: no scope for what is public, `notifications` for"
    " notifications, `repo` for what is private."
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "examples:\n  penchant github login\n  penchant github login ghe.example\n  penchant github logout"
    parser.add_argument(
        "what", choices=["login", "logout", "accounts"], help="paste a token, forget it, or list where there is one"
    )
    parser.add_argument("host", nargs="?", default="github.com", help="a server of your own (GitHub Enterprise)")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.adapters import secrets
    from penchant.adapters.github_token import token_key, token_of_gh

    secrets.configure(context.paths.secrets)
    api = api_of(args.host)
    if args.what == "accounts":
        kept = [name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX)]
        for host in kept:
            say(plain(host))
        if token_of_gh(api):
            say(f"{plain(args.host)}  (lent by gh)")
    elif args.what == "login":
        say(f"signed in as {plain(asyncio.run(_ask(api, context)))}")
    elif secrets.delete(token_key(api)):
        say(f"forgotten: the token for {plain(args.host)}")
        note("The server still takes it: revoke it at https://github.com/settings/tokens.")
    else:
        raise PenchantError(
            f"no token is kept for {plain(args.host)}", hint="`penchant github accounts` lists where there is one."
        )
    return None


def api_of(host: str) -> str:
    """Base address of the API of a server. Raises `UsageError`."""
    from penchant.adapters.github_place import API
    from penchant.adapters.wire import address

    if host in ("github.com", "api.github.com"):
        return API
    named = f"https://{host}/api/v3" if re.fullmatch(r"[A-Za-z0-9.-]+(?::\d+)?", host) else host
    base = address("", named).rstrip("/")
    if not base:
        raise UsageError(f"{plain(host)} is no name of a server", hint="Such as github.com or ghe.example.")
    return base


def token_if_needed(suggestion: Suggestion, context: Context) -> None:
    """See to it that a list which needs a token has one. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.github_place import from_settings
    from penchant.adapters.github_token import find_token

    secrets.configure(context.paths.secrets)
    place = from_settings(suggestion.settings)
    if place.needs_token:
        note(f"Reading GitHub as {plain(asyncio.run(_ask(place.api, context, again=False)))}.")
    elif not asyncio.run(find_token(place.api)):
        note("Without a token GitHub answers 60 requests an hour; `penchant github login` raises that to 5,000.")


async def _ask(api: str, context: Context, *, again: bool = True) -> str:
    """Whose token it is that was pasted, or that is there already unless `again`."""
    from penchant.adapters.base import NotAuthorized
    from penchant.adapters.github_api import sign_in, signed_in
    from penchant.app.network import open_client

    async with open_client(context.config, context.paths.ensure()) as client:
        login = "" if again else await signed_in(client, api)
        if login:
            return login
        if not sys.stdin.isatty():
            raise PenchantError(
                f"a token of {plain(api)} is needed, and there is no terminal to ask for it",
                hint="Run `gh auth login`, or `penchant github login` in a terminal.",
            )
        note(_WHERE)
        for left in range(TRIES - 1, -1, -1):
            pasted = await asyncio.to_thread(getpass.getpass, "Token (not shown; empty to give up): ", sys.stderr)
            if not pasted.strip():
                raise PenchantError("no token was given; nothing was changed", hint="Run the command again any time.")
            try:
                return await sign_in(client, api, pasted)
            except NotAuthorized as error:
                if not left:
                    raise
                note(f"{plain(str(error))} Try again.")
    raise AssertionError("the last try returns or raises")
