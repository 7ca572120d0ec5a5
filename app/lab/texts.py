"""The texts that simulated readers are made of: files, folders of data sets, or the archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.adapters.text import clean
from penchant.app.embed.base import item_text
from penchant.app.errors import PenchantError, UsageError

if TYPE_CHECKING:
    from penchant.app.store import Store

#: Texts at most, characters of one, words of one at least, bytes of a file at most; texts that make an experiment.
MOST, CHARACTERS, WORDS, BYTES, FEWEST = 4_000, 2_000, 3, 256 << 20, 60


def of(store: Store, files: Sequence[Path]) -> list[str]:
    """Different texts of files, or of the archive where none is named. Raises `PenchantError`."""
    if files:
        found = unique(text for path in files for text in read(path))
        where = ", ".join(path.name for path in files)
    else:
        from penchant.app.voice.reader import sample

        found, where = unique(sample(store, MOST)), "the archive"
    if len(found) < FEWEST:
        raise PenchantError(
            f"{where} has {len(found)} texts, and an experiment takes {FEWEST}",
            hint="Name files of texts with --texts (one text a line, or JSON Lines with title and text).",
        )
    return found


def unique(texts: Iterable[str]) -> list[str]:
    """Cleaned texts of a few words, each once, at most `MOST`."""
    found: dict[str, None] = {}
    for text in texts:
        tidy = clean(text).strip()[:CHARACTERS]
        if len(tidy.split()) >= WORDS:
            found.setdefault(tidy)
        if len(found) == MOST:
            break
    return list(found)


def read(path: Path) -> Iterator[str]:
    """The texts of a file: one a line, JSON Lines with "title" and "text", or a folder with items.jsonl."""
    file = path / "items.jsonl" if path.is_dir() else path
    try:
        if file.stat().st_size > BYTES:
            raise UsageError(f"{file} is larger than {BYTES >> 20} MB", hint="Cut it: 4,000 texts are used at most.")
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield _object(line) if file.suffix in (".jsonl", ".ndjson", ".json") else line
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}", hint="--texts names a file.") from error


def _object(line: str) -> str:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    if isinstance(found, str):
        return found
    if not isinstance(found, dict):
        return ""
    title, text = (found.get(key) for key in ("title", "text"))
    return item_text(title if isinstance(title, str) else "", text if isinstance(text, str) else "")
