"""The token for GitHub, asked for on the terminal where a list needs one and none is at hand."""

from __future__ import annotations

import asyncio
import getpass
import sys
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .context import Context
from .output import note, plain

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.github_place import Place

TRIES = 3
_WHERE = (
    "Make a classic token at https://github.com/settings/tokens: no scope for what is public, `notifications` for"
    " notifications, `repo` for what is private."
)


def token_if_needed(suggestion: Suggestion, context: Context) -> None:
    """See to it that a list which needs a token has one. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.github_place import from_settings
    from penchant.adapters.github_token import find_token

    secrets.configure(context.paths.secrets)
    place = from_settings(suggestion.settings)
    if place.needs_token:
        asyncio.run(_ask(place, context))
    elif not asyncio.run(find_token(place.api)):
        note("Without a token GitHub answers 60 requests an hour; `gh auth login` raises that to 5,000.")


async def _ask(place: Place, context: Context) -> None:
    from penchant.adapters.base import NotAuthorized
    from penchant.adapters.github_api import sign_in, signed_in
    from penchant.app.network import open_client

    async with open_client(context.config, context.paths.ensure()) as client:
        login = await signed_in(client, place)
        if login:
            note(f"Reading GitHub as {plain(login)}.")
            return
        if not sys.stdin.isatty():
            raise PenchantError(
                f"{plain(place.title)} needs a token of {plain(place.host)}, and there is no terminal to ask for it",
                hint="Run `gh auth login`, or this command in a terminal.",
            )
        note(_WHERE)
        for left in range(TRIES - 1, -1, -1):
            pasted = await asyncio.to_thread(getpass.getpass, "Token (not shown; empty to give up): ", sys.stderr)
            if not pasted.strip():
                raise PenchantError("no token was given, so nothing was added", hint="Run the command again any time.")
            try:
                login = await sign_in(client, place.api, pasted)
            except NotAuthorized as error:
                if not left:
                    raise
                note(f"{plain(str(error))} Try again.")
                continue
            note(f"Reading GitHub as {plain(login)}.")
            return
