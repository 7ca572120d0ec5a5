"""What a model wrote, made safe to keep and to show."""

from __future__ import annotations

import re

#: Everything that moves a cursor, changes colour or reorders text, but line ends and tabs.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def clean(piece: str) -> str:
    """The text without control characters; line ends and tabs stay. A piece of a stream is cleaned as the whole is."""
    return _UNSAFE.sub("", piece)
