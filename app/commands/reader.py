"""`penchant reader login URL`, `logout`, `accounts`, `feeds`, `push`, `sync`: Miniflux and other reader servers."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.remote_place import Place

_EXAMPLES = """examples:
  penchant reader login https://reader.example   finds out what it speaks, asks for name and password
  penchant reader feeds me@reader.example --add  follow its feeds here directly, too
  penchant reader push me@reader.example         follow there what you follow here; asks first
  penchant reader sync                           bring read and saved into step now
  penchant reader sync me@reader.example pull    from now on tell this server nothing"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EXAMPLES
    doing = "sign in or out, list accounts or an account's feeds, bring followed feeds or reading into step"
    parser.add_argument("what", choices=["login", "logout", "accounts", "feeds", "push", "sync"], help=doing)
    parser.add_argument("name", nargs="?", default="", help="address of the server, or an account")
    parser.add_argument("how", nargs="?", default="", choices=["", "both", "pull", "off"], help="sync: which way")
    parser.add_argument("--add", action="store_true", help="feeds, push: follow here what only the server follows")
    parser.add_argument("--dry-run", action="store_true", help="push: only say what would change")
    parser.add_argument("--yes", action="store_true", help="push: change it without a question")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "accounts":
        for account in accounts(context):
            say(account.address)
    elif args.what == "login":
        if not args.name:
            raise UsageError("`penchant reader login` needs an address", hint="Such as https://reader.example.")
        account = sign_in(_named(args.name), context)
        say(f"signed in as {plain(account.account)} ({plain(account.words)})")
        note(f"`penchant add {plain(account.address)}` follows everything you follow there.")
    elif args.what == "logout":
        _sign_out(_account(args.name, context), context)
    elif args.what == "feeds":
        from .reader_feeds import show

        show(_account(args.name, context), context, add=args.add)
    elif args.what == "push":
        from .reader_push import push

        return push(_account(args.name, context), context, add=args.add, dry=args.dry_run, yes=args.yes)
    else:
        from .reader_sync import choose, now

        if args.how:
            choose(_account(args.name, context), args.how, context)
        else:
            return now(_account(args.name, context) if args.name else None, context)
    return None


def accounts(context: Context) -> list[Place]:
    """Accounts whose token is kept on this machine."""
    from penchant.adapters import secrets
    from penchant.adapters.remote import accounts as known

    secrets.configure(context.paths.secrets)
    return list(known())


def account_if_needed(suggestion: Suggestion, context: Context, sync: str = "") -> Suggestion:
    """The suggestion with an account and the reader's consent; asks on the terminal. Raises `PenchantError`."""
    from penchant.adapters.remote_place import from_settings, suggestion_of

    place = from_settings(suggestion.kind, suggestion.settings)
    here = [a for a in accounts(context) if (a.kind, a.base) == (place.kind, place.base)]
    fitting = [a for a in here if place.user in ("", a.user)]
    account = fitting[0] if len(fitting) == 1 else sign_in(place, context)
    known = {(s.kind, s.address) for s in context.store.subscriptions.all(counted=False)}
    asked = sync or ("off" if (account.kind, account.address) in known else _consent(account))
    return suggestion_of(account, asked)


def _consent(place: Place) -> str:
    """Which way reading is kept in step; without a terminal the server is told nothing."""
    if not sys.stdin.isatty():
        note(f"what you read here is not told to {plain(place.host)}; `--sync both` keeps both in step")
        return "pull"
    note("Read and starred there count as seen and saved here.")
    answer = input(f"Tell {plain(place.host)} what you read and save here, too? [Y/n/off] ").strip().lower()
    return {"": "both", "y": "both", "yes": "both", "off": "off"}.get(answer, "pull")


def sign_in(place: Place | str, context: Context) -> Place:
    """Find out what the server speaks, ask for what it wants, and keep the token. Raises `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.remote_place import KINDS, from_url
    from penchant.adapters.remote_probe import find
    from penchant.adapters.remote_probe import sign_in as exchange
    from penchant.app.network import open_client

    secrets.configure(context.paths.secrets)
    where = from_url("greader", place) if isinstance(place, str) else place
    if where is None:
        raise UsageError(f"{plain(str(place))} is no address of a server", hint="Such as https://reader.example.")
    known = not isinstance(place, str)

    async def look() -> Place:
        async with open_client(context.config, context.paths.ensure()) as client:
            return where if known else await find(client, where)

    found = asyncio.run(look())
    note(f"{plain(found.base)} speaks {KINDS[found.kind]}.")
    if found.kind == "miniflux":
        secret = _hidden("API key (Miniflux: Settings, API Keys; empty to give up): ")
    else:
        found = found if found.user else found.as_user(_line("User name: "))
        secret = _hidden(f"API password of {plain(found.user)} (it is not kept; empty to give up): ")
    if not secret:
        raise PenchantError("sign-in was given up; nothing was stored", hint="Start again whenever you like.")

    async def attempt() -> Place:
        async with open_client(context.config, context.paths.ensure()) as client:
            return await exchange(client, found, secret)

    return asyncio.run(attempt())


def _named(name: str) -> Place | str:
    """A place whose kind the reader gave ("fever:https://..."), or the address to look at."""
    from penchant.adapters.remote_place import KINDS, from_address

    kind = name.partition(":")[0]
    return (from_address(kind, name) or name) if kind in KINDS else name


def _account(name: str, context: Context) -> Place:
    """The signed-in account that a name means; none is needed where there is only one."""
    known = accounts(context)
    wanted = name.removeprefix("https://").removeprefix("http://").rstrip("/")
    found = [a for a in known if not wanted or wanted in (a.address, a.account, a.host, a.host + a.path)]
    if len(found) == 1:
        return found[0]
    signed_in = ", ".join(a.address for a in known) or "nobody"
    words = f"{plain(name) or 'this'} may be any of them" if found else f"nobody is signed in as {plain(name)}"
    raise PenchantError(words, hint=f"Signed in: {plain(signed_in)}.")


def _sign_out(account: Place, context: Context) -> None:
    from penchant.adapters import secrets
    from penchant.adapters.remote import token_key

    secrets.delete(token_key(account))
    say(f"signed out here: {plain(account.account)}")


def _line(question: str) -> str:
    if sys.stdin.isatty():
        return input(question).strip()
    return sys.stdin.readline().strip()


def _hidden(question: str) -> str:
    """A line that the terminal does not show; without one, the next line of standard input."""
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(question)
    return sys.stdin.readline().rstrip("\n")
