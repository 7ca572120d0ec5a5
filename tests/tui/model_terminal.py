"""A terminal of kitty's graphics protocol in miniature: reads bytes, knows what it shows. Not a test."""

from __future__ import annotations

import re
import zlib
from base64 import standard_b64decode
from dataclasses import dataclass, field

CODE = re.compile(r"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\|\x1b\[(\d+);(\d+)H")


@dataclass
class ModelTerminal:
    """`images`: number -> (width, height). `shown`: (number, placement) -> (column, row, crop, cells)."""

    images: dict[int, tuple[int, int]] = field(default_factory=dict)
    shown: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    transmitted: int = 0
    cursor: tuple[int, int] = (0, 0)
    loading: tuple[dict[str, str], str] | None = None

    def feed(self, text: str, *, strict: bool = True) -> None:
        """Obey. Fails on anything that a real terminal would answer, refuse or (`strict`) show as text."""
        at = 0
        for match in CODE.finditer(text):
            assert not strict or match.start() == at, f"stray text {text[at : match.start()]!r}"
            at = match.end()
            if match[3]:
                self.cursor = int(match[4]) - 1, int(match[3]) - 1
            else:
                self._graphics(dict(part.split("=") for part in match[1].split(",")), match[2] or "")
        assert not strict or at == len(text), f"stray text {text[at:]!r}"

    def _graphics(self, keys: dict[str, str], payload: str) -> None:
        assert keys.get("q") == "2", "the terminal would answer"
        assert len(payload) <= 4096
        if self.loading is not None:
            assert set(keys) == {"m", "q"}, "a transmission was interrupted"
            self._load(self.loading[0], self.loading[1] + payload, keys["m"])
        elif keys["a"] == "t":
            self._load(keys, payload, keys["m"])
        elif keys["a"] == "p":
            self._place(keys)
        else:
            assert keys["a"] == "d"
            self._delete(keys)

    def _load(self, keys: dict[str, str], payload: str, more: str) -> None:
        if more == "1":
            self.loading = keys, payload
            return
        self.loading = None
        width, height = int(keys["s"]), int(keys["v"])
        assert len(zlib.decompress(standard_b64decode(payload))) == width * height * 4
        number = int(keys["i"])
        assert number not in self.images, "sent twice"
        self.images[number] = width, height
        self.transmitted += 1

    def _place(self, keys: dict[str, str]) -> None:
        number = int(keys["i"])
        assert number in self.images, "placed before it was sent"
        left, top, width, height, cols, rows = (int(keys[name]) for name in "xywhcr")
        assert width > 0 and height > 0 and cols > 0 and rows > 0
        assert left + width <= self.images[number][0] and top + height <= self.images[number][1]
        assert keys["C"] == "1", "the cursor would move"
        self.shown[number, int(keys["p"])] = (*self.cursor, left, top, width, height, cols, rows)

    def _delete(self, keys: dict[str, str]) -> None:
        if keys["d"] == "A":
            self.images, self.shown = {}, {}
        elif keys["d"] == "I":
            number = int(keys["i"])
            del self.images[number]
            self.shown = {key: value for key, value in self.shown.items() if key[0] != number}
        else:
            del self.shown[int(keys["i"]), int(keys["p"])]

    def seen(self) -> list[tuple[int, ...]]:
        """What is on the screen, in order of place, without the terminal's numbers."""
        return sorted(self.shown.values())
