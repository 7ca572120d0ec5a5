"""Signing in to Bluesky: handle and app password, which become a session of the account's own server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from . import words
from .closing import is_there
from .dialog import Box
from .outreach import reach

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.bluesky_place import Place
    from penchant.adapters.http import Client

    from .app import PenchantApp

_ASK = (
    "Make an app password at https://bsky.app/settings/app-passwords and paste it, then enter. It goes to your own"
    " server only and is not kept; the session it gives is kept on this machine."
)


class BlueskyBox(Box["Suggestion"]):
    """Answers with the list as the signed-in account sees it, or None. `server`: see `sign_in`."""

    app: PenchantApp

    def __init__(self, place: Place, server: str = "") -> None:
        super().__init__()
        self.place, self.server = place, server

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(words.one_line(f"Sign in for {self.place.words}"), classes="head", markup=False)
            yield Static(words.one_line(_ASK), id="words", markup=False)
            yield Input(self.place.account, placeholder="your handle: you.bsky.social", id="handle")
            yield Input(placeholder="app password", id="password", password=True)

    def on_mount(self) -> None:
        self.query_one("#password" if self.place.account else "#handle", Input).focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        handle, password = self.query_one("#handle", Input), self.query_one("#password", Input)
        if not handle.value.strip() or not password.value.strip():
            (password if handle.value.strip() else handle).focus()
            return
        pasted, password.value = password.value, ""
        self.query_one("#words", Static).update("Asking your server ...")
        self.app.spawn(self._check(handle.value, pasted))

    async def _check(self, handle: str, password: str) -> None:
        from penchant.adapters.base import SourceError

        async def check(client: Client) -> Suggestion:
            from penchant.adapters.bluesky_auth import sign_in
            from penchant.adapters.bluesky_place import suggestion_of

            account = await sign_in(client, handle, password, server=self.server)
            return suggestion_of(replace(self.place, account=account))

        try:
            found = await reach(self.app.config, self.app.paths, check)
        except SourceError as error:
            if is_there(self):
                said = f"{words.sentences(str(error), error.hint, now=True)} (esc closes)"
                self.query_one("#words", Static).update(words.one_line(said))
        else:
            if is_there(self):
                self.dismiss(found)


async def lacks_session(app: PenchantApp, suggestion: Suggestion) -> tuple[Suggestion, Place | None]:
    """(the suggestion, for the only account signed in where it needs one; the place to sign in for, or None)."""
    if suggestion.kind != "bluesky":
        return suggestion, None

    async def look(client: Client) -> tuple[Suggestion, Place | None]:
        from penchant.adapters.bluesky_auth import accounts
        from penchant.adapters.bluesky_place import from_settings, suggestion_of

        place, known = from_settings(suggestion.settings), accounts()
        if place.account in known or not (place.account or place.needs_account):
            return suggestion, None
        if len(known) == 1 and not place.account:
            return suggestion_of(replace(place, account=known[0])), None
        return suggestion, place

    return await reach(app.config, app.paths, look)
