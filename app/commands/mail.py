"""`penchant mail login ADDRESS`, `logout ACCOUNT`, `accounts`: passwords of mail accounts that are read."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.mail_place import Place

_PREFIX = "mail:"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "examples:\n  penchant mail login imaps://me@mail.example\n  penchant mail logout me@mail.example"
    doing = "give a password, forget it, or list the accounts that have one"
    parser.add_argument("what", choices=["login", "logout", "accounts"], help=doing)
    parser.add_argument("name", nargs="?", default="", help="login: imaps://user@host; logout: user@host")
    parser.add_argument("--ca", default="", metavar="FILE", help="certificates of a server that signs its own")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.adapters import secrets
    from penchant.adapters.mail_place import from_settings, password_key

    secrets.configure(context.paths.secrets)
    if args.what == "accounts":
        for account in accounts(context):
            say(plain(account))
        return None
    if args.what == "logout":
        if not secrets.delete(password_key(args.name)):
            known = ", ".join(accounts(context)) or "none"
            raise PenchantError(f"no password is kept for {plain(args.name)!r}", hint=f"Accounts: {known}.")
        say(f"forgotten: {plain(args.name)}")
        return None
    place = from_settings({"address": args.name, "ca": args.ca})
    if place.path:
        raise UsageError("a Maildir needs no password", hint=f"`penchant add {plain(place.address)}` follows it.")
    say(f"signed in as {plain(place.account)}; the password is kept in the {sign_in(place, context)}")
    note(f"`penchant add {plain(place.address)}` follows {plain(place.folder)}.")
    return None


def accounts(context: Context) -> list[str]:
    """Accounts whose password is kept on this machine, as user@host."""
    from penchant.adapters import secrets

    secrets.configure(context.paths.secrets)
    return [name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX)]


def password_if_needed(suggestion: Suggestion, context: Context) -> None:
    """Ask for the password of an account that has none yet. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters.mail_place import from_settings

    place = from_settings(suggestion.settings)
    if not place.path and place.account.lower() not in accounts(context):
        sign_in(place, context)


def sign_in(place: Place, context: Context) -> str:
    """Ask for the password, try it, keep it; where it went. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.mail_imap import Box
    from penchant.adapters.mail_place import password_key

    secrets.configure(context.paths.ensure().secrets)
    password = _hidden(f"Password of {plain(place.account)} (not shown; empty to give up): ")
    if not password:
        raise PenchantError("sign-in was given up; nothing was stored", hint="Start again whenever you like.")
    box = Box(place, context.config.network.timeout)
    try:
        box.open(password)
    finally:
        box.close()
    return secrets.set(password_key(place.account), password)


def _hidden(question: str) -> str:
    """A line that the terminal does not show; without one, the next line of standard input."""
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(question, sys.stderr)
    return sys.stdin.readline().rstrip("\n")
