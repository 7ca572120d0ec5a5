"""Words that may stand before and after options: `penchant llm prompt --tokens 20 Say hello`."""

from __future__ import annotations

import argparse
from typing import Any


def let_mix(parser: argparse.ArgumentParser, name: str = "words") -> None:
    """Take words that come after an option into the list `name`; argparse alone calls them unrecognised."""
    known = parser.parse_known_args

    def mixed(args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        found, rest = known(args, namespace)
        if rest and not any(word.startswith("-") and word != "-" for word in rest):
            setattr(found, name, [*getattr(found, name), *rest])
            rest = []
        return found, rest

    parser.parse_known_args = mixed  # type: ignore[method-assign, assignment]
