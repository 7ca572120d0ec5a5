"""Strings made to harm a terminal: every control byte, every family of escapes, direction, marks, markup, entities."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"
#: Places (hostile_site) whose text is what an item says: texts of two sources that agree in most words are joined.
BODIES = "xp"
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_CSI = (
    "31m",
    "2J",
    "H",
    "6n",
    "c",
    ">c",
    "?1049l",
    "?1003l",
    "?1000h",
    "21t",
    "8;1;1t",
    ">4;1m",
    "5i",
    "4i",
    "?2026h",
    "9999@",
    "1000000b",
    "?25l",
    "3;1H",
    "0K",
    "!p",
    "38:2:1:2:3m",
    "?9001h",
    "=1u",
    " q",
)
_OSC = (
    "0;owned",
    "1;owned",
    "2;owned",
    "4;1;?",
    "4;1;rgb:ff/00/00",
    "7;file:///etc",
    "8;;http://evil.example/",
    "8;id=1;file:///etc/passwd",
    "9;note",
    "10;?",
    "11;?",
    "50;font",
    "52;c;ZXZpbA==",
    "52;c;?",
    "52;p;!",
    "104",
    "133;A",
    "633;E;rm",
    "777;notify;a;b",
    "1337;File=inline=1:AAAA",
    "1337;SetUserVar=a=Yg==",
    "1337;CopyToClipboard=",
    "22;wait",
    "",
)
_STRINGS = (
    'P$q"p',
    "Pq#0;2;0;0;0#0~~@@vv$-",
    "P1$r0m",
    "P+q544e",
    "P1;1|17/0d",
    "Ptmux;\x1b\x1b]52;c;ZXZpbA==\x07",
    "_Ga=T,f=24,s=1,v=1;AAAA",
    "_Ga=d,d=A",
    "_Ga=q,i=1,t=f;L2V0Yy9wYXNzd2Q=",
    "_Gi=1,a=p",
    "^private",
    "Xstring",
    "_",
)
_SHORT = ("c", "7", "8", "#8", "(0", ")B", "%G", "%@", "N", "O", "n", "o", "=", ">", "D", "E", "M", "Z", " F", "\x1b")
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u206a\u206f"
_ODD = (
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u200b",
    "\u200d" * 40,
    "\u2060",
    "\ufff9a\ufffab\ufffb",
    "\ud800",
    "\udfff\ud800",
    "\U000e0001\U000e0041\U000e007f",
    "\ufe0f" * 30,
    "\u115f",
    "\u3164",
    "\u00ad",
    "\x85",
    "\ufffe",
    "\U0010ffff",
    "a" + "\u0301" * 10_000,
    "Z\u0351\u036b\u0343\u036a" * 60,
    "\u0e01" + "\u0e34" * 300,
    "\u20e3" * 200,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20,
    "\ufdfd" * 20,
    "x" * 2_000,
    "\uff37" * 300,
    "\r",
    "\r\n",
    "\n\n",
    "\t" * 50,
)
_MARKUP = (
    "[link=http://evil.example]x[/link]",
    "[@click=app.quit]quit[/]",
    "[@click=app.quit()]quit[/@click]",
    "[red]x[/red]",
    "[bold]x[/bold]",
    "[/]",
    "[/nothing]",
    "[",
    "]",
    "[[",
    "\\[red]",
    "[$primary]x[/]",
    "[on red]x",
    "[not closed",
    "[=]",
    "[@click=screen.dismiss]x[/]",
    '[@click="app.bell"]x[/]',
    "[b][i]x[/b][/i]",
    "[#ff0000]x[/]",
    "[0]",
    "[']",
    '["]',
    ":smile:",
    "%s %n %x",
    "{0} {x!r}",
    "$(id)",
    "`id`",
    "'; DROP TABLE items;--",
    "\\x1b[31m",
    "\\u001b]0;owned\\a",
    "%1b%5b31m",
)
_ENTITIES = (
    "&#27;[31m",
    "&#x1b;]0;owned&#7;",
    "&#x1B;]52;c;ZXZpbA==&#x07;",
    "&#155;31m",
    "&#x9d;0;owned&#x9c;",
    "&amp;#27;[31m",
    "&amp;amp;#27;[2J",
    "&#0;",
    "&#x0;",
    "&#8;&#8;&#8;",
    "&Tab;&NewLine;",
    "&rlm;&lrm;",
    "&#8238;live&#8236;",
    "&#x2066;x&#x2069;",
    "&ZeroWidthSpace;",
    "&#xd800;",
    "&#x110000;",
    "&#13;over",
    "&#x85;",
    "&#127;",
    "&#27&#91;2J",
    "&#x1b&#x5b;c",
    "<![CDATA[\x1b[31m]]>",
    "<b title='&#27;[31m'>x</b>",
    "<!-- &#27;]0;x&#7; -->",
    "<a href='&#27;]0;x&#7;'>x</a>",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One string. `seen` must stand on the screen letter for letter; `html`: it is markup and not to be escaped."""

    number: int
    family: str
    attack: str
    seen: str = ""
    html: bool = False

    def words(self, place: str) -> tuple[str, str]:
        """The words around the attack, different for each place (a letter): both must be shown."""
        return f"{place}{self.number:05d}a", f"{place}{self.number:05d}z"

    def text(self, place: str) -> str:
        """The attack between its words; a body has words of its own besides, so that it is no copy of another."""
        first, last = self.words(place)
        return f"{first} {self.attack} {last}{self._own(place) if place in BODIES else ''}"

    def _own(self, place: str) -> str:
        count = 8 + len(self.attack.split()) // 4 + len(self.attack) // 100
        words = (sha256(f"{place}{self.number}.{n}".encode()).hexdigest()[:8] for n in range(count))
        return "".join(f" {word.translate(_LETTERS)}" for word in words)


def _families() -> Iterator[tuple[str, str, bool]]:
    """(family, attack, whether it is visible as it is)."""
    for code in (*range(32), *range(127, 160)):
        yield "control", chr(code), False
        yield "control", f"{chr(code)}[31m{chr(code)}", False
    for body in _CSI:
        yield from (("csi", start + body, False) for start in (ESC + "[", "\x9b"))
    for body in _OSC:
        for start in (ESC + "]", "\x9d"):
            yield from (("osc", start + body + end, False) for end in (BEL, ST, "\x9c", ""))
    for body in _STRINGS:
        yield from (("string", ESC + body + end, False) for end in (ST, "\x9c", BEL, ""))
        yield "string", chr(ord(body[0]) + 0x40) + body[1:] + "\x9c", False
    yield from (("escape", ESC + body, False) for body in _SHORT)
    for char in _BIDI:
        yield "bidi", f"{char}evil", False
        yield "bidi", f"{char * 30}gpj.exe{char}", False
    yield from (("odd", text, False) for text in _ODD)
    yield from (("markup", text, True) for text in _MARKUP)


def naughty() -> list[str]:
    """The public list of naughty strings, where PENCHANT_SHARED has it."""
    folder = Path(os.environ.get("PENCHANT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    file = folder / "recordings" / "unicode" / "blns.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else []


def strings(count: int, seed: int = 1) -> list[Hostile]:
    """`count` strings: each of the families and the naughty ones once, mixed up, then random mixtures."""
    single = [(family, text, text if visible else "", False) for family, text, visible in _families()]
    single += [("entity", text, "", True) for text in _ENTITIES]
    single += [("naughty", text, text if text.isascii() and text.isprintable() else "", False) for text in naughty()]
    pick = random.Random(seed)
    plain = [(family, text) for family, text, _, html in single if not html and len(text) < 400]
    pick.shuffle(single)
    while len(single) < count:
        parts = pick.choices(plain, k=pick.randint(2, 4))
        single.append(("mixed", pick.choice(("", " ", "m")).join(text for _, text in parts), "", False))
    return [Hostile(n, *row) for n, row in enumerate(single[:count])]
