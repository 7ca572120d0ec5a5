"""Packs of jokes and captions: read from a file, kept as items that stand in no list."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.adapters.base import Item, Page
from penchant.adapters.text import clean, clean_line
from penchant.app.errors import PenchantError, UsageError

if TYPE_CHECKING:
    from penchant.app.store import Store

#: Bytes of a file, texts of a pack, characters of a text and of what it is about.
MAX_BYTES, MAX_TEXTS, MAX_CHARS, MAX_ABOUT = 8 << 20, 20_000, 2_000, 300
#: Packs that come with penchant.
OWN = {"classics": "classics.txt", "captions": "captions.txt"}
#: How sources of packs, and their items, are named.
ADDRESS, NATIVE = "jokes:", "joke:"


@dataclass(frozen=True, slots=True)
class Joke:
    """A text that may be funny. `about`: what the picture shows that it is a caption of; "" for a joke."""

    text: str
    about: str = ""

    @property
    def native(self) -> str:
        """Its name, equal on every machine and in every pack."""
        said = f"{self.about}\x1f{self.text}".encode("utf-8", "surrogatepass")
        return NATIVE + hashlib.blake2b(said, digest_size=12).hexdigest()


def read(path: Path) -> list[Joke]:
    """The texts of a file, each once. Raises `PenchantError` where it cannot be read or holds none.

    `.jsonl` has objects with "text" and perhaps "about"; `.csv` has those columns; any other file has one text a
    line, or texts between lines of % (fortune), or between blank lines; "about | text" makes a caption.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES >> 20} MB", hint="Split it into several packs.")
        content = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise PenchantError(f"cannot read {path}: {error.strerror or error}", hint="Name a file of texts.") from error
    found = parse(content, path.suffix.lower())
    if not found:
        raise PenchantError(
            f"{path} holds no text to compare",
            hint='One joke a line, JSON Lines with "text", or CSV with a column text.',
        )
    return found


def parse(content: str, suffix: str = "") -> list[Joke]:
    """Pure: what a file says, cleaned, without repetitions, at most `MAX_TEXTS`."""
    if suffix in (".jsonl", ".ndjson", ".json"):
        pairs = _json(content)
    elif suffix == ".csv":
        pairs = _csv(content)
    else:
        pairs = _lines(content)
    found: dict[str, Joke] = {}
    for text, about in pairs:
        joke = Joke(clean(text.strip())[:MAX_CHARS].strip(), clean_line(about.strip(), MAX_ABOUT))
        if joke.text:
            found.setdefault(joke.native, joke)
        if len(found) >= MAX_TEXTS:
            break
    return list(found.values())


def _csv(content: str) -> Iterator[tuple[str, str]]:
    try:
        for row in csv.DictReader(io.StringIO("\n".join(content.splitlines()))):
            yield row.get("text") or "", row.get("about") or ""
    except csv.Error:  # what came before it is kept
        return


def _json(content: str) -> Iterator[tuple[str, str]]:
    for line in content.splitlines():
        try:
            entry: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict) and isinstance(entry.get("text"), str):
            about = entry.get("about")
            yield entry["text"], about if isinstance(about, str) else ""


def _lines(content: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in content.splitlines() if not line.startswith("# ")]
    if "%" in (line.strip() for line in lines):
        texts = "\n".join("%" if line.strip() == "%" else line for line in lines).split("\n%")
    elif any(not line.strip() for line in lines[1:-1]):
        texts = "\n".join(line.rstrip() for line in lines).split("\n\n")
    else:
        texts = lines
    for text in texts:
        about, bar, said = text.partition(" | ")
        yield (said, about) if bar else (text, "")


def put(store: Store, name: str, jokes: list[Joke]) -> tuple[int, int]:
    """Keep a pack; (texts that are new, number of its source). Again: what is new is added. Raises `StoreError`."""
    source = store.subscriptions.add("export", ADDRESS + name, f"Jokes: {name}")
    items = tuple(Item(joke.native, "", joke.about, joke.text, extra={"first_seen": 0.0}) for joke in jokes)
    return store.items.put_page(source, Page(items, {}), time.time()).new, source


def ensure(store: Store) -> None:
    """The packs that come with penchant, where the reader has none."""
    if store.db.value(
        "SELECT EXISTS (SELECT 1 FROM subscriptions WHERE kind = 'export' AND address GLOB 'jokes:*'"
        " AND removed_at IS NULL)"
    ):
        return
    for name, file in OWN.items():
        put(store, name, parse(resources.files(__package__).joinpath(file).read_text(encoding="utf-8")))
