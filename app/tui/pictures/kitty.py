"""The kitty graphics protocol: what is written to the terminal, as text. Pure.

https://sw.kovidgoyal.net/kitty/graphics-protocol/. `q=2` everywhere: an
answer would arrive as keypresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from .raster import Placed, Tile

#: Most base64 characters of one escape code.
CHUNK = 4096
START, END = "\x1b_G", "\x1b\\"


def _code(control: str, payload: str = "") -> str:
    return f"{START}{control};{payload}{END}" if payload else f"{START}{control}{END}"


def transmit(number: int, tile: Tile) -> str:
    """Give a tile to the terminal under a number: RGBA, deflated, in chunks. Nothing is shown yet."""
    head = f"a=t,i={number},f=32,o=z,s={tile.width},v={tile.height},q=2"
    return "".join(_codes(head, tile.payload))


def _codes(head: str, payload: str) -> Iterator[str]:
    starts = range(0, max(1, len(payload)), CHUNK)
    for start in starts:
        more = int(start != starts[-1])
        yield _code(f"{head},m={more}" if start == 0 else f"m={more},q=2", payload[start : start + CHUNK])


def place(number: int, slot: int, shown: Placed) -> str:
    """Show a part of a transmitted tile; again with the same number and slot moves it."""
    left, top, width, height = shown.crop
    part = shown.part
    return f"\x1b[{shown.y + 1};{shown.x + 1}H" + _code(
        f"a=p,i={number},p={slot},x={left},y={top},w={width},h={height},c={part.cols},r={part.rows},C=1,q=2"
    )


def unplace(number: int, slot: int) -> str:
    """Take one placement off the screen; the terminal keeps the picture."""
    return _code(f"a=d,d=i,i={number},p={slot},q=2")


def forget(number: int) -> str:
    """Take a picture off the screen and out of the terminal's memory."""
    return _code(f"a=d,d=I,i={number},q=2")


def forget_all() -> str:
    """Everything off the screen and out of memory."""
    return _code("a=d,d=A,q=2")
