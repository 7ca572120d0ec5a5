"""The commented configuration file that `penchant config default` prints."""

from __future__ import annotations

import dataclasses
from typing import Any

from .config import Config

_KEYS_EXAMPLE = """\
# Keys: command = "key" or a list of keys. `?` in the feed lists the commands.
[keys]
# like = ["l", "f"]
# skip = ["x", "h"]"""


def default_text() -> str:
    """A correct file in which every setting stands commented out with its default."""
    lines = [
        "# penchant's configuration. Every setting is shown with its default;",
        "# remove the '# ' before one to change it. `penchant config check` checks this file.",
        "",
    ]
    sections: list[dataclasses.Field[Any]] = []
    for entry in dataclasses.fields(Config):
        if dataclasses.is_dataclass(entry.default_factory):
            sections.append(entry)
        elif entry.name != "keys":
            lines += _setting(entry)
    for section in sections:
        inner: Any = section.default_factory
        lines += ["", f"# {inner.__doc__}", f"[{section.name}]"]
        for entry in dataclasses.fields(inner):
            lines += _setting(entry)
    return "\n".join([*lines, "", _KEYS_EXAMPLE, ""])


def _setting(entry: dataclasses.Field[Any]) -> list[str]:
    choices = entry.metadata["choices"]
    doc = entry.metadata["doc"] + (f" One of: {', '.join(choices)}." if choices else "")
    return [f"# {doc}", f"# {entry.name} = {_toml(entry.default)}"]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
