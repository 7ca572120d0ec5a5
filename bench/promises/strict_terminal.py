"""A terminal that obeys exactly what the program is known to send, and remembers everything else as a fault."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable

from rich.cells import cell_len

#: The program's own: places, colours, its modes and the questions that it asks once, the pointer's shape.
OWN = re.compile(
    r"\x1b\[(?P<row>\d{1,4});(?P<column>\d{1,4})H|\x1b\[[0-9;]*m"
    r"|\x1b\[\?(?:1000|1003|1004|1006|1015|1049|2004|2026|25|7|2048)[hl]|\x1b\[\?(?:2026|2048)\$p"
    r"|\x1b\[>25u|\x1b\[<u|\x1b\]22;[a-z-]*\x07|\x1b\]52;c;(?P<copied>[A-Za-z0-9+/]*={0,2})\x07|\r\n"
)
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
#: What reorders, hides or splits lines without being a control character.
UNSEEN = re.compile(
    "[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
#: One cell each: Latin, lines and blocks.
_NARROW = re.compile("[ -~\u00a0-\u02ff\u2500-\u259f]*")
#: Joins what stands on either side to one picture of two cells, as terminals and the program count it.
_JOINER = "\u200d"
#: Most marks on one cell.
MARKS = 4


class Strict:
    """Bytes in, cells out. `faults` are (kind, what stood there); `copied` the texts of the clipboard; `on_frame` is
    called with each finished screen.
    """

    def __init__(self, columns: int, rows: int, on_frame: Callable[[str], object] | None = None) -> None:
        self.columns, self.rows = columns, rows
        self._on_frame = on_frame
        self.faults: list[tuple[str, str]] = []
        self.copied: list[str] = []
        self.frames = 0
        self._cells: list[list[str]] = [[" "] * columns for _ in range(rows)]
        self._x = self._y = self._marks = 0
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take some bytes; a sequence that is not whole yet waits for the next."""
        data = self._rest + data
        cut = len(data)
        start = data.rfind(b"\x1b", max(0, cut - 4096))
        if start >= 0 and not OWN.match(data[start:].decode("utf-8", "replace")):
            cut = start
        elif data.endswith(b"\r"):
            cut -= 1
        cut -= _cut_character(data[:cut])
        self._rest = data[cut:]
        try:
            self._text(data[:cut].decode())
        except UnicodeDecodeError as error:
            self.faults.append(("not UTF-8", repr(data[max(0, error.start - 20) : error.end + 20])))
            self._text(data[:cut].decode("utf-8", "replace"))

    def end(self) -> None:
        """No more bytes come: what waits is judged as it is."""
        rest, self._rest = self._rest, b""
        self._text(rest.decode("utf-8", "replace"))

    def _text(self, text: str) -> None:
        at = 0
        while at < len(text):
            if found := _TEXT.match(text, at):
                self._print(found[0])
            elif found := OWN.match(text, at):
                self._obey(found)
            else:
                self.faults.append(("control", repr(text[max(0, at - 20) : at + 40])))
                at += 1
                continue
            at = found.end()

    def _obey(self, found: re.Match[str]) -> None:
        if found["row"]:
            self._x, self._y = int(found["column"]) - 1, int(found["row"]) - 1
        elif found[0] == "\r\n":
            self._x, self._y = 0, min(self._y + 1, self.rows - 1)
        elif found["copied"] is not None:
            self.copied.append(b64decode(found["copied"]).decode("utf-8", "replace"))
        elif found[0] in ("\x1b[?2026l", "\x1b[?1049l"):
            self.frames += 1
            if self._on_frame is not None:
                self._on_frame(self.text())

    def _print(self, text: str) -> None:
        if bad := UNSEEN.search(text):
            self.faults.append(("unseen", repr(text[max(0, bad.start() - 20) : bad.end() + 20])))
        if text.isascii() or _NARROW.fullmatch(text):
            self._marks = 0
            self._put(text)
            return
        joined = False
        for char in text:
            if joined or char == _JOINER:
                joined = char == _JOINER
                continue
            self._marks = self._marks + 1 if unicodedata.combining(char) else 0
            if self._marks == MARKS + 1:
                self.faults.append(("stack of marks", repr(text[:40])))
            self._put(char)

    def _put(self, text: str) -> None:
        if not 0 <= self._y < self.rows:
            self.faults.append(("outside", repr(text[:40])))
            return
        line = self._cells[self._y]
        if len(text) > 1:
            end = min(self._x + len(text), self.columns)
            line[self._x : end] = text[: end - self._x]
            self._x += len(text)
            return
        width = cell_len(text)
        if not width:
            return
        for place in range(self._x, min(self._x + width, self.columns)):
            line[place] = text if place == self._x else ""
        self._x += width

    def text(self) -> str:
        """The screen, a line each."""
        return "\n".join("".join(line) for line in self._cells)


def _cut_character(data: bytes) -> int:
    """How many bytes at the end are the beginning of a character."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            return back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            return 0
    return 0
