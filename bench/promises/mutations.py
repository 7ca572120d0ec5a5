"""Documents made worse: bytes, tags, entities, encodings, depth, splices. Pure, by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_TAG = re.compile(rb"<[^<>]{1,300}>")
_INSERTS = (
    b"<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;&a;'>]>",
    b"&c;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?xml version='1.0'?>",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1b[31m",
    b"&#x1b;",
    b"&#0;",
    b"&#55296;",
    b"&amp;amp;#27;",
    b"\xed\xa0\x80",
    b"</item>",
    b"<item>",
    b"<entry>",
    b"</channel>",
    b"<pubDate>99999-99-99T99:99:99Z</pubDate>",
    b"<guid/>",
    b"<link href='javascript:x'/>",
    b"<link>file:///etc/passwd</link>",
    b"<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>",
    b"xmlns:a='&c;'",
    b"<enclosure url='http://[' length='-1e400' type='\xf0\x9f\x98\x80'/>",
    b"<a href='//[::1'>",
    b"{",
    b"}",
    b"[",
    b'"',
    b"null",
    b"1e999",
    b"\\ud800",
    b"<table><tr><td>",
    b"<svg><style><img src=x></style>",
    b"<math><mi><table><mglyph>",
    b"<plaintext>",
    b"<textarea>",
)
_ENCODINGS = (
    b"utf-16",
    b"utf-7",
    b"ebcdic-cp-us",
    b"shift_jis",
    b"hz",
    b"idna",
    b"unknown-8bit",
    b"rot13",
    b"base64",
    b"x" * 300,
    b"utf-32",
)
_DEEP = (
    b"<div>",
    b"<a>",
    b"<b><i>",
    b"<item>",
    b"<p><table>",
    b"<blockquote>",
    b"<ul><li>",
    b"[",
    b'{"a":',
    b"<font><p>",
)


def _flip(data: bytearray, pick: random.Random, _: bytes) -> None:
    for _ in range(pick.randint(1, 30)):
        data[pick.randrange(len(data))] = pick.randrange(256)


def _cut(data: bytearray, pick: random.Random, _: bytes) -> None:
    start = pick.randrange(len(data))
    del data[start : start + pick.randint(1, max(1, len(data) // 3))]


def _truncate(data: bytearray, pick: random.Random, _: bytes) -> None:
    del data[pick.randrange(len(data)) + 1 :]


def _insert(data: bytearray, pick: random.Random, _: bytes) -> None:
    for _ in range(pick.randint(1, 8)):
        at = pick.randrange(len(data))
        data[at:at] = pick.choice(_INSERTS)


def _double(data: bytearray, pick: random.Random, _: bytes) -> None:
    start = pick.randrange(len(data))
    piece = bytes(data[start : start + pick.randint(1, 400)])
    data[start:start] = piece * pick.choice((2, 10, 100, 1000))


def _splice(data: bytearray, pick: random.Random, other: bytes) -> None:
    start = pick.randrange(len(data))
    data[start : start + pick.randint(0, 2000)] = other[pick.randrange(len(other)) :][: pick.randint(1, 20_000)]


def _tags(data: bytearray, pick: random.Random, other: bytes) -> None:
    mine, theirs = list(_TAG.finditer(data)), [m[0] for m in _TAG.finditer(other)]
    for found in sorted(pick.sample(mine, min(len(mine), pick.randint(1, 12))), key=lambda m: -m.start()):
        data[found.start() : found.end()] = pick.choice(theirs) if theirs else b""


def _encode(data: bytearray, pick: random.Random, _: bytes) -> None:
    data[:0] = b'<?xml version="1.0" encoding="' + pick.choice(_ENCODINGS) + b'"?>'


def _nest(data: bytearray, pick: random.Random, _: bytes) -> None:
    at = pick.randrange(len(data))
    data[at:at] = pick.choice(_DEEP) * pick.choice((50, 500, 5_000, 50_000))


def _attributes(data: bytearray, pick: random.Random, _: bytes) -> None:
    if found := _TAG.search(data, pick.randrange(len(data))):
        many = pick.choice((2, 300, 20_000))
        data[found.end() - 1 : found.end() - 1] = b"".join(b" a%d='%d'" % (n, n) for n in range(many))


_WAYS: tuple[Callable[[bytearray, random.Random, bytes], None], ...] = (
    _flip,
    _cut,
    _truncate,
    _insert,
    _double,
    _splice,
    _tags,
    _encode,
    _nest,
    _attributes,
)
#: Largest document that is made (bytes); feeds are mostly below 1 MB.
MOST = 2 << 20


def mutate(document: bytes, other: bytes, seed: int) -> bytes:
    """`document` after one to four mutations, some of which take pieces of `other`."""
    pick = random.Random(seed)
    data = bytearray(document or b" ")
    for _ in range(pick.choice((1, 1, 2, 4))):
        pick.choice(_WAYS)(data, pick, other or b" ")
        if not data:
            data += b" "
    return bytes(data[:MOST])
