"""Signing in to a reader server, and the question whether it is told what is read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from . import words
from .dialog import Box
from .outreach import reach

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.http import Client
    from penchant.adapters.remote_place import Place

    from .app import PenchantApp

_KEY = "Make a key in Miniflux under Settings, API Keys, and paste it."
_PASSWORD = "FreshRSS and Miniflux have an API password of their own for this (Profile, Integrations)."
_KEPT = " It goes to {host} only. In step: both ways, pull (the server is told nothing), or off. Enter signs in."
_TELL = {"": "both", "both": "both", "pull": "pull", "off": "off"}


class ReaderBox(Box["Suggestion"]):
    """Answers with the source of the signed-in account and the reader's consent, or None."""

    app: PenchantApp

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def compose(self) -> ComposeResult:
        miniflux = self.place.kind == "miniflux"
        asked = (_KEY if miniflux else _PASSWORD) + _KEPT.format(host=self.place.host)
        with Vertical(classes="box"):
            yield Static(words.one_line(f"Sign in for {self.place.words}"), classes="head", markup=False)
            yield Static(words.one_line(asked), id="words", markup=False)
            if not miniflux:
                yield Input(self.place.user, placeholder="user name", id="user")
            yield Input(placeholder="API key" if miniflux else "API password", id="password", password=True)
            yield Input("both", placeholder="both, pull or off", id="sync")

    def on_mount(self) -> None:
        named = self.place.kind == "miniflux" or self.place.user
        self.query_one("#password" if named else "#user", Input).focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        for field in self.query(Input):
            if field.id != "sync" and not field.value.strip():
                field.focus()
                return
        sync = _TELL.get(self.query_one("#sync", Input).value.strip().lower())
        if sync is None:
            self._say("In step is both, pull or off.")
            self.query_one("#sync", Input).focus()
            return
        password = self.query_one("#password", Input)
        pasted, password.value = password.value, ""
        users = [field.value.strip() for field in self.query(Input) if field.id == "user"]
        self._say("Asking the server ...")
        self.app.spawn(self._check(users[0] if users else "", pasted, sync))

    def _say(self, text: str) -> None:
        self.query_one("#words", Static).update(words.one_line(text))

    async def _check(self, user: str, pasted: str, sync: str) -> None:
        from penchant.adapters.base import SourceError

        async def check(client: Client) -> Suggestion:
            from penchant.adapters.remote_place import suggestion_of
            from penchant.adapters.remote_probe import sign_in

            place = self.place.as_user(user) if user else self.place
            return suggestion_of(await sign_in(client, place, pasted), sync)

        try:
            found = await reach(self.app.config, self.app.paths, check)
        except SourceError as error:
            if self.is_mounted:
                self._say(f"{words.sentences(str(error), error.hint, now=True)} (esc closes)")
        else:
            if self.is_mounted:
                self.dismiss(found)


def server_of(suggestion: Suggestion) -> Place | None:
    """The reader server that a typed address means; consent is asked for even where the token is known."""
    from penchant.adapters.remote_place import KINDS, from_settings

    return from_settings(suggestion.kind, suggestion.settings) if suggestion.kind in KINDS else None
