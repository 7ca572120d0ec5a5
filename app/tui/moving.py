"""Keys that mean the same on several screens."""

from __future__ import annotations

from collections.abc import Collection

from textual.binding import Binding, BindingType

from .commands import COMMANDS, FEED


def moves(page: int = 0) -> list[BindingType]:
    """Down and up, a page, both ends: for a screen with `action_move(rows)`.

    A page is so many rows; 0: the screen knows how many, and has `action_page(pages)`.
    """
    down, up = (f"move({page})", f"move({-page})") if page else ("page(1)", "page(-1)")
    return [
        ("j,down", "move(1)", "Down"),
        ("k,up", "move(-1)", "Up"),
        ("space,pagedown", down, "Page"),
        ("b,pageup", up, "Page up"),
        ("g,home", "move(-1000000)", "Top"),
        ("G,end", "move(1000000)", "End"),
    ]


def commands(ids: Collection[str]) -> list[BindingType]:
    """The feed's keys for some of its commands, for another list of items."""
    return [
        Binding(",".join(c.keys), f"app.command('{c.id}')", c.label, show=False, id=c.id)
        for c in COMMANDS
        if c.id in ids and FEED in c.scopes
    ]
