"""Signing in to a reader server, and the question whether it is told what is read here."""

from __future__ import annotations

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
    from penchant.adapters.http import Client
    from penchant.adapters.remote_place import Place

    from .app import PenchantApp

_KEY = "Make a key in Miniflux under Settings, API Keys, and paste it."
_PASSWORD = "FreshRSS and Miniflux have an API password of their own for this (Profile, Integrations)."
_KNOWN = "You are signed in; what the server gave is kept on this machine."
_KEPT = " It goes to {host} only. In step: both ways, pull (the server is told nothing), or off. Enter signs in."
_TELL = {"": "both", "both": "both", "pull": "pull", "off": "off"}


class ReaderBox(Box["Suggestion"]):
    """Answers with the source of the signed-in account and the reader's consent, or None."""

    app: PenchantApp

    def __init__(self, place: Place, *, known: bool = False) -> None:
        """`known`: the token is kept already, so that only consent is asked for."""
        super().__init__()
        self.place, self.known = place, known

    def compose(self) -> ComposeResult:
        miniflux = self.place.kind == "miniflux"
        asked = (_KNOWN if self.known else _KEY if miniflux else _PASSWORD) + _KEPT.format(host=self.place.host)
        with Vertical(classes="box"):
            yield Static(words.one_line(f"Sign in for {self.place.words}"), classes="head", markup=False)
            yield Static(words.one_line(asked), id="words", markup=False)
            if not miniflux and not self.known:
                yield Input(self.place.user, placeholder="user name", id="user")
            if not self.known:
                yield Input(placeholder="API key" if miniflux else "API password", id="password", password=True)
            yield Input("both", placeholder="both, pull or off", id="sync")

    def on_mount(self) -> None:
        fields = [field for field in self.query(Input) if not field.value]
        (fields or list(self.query(Input)))[0].focus()

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
        given = {field.id: field.value for field in self.query(Input)}
        if self.known:
            from penchant.adapters.remote_place import suggestion_of

            self.dismiss(suggestion_of(self.place, sync))
            return
        self.query_one("#password", Input).value = ""
        self._say("Asking the server ...")
        self.app.spawn(self._check(given.get("user", "").strip(), given["password"], sync))

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
            if is_there(self):
                self._say(f"{words.sentences(str(error), error.hint, now=True)} (esc closes)")
        else:
            if is_there(self):
                self.dismiss(found)


async def box_for(app: PenchantApp, suggestion: Suggestion) -> ReaderBox | None:
    """The box for a reader server, None for other sources. Consent is asked for even where the token is known."""
    from penchant.adapters.remote_place import KINDS, from_settings

    if suggestion.kind not in KINDS:
        return None
    place = from_settings(suggestion.kind, suggestion.settings)

    async def look(client: Client) -> Place | None:
        from penchant.adapters.remote import accounts

        here = [a for a in accounts() if (a.kind, a.base) == (place.kind, place.base) and place.user in ("", a.user)]
        return here[0] if len(here) == 1 else None

    account = await reach(app.config, app.paths, look)
    return ReaderBox(account or place, known=account is not None)
