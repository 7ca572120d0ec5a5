"""Textual's command palette, filled from the same commands as the keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from .bars import shown_key
from .commands import COMMANDS, Command

if TYPE_CHECKING:
    from .app import PenchantApp


class Commands(Provider):
    """Offers every command that the screen below knows."""

    def _offered(self) -> list[tuple[type[Command], str]]:
        app: PenchantApp = self.app  # type: ignore[assignment]
        known = [c for c in COMMANDS if hasattr(self.screen, c.method or f"do_{c.id.replace('-', '_')}")]
        return [
            (c, f"{c.label[0].upper()}{c.label[1:]}  ({shown_key(app.keys[c.id]) or 'no key'})")
            for c in known
        ]

    async def discover(self) -> Hits:
        for command, name in self._offered():
            yield DiscoveryHit(name, partial(self._run, command.id), help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command, name in self._offered():
            score = max(matcher.match(name), 0.8 * matcher.match(command.help))
            if score > 0:
                yield Hit(score, matcher.highlight(name), partial(self._run, command.id), help=command.help)

    def _run(self, name: str) -> None:
        app: PenchantApp = self.app  # type: ignore[assignment]
        app.simulate_command(name)
