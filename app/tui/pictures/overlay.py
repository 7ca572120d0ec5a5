"""Pictures over the text: what to write after a frame so that the screen shows exactly the wanted ones.

A picture goes to the terminal once; afterwards a frame only moves, crops and
removes placements. Both classes are state machines without I/O: given what is
wanted, they answer the bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from . import iterm, kitty
from .raster import Box, Placed

#: Bytes of new pictures in one frame: a key must not wait behind them on a slow line.
BUDGET = 64_000
#: Bounds of what the terminal keeps for us: images, and pixels (4 bytes each).
MOST_IMAGES, MOST_PIXELS = 400, 12_000_000


class KittyOverlay:
    """What a terminal with kitty's protocol has and shows; `frame` brings it to what is wanted."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._next = 1
        self._pixels = 0
        self._shown: dict[tuple[int, int], Placed] = {}

    def frame(self, wanted: Sequence[Placed], painted: Sequence[Box] | None = None) -> tuple[str, bool]:
        """(what to write, whether pictures wait for a further frame). `painted` does not matter here."""
        out: list[str] = []
        room, waiting = BUDGET, False
        shown: dict[tuple[int, int], Placed] = {}
        for each in wanted:
            number = self._number(each)
            if number is None:
                if room < BUDGET and room < len(each.tile.payload):
                    waiting = True
                    continue
                room -= len(each.tile.payload)
                number = self._give(each)
                out.append(kitty.transmit(number, each.tile))
            slot = 1
            while (number, slot) in shown:
                slot += 1
            shown[number, slot] = each
        out += [kitty.unplace(*key) for key in self._shown if key not in shown]
        out += [kitty.place(*key, each) for key, each in shown.items() if self._shown.get(key) != each]
        self._shown = shown
        out += self._bounded()
        return "".join(out), waiting

    def clear(self) -> str:
        """Everything off the screen and out of the terminal; what is wanted next is sent anew."""
        had = bool(self._numbers)
        self.__init__()  # type: ignore[misc]
        return kitty.forget_all() if had else ""

    def _number(self, each: Placed) -> int | None:
        if each.tile.name not in self._numbers:
            return None
        self._numbers.move_to_end(each.tile.name)
        return self._numbers[each.tile.name][0]

    def _give(self, each: Placed) -> int:
        number, self._next = self._next, self._next + 1
        pixels = each.tile.width * each.tile.height
        self._numbers[each.tile.name] = number, pixels
        self._pixels += pixels
        return number

    def _bounded(self) -> list[str]:
        """The longest unused pictures go; never one that is on the screen."""
        out = []
        used = {number for number, _ in self._shown}
        for name in list(self._numbers):
            if len(self._numbers) <= MOST_IMAGES and self._pixels <= MOST_PIXELS:
                break
            number, pixels = self._numbers[name]
            if number not in used:
                del self._numbers[name]
                self._pixels -= pixels
                out.append(kitty.forget(number))
        return out


class ItermOverlay:
    """iTerm2's pictures are contents of cells: what was painted over is drawn again, nothing needs removing."""

    def __init__(self) -> None:
        self._shown: set[Placed] = set()

    def frame(self, wanted: Sequence[Placed], painted: Sequence[Box] | None = None) -> tuple[str, bool]:
        """(what to write, whether pictures wait for a further frame). `painted`: None for the whole screen."""
        out: list[str] = []
        room, waiting = BUDGET, False
        shown: set[Placed] = set()
        for each in wanted:
            over = Box(each.x, each.y, each.part.cols, each.part.rows)
            if each in self._shown and painted is not None and not any(over.cut(box) for box in painted):
                shown.add(each)
                continue
            if room < BUDGET and room < len(each.tile.payload):
                waiting = True
                continue
            room -= len(each.tile.payload)
            out.append(iterm.draw(each))
            shown.add(each)
        self._shown = shown
        return "".join(out), waiting

    def clear(self) -> str:
        """Nothing is on the screen any more (text was painted over it)."""
        self._shown = set()
        return ""


Overlay = KittyOverlay | ItermOverlay
