"""What is asked of the picture thread: a picture at a size, for a way of drawing. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .fit import Cell

#: How pictures are drawn; "none" does not draw them.
Way = Literal["kitty", "iterm2", "block", "none"]


class Wish(NamedTuple):
    """One picture in `cols` by `rows` cells.

    `large` takes the big file; `fill` cuts off what does not fit the shape and leaves a thin gap above and
    below; `blurred` leaves a few patches of colour; `moves` draws a mark of what moves.
    """

    hash: bytes
    cols: int
    rows: int
    way: Way
    cell: Cell
    large: bool = False
    fill: bool = False
    blurred: bool = False
    moves: bool = False

    @property
    def name(self) -> str:
        """The same for the same picture made the same way, and for nothing else."""
        flags = "".join(str(int(flag)) for flag in (self.large, self.fill, self.blurred, self.moves))
        return f"{self.hash.hex()}-{self.cols}x{self.rows}-{self.cell.width}x{self.cell.height}-{flags}"
