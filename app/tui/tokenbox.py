"""Asking for a token of GitHub: paste it, it is checked and kept."""

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
    from penchant.adapters.github_place import Place
    from penchant.adapters.http import Client

    from .app import PenchantApp

_ASK = (
    "Paste a token from https://github.com/settings/tokens (classic; no scope for what is public, `notifications`"
    " for notifications), then enter. It stays on this machine and goes to {host} only."
)


class TokenBox(Box[str]):
    """Answers with the login that the token belongs to, or None."""

    app: PenchantApp
    AUTO_FOCUS = "Input"

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(words.one_line(f"{self.place.title} needs a token"), classes="head", markup=False)
            yield Static(words.one_line(_ASK.format(host=self.place.host)), id="words", markup=False)
            yield Input(placeholder="paste the token here, then enter", password=True)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        pasted, message.input.value = message.value, ""
        if pasted.strip():
            self.query_one("#words", Static).update("Asking the server ...")
            self.app.spawn(self._check(pasted))

    async def _check(self, pasted: str) -> None:
        from penchant.adapters.base import SourceError

        async def check(client: Client) -> str:
            from penchant.adapters.github_api import sign_in

            return await sign_in(client, self.place.api, pasted)

        try:
            login = await reach(self.app.config, self.app.paths, check)
        except SourceError as error:
            if is_there(self):
                said = f"{words.sentences(str(error), error.hint, now=True)} (esc closes)"
                self.query_one("#words", Static).update(words.one_line(said))
        else:
            if is_there(self):
                self.dismiss(login)


async def lacks_token(app: PenchantApp, suggestion: Suggestion) -> Place | None:
    """The place that needs a token and has none that its server takes; None for every other suggestion."""
    if suggestion.kind != "github":
        return None
    from penchant.adapters.github_place import from_settings

    place = from_settings(suggestion.settings)
    if not place.needs_token:
        return None

    async def look(client: Client) -> str:
        from penchant.adapters.github_api import signed_in

        return await signed_in(client, place.api)

    return None if await reach(app.config, app.paths, look) else place
