"""Signing in to a Mastodon server: show the address, take the code, keep the token."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from . import words
from .closing import is_there
from .dialog import Box
from .outreach import reach
from .starter import Starter

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .app import PenchantApp


class SignInBox(Box[Starter]):
    """Answers with the home timeline of the account, or None."""

    app: PenchantApp
    AUTO_FOCUS = "Input"

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host
        self._code: concurrent.futures.Future[str] = concurrent.futures.Future()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(f"Sign in to {words.one_line(self.host)}", classes="head", markup=False)
            yield Static("Asking the server ...", id="words", markup=False)
            yield Input(placeholder="paste the code here, then enter")

    def on_mount(self) -> None:
        self.app.spawn(self._converse(asyncio.get_running_loop()))

    def on_unmount(self) -> None:
        self._answer("")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self._answer(message.value)
        message.input.value = ""

    def _answer(self, code: str) -> None:
        if not self._code.done():
            self._code.set_result(code)

    def tell(self, text: str) -> None:
        """Say something in the box."""
        if is_there(self):
            self.query_one("#words", Static).update(words.one_line(text))

    def show(self, address: str) -> None:
        """The page to allow penchant in, opened too where there is a browser."""
        self.tell(
            f"Allow penchant to read your timelines on this page, then paste the code it shows: {address}"
        )
        self.app.copy_to_clipboard(address)
        self.app.browse(address)

    async def _converse(self, loop: asyncio.AbstractEventLoop) -> None:
        from penchant.adapters.base import SourceError

        async def ask() -> str:
            self._code = concurrent.futures.Future()
            return await asyncio.wrap_future(self._code)

        def show(address: str) -> None:
            loop.call_soon_threadsafe(self.show, address)

        async def conversation(client: Client) -> Starter:
            from penchant.adapters.mastodon import Mastodon
            from penchant.adapters.mastodon_auth import sign_in
            from penchant.adapters.mastodon_place import with_account

            account = await sign_in(
                client,
                self.host,
                show=show,
                ask=ask,
                favourites=self.app.config.mastodon.favourite_likes,
            )
            place = Mastodon().recognise(f"mastodon:{self.host}/home")
            if place is None:
                raise SourceError(f"{self.host!r} is no server name")
            found = with_account(place, account.acct)
            return Starter(found.kind, found.address, f"{account.acct} home", "", found.settings)

        try:
            found = await reach(self.app.config, self.app.paths, conversation)
        except SourceError as error:
            self.tell(f"{words.sentences(str(error), error.hint, now=True)} (esc closes)")
        else:
            if is_there(self):
                self.dismiss(found)
