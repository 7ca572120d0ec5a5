"""The first run, and adding sources later: tick, paste, import, sign in, or take the sample feed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from penchant.app.errors import PenchantError

from . import words
from .blueskybox import BlueskyBox, lacks_session
from .closing import is_there
from .deeds import Place
from .dialog import Box
from .outreach import what_is
from .readerbox import box_for
from .starter import SAMPLE, STARTERS, Starter
from .ticklist import TickList
from .tokenbox import TokenBox, lacks_token

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.github_place import Place as GitHubPlace

    from .app import PenchantApp

WELCOME = "Welcome to penchant. It learns what you like; nothing leaves this machine."
HINT = "space ticks  tab next field  enter takes what you typed  ^s follows  esc leaves"


class OnboardingScreen(Screen[None]):
    """Adds subscriptions; items appear behind it as they arrive."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("ctrl+s", "follow", "Follow what is ticked"),
        ("escape", "leave", "Leave"),
        ("down", "app.focus_next", "Next field"),
        ("up", "app.focus_previous", "Previous field"),
    ]
    AUTO_FOCUS = "TickList"

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self.first = first
        self.offered: list[Starter] = list(STARTERS)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield Static(WELCOME if self.first else "Add sources", classes="head", markup=False)
            yield TickList(map(_row, self.offered), id="starters")
            for name, label, hint in (
                ("address", "Address", "any site, feed, r/python, !name@host, github:received, arxiv:cat:cs.IR"),
                (
                    "mastodon",
                    "Mastodon",
                    "a server for its public posts, you@server to sign in",
                ),
                ("bluesky", "Bluesky", "you.bsky.social to sign in, @name.bsky.social for one person's posts"),
                ("opml", "Import", "feeds (OPML), or your own export of X, Mastodon, Reddit, Pocket: zip or folder"),
                ("topics", "Topics", "sqlite, owls, trams: a first guess at what you like"),
            ):
                with Horizontal(classes="field"):
                    yield Static(label, classes="label")
                    yield Input(placeholder=hint, id=name, compact=True)
            with Horizontal(id="buttons"):
                yield Button("Follow the ticked", id="follow", variant="primary", compact=True)
                yield Button("Try the sample feed", id="sample", compact=True)
                yield Button("Not now" if self.first else "Back", id="leave", compact=True)
        yield Static(HINT, id="said", markup=False)

    def say(self, text: str, role: str = "") -> None:
        """Say something below the form, on as many lines as it needs."""
        if is_there(self):
            said = self.query_one("#said", Static)
            said.set_class(role == "error", "wrong")
            said.update(words.one_line(text))

    # -- fields
    @on(Input.Submitted)
    def submitted(self, message: Input.Submitted) -> None:
        text = words.one_line(message.value).strip()
        if not text:
            self.focus_next()
            return
        work: dict[str, Any] = {
            "address": self._address,
            "mastodon": self._mastodon,
            "bluesky": self._bluesky,
            "opml": self._opml,
            "topics": self._topics,
        }
        self.app.spawn(self._attempt(message.input, work[message.input.id or ""](text)))

    async def _attempt(self, field: Input, work: Any) -> None:
        from penchant.adapters.base import SourceError

        try:
            await work
        except (SourceError, PenchantError) as error:
            self.say(words.sentences(str(error), error.hint, now=True), "error")
        else:
            field.value = ""

    async def _address(self, text: str) -> None:
        self.say(f"Looking at {text} ...")
        found = await what_is(self.app.config, self.app.paths, text)
        if not found:
            raise PenchantError(
                f"No feed was found at {text}",
                hint=f"Look for a link called RSS, Atom or Feed on the page and paste that, or page:{text}",
            )
        if found[0].kind == "script":
            raise PenchantError(
                "A command is allowed in a shell only, where you can see all of it",
                hint="Run there: penchant add 'exec:...'",
            )
        if (place := await lacks_token(self.app, found[0])) is not None:
            self._ask_token(place, found[0])
            return
        found[0], lacking = await lacks_session(self.app, found[0])
        if lacking is not None:
            self._ask(BlueskyBox(lacking))
            return
        if (box := await box_for(self.app, found[0])) is not None:
            self._ask(box)
            return
        for suggestion in found[:8]:
            title = suggestion.title or suggestion.address
            self.offer(
                Starter(suggestion.kind, suggestion.address, title, "", suggestion.settings),
                ticked=suggestion is found[0],
            )
        more = f" and {len(found) - 1} more to choose from" if len(found) > 1 else ""
        self.say(f"Found {found[0].title or found[0].address}{more}; ^s follows what is ticked")

    def _ask_token(self, place: GitHubPlace, found: Suggestion) -> None:
        def given(login: str | None) -> None:
            if login is not None:
                self.offer(Starter(found.kind, found.address, found.title, "", found.settings), ticked=True)
                self.say(f"Reading GitHub as {login}: {found.title}; ^s follows what is ticked")

        self.app.push_screen(TokenBox(place), given)

    def _ask(self, box: Box[Suggestion]) -> None:
        def given(found: Suggestion | None) -> None:
            if found is not None:
                self.offer(Starter(found.kind, found.address, found.title, "", found.settings), ticked=True)
                self.say(f"Signed in: {found.title}; ^s follows what is ticked")

        self.app.push_screen(box, given)

    async def _bluesky(self, text: str) -> None:
        known = text.startswith(("@", "bluesky:", "at://", "http:", "https:", "bsky.app/"))
        await self._address(text if known else f"bluesky:{text}/timeline")

    async def _mastodon(self, text: str) -> None:
        if "@" in text.strip("@"):
            from .signin import SignInBox

            host = text.rpartition("@")[2]

            def signed_in(found: Starter | None) -> None:
                if found is not None:
                    self.offer(found, ticked=True)
                    self.say(f"Signed in: {found.title}; ^s follows what is ticked")

            self.app.push_screen(SignInBox(host), signed_in)
            return
        await self._address(text if text.startswith("mastodon:") else f"mastodon:{text}/public")

    async def _opml(self, text: str) -> None:
        from .takein import take_in

        path = Path(text).expanduser()
        self.say(f"Reading {path.name} ...")
        report = await take_in(path)
        await self.app.refresh_sources(None)
        self.say(report)

    async def _topics(self, text: str) -> None:
        topics = [topic.strip() for topic in text.split(",") if topic.strip()][:50]
        deeds = self.app.deeds
        self.app.feed_screen.begin_anew(touched=False)
        await deeds.record(deeds.event("topics", None, Place(), {"topics": topics}))
        self.say(f"Noted: {', '.join(topics)}. What you like and skip will soon count for more")

    def offer(self, starter: Starter, *, ticked: bool) -> None:
        """Put a source on the list."""
        listed = self.query_one(TickList)
        known = next((i for i, s in enumerate(self.offered) if s.address == starter.address), None)
        if known is None:
            self.offered.append(starter)
            known = listed.add(*_row(starter))
        if ticked:
            listed.tick(known)
        listed.select(known)

    # -- leaving
    def action_follow(self) -> None:
        self.app.spawn(self._follow())

    async def _follow(self) -> None:
        typed = [field for field in self.query(Input) if field.value.strip()]
        if typed:
            # What stands in a field was meant: take it up before leaving.
            typed[0].focus()
            await typed[0].action_submit()
            return
        ticked = [self.offered[index] for index in sorted(self.query_one(TickList).ticked)]
        if not ticked:
            self.say("Nothing is ticked: space ticks the line you are on", "error")
            return
        await self._add(ticked)

    async def _add(self, starters: list[Starter]) -> None:
        def add(store: Any) -> list[int]:
            return [
                store.subscriptions.add(s.kind, s.address, s.title, s.all_settings(), ()) for s in starters
            ]

        ids = await self.app.bridge.clerk.do(add)
        await self.app.refresh_sources(ids)
        self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()

    @on(Button.Pressed)
    def pressed(self, message: Button.Pressed) -> None:
        if message.button.id == "follow":
            self.action_follow()
        elif message.button.id == "sample":
            self.app.spawn(self._add([SAMPLE]))
        else:
            self.dismiss()


def _row(starter: Starter) -> tuple[str, str]:
    return starter.title, starter.about or starter.address
