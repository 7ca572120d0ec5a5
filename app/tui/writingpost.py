"""Posting a draft from a screen: one key says where it would go, and only another one sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penchant.adapters.base import SourceError
from penchant.app.errors import PenchantError

from . import words
from .closing import is_there
from .outreach import reach

if TYPE_CHECKING:
    from pathlib import Path

    from penchant.app.store.drafts import Draft
    from penchant.app.writing.posting import Ready

    from .app import PenchantApp
    from .writinglines import Shown

ON_ITS_WAY = "A draft is on its way to its service: wait until it is there"


class Posting:
    """A mixin of the screens with drafts. What is ready to go out is forgotten with every other key."""

    app: PenchantApp
    #: Ways in which the draft at hand can go out; the first is the one that the next key takes.
    ways: tuple[Ready, ...] = ()
    #: The draft that is on its way to its service: its words are not changed now.
    _sending = ""
    #: How often something else was done: what was looked up for an earlier key is then no longer wanted.
    _turned = 0

    if TYPE_CHECKING:

        def current(self) -> Shown | None: ...
        def tell(self, text: str, role: str = "") -> None: ...
        def announce(self, text: str, *, wrong: bool = False) -> None: ...
        async def act(self, draft: Draft, act: str, state: Any = None, **facts: Any) -> None: ...
        async def again(self) -> None: ...

    def unready(self) -> None:
        """The reader does something else: the second key posts nothing any more."""
        self.ways = ()
        self._turned += 1

    def action_post(self) -> None:
        """Say where the draft would go; again: another account."""
        shown = self.current()
        if shown is None:
            self.tell("There is no draft to post yet")
        elif self.ways and self.ways[0].draft.id == shown.draft.id:
            self._ready((*self.ways[1:], self.ways[0]))
        else:
            self.tell("Looking for accounts ...")
            self.app.spawn(self._look_up(shown.draft.id))

    async def _look_up(self, draft_id: str) -> None:
        from penchant.app.writing.posting import ready

        turned, tokens = self._turned, self.app.paths.secrets
        try:
            ways = await self.app.bridge.reader.do(lambda store: _ways(store, draft_id, ready, tokens))
        except (PenchantError, SourceError) as error:  # the latter: tokens that cannot be read
            self._failed(error)
            return
        if turned == self._turned:
            self._ready(ways)

    def _ready(self, ways: tuple[Ready, ...]) -> None:
        self.ways = ways
        others = "   p: another account" if len(ways) > 1 else ""
        self.tell("")
        self.announce(f"P posts it {ways[0].words}{others}")

    def _failed(self, error: PenchantError | SourceError) -> None:
        said = str(error)
        self.tell("")  # what was said of the key before
        self.announce(words.sentences(said[:1].upper() + said[1:], error.hint), wrong=True)

    def action_post_now(self) -> None:
        """The second key: send it. Other keys go on meanwhile, however slow the server is."""
        shown = self.current()
        if not self.ways or shown is None or self.ways[0].draft.id != shown.draft.id:
            self.tell("p first says where it would go; then P posts it")
            return
        if self._sending:
            self.tell(ON_ITS_WAY)
            return
        self._sending = shown.draft.id
        self.app.spawn(self._deliver(self.ways[0]))
        self.unready()

    async def _deliver(self, chosen: Ready) -> None:
        try:
            await self._send(chosen)
        finally:
            self._sending = ""

    async def _send(self, chosen: Ready) -> None:
        from penchant.app.writing import posting

        self.announce(f"Posting {chosen.words} …")
        try:
            begun = await self.app.bridge.clerk.do(lambda store: posting.begin(store, chosen))
        except PenchantError as error:
            self._failed(error)
            return
        try:
            posted = await reach(self.app.config, self.app.paths, lambda client: posting.send(client, begun))
        except (PenchantError, SourceError) as error:
            why = error
            await self.app.bridge.clerk.do(lambda store: posting.failed(store, begun, why))
            if is_there(self):  # type: ignore[arg-type]
                await self.again()
                self._failed(error)
            return
        await self.app.bridge.clerk.do(lambda store: posting.done(store, begun, posted))
        await self.act(begun.draft, "posted", url=posted.url, account=chosen.account.name)
        self.announce(f"Posted: {posted.url}")


def _ways(store: Any, draft_id: str, ready: Any, tokens: Path) -> tuple[Ready, ...]:
    from penchant.adapters import secrets

    secrets.configure(tokens)
    draft = store.drafts.get(draft_id)
    if draft is None:
        raise PenchantError("this draft is gone")
    return tuple(ready(store, draft))
