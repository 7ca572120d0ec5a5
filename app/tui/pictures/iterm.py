"""iTerm2's inline pictures (also WezTerm, mintty, VS Code): what is written to the terminal, as text. Pure.

https://iterm2.com/documentation-images.html. The protocol cannot crop, so
tiles are one row high and a tile cut at the side is not drawn.
"""

from __future__ import annotations

from .raster import Placed


def draw(shown: Placed) -> str:
    """A tile at its place; "" for a part of one."""
    tile = shown.tile
    if (shown.part.cols, shown.part.rows) != (tile.cols, tile.rows):
        return ""
    return (
        f"\x1b[{shown.y + 1};{shown.x + 1}H\x1b]1337;File=inline=1;width={tile.cols};height={tile.rows};"
        f"preserveAspectRatio=0;doNotMoveCursor=1:{tile.payload}\x07"
    )
