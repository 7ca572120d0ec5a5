"""A repository on GitHub as parts of a document: its README, then the list of its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penchant.adapters.base import Malformed, SourceError
from penchant.adapters.github_api import Session
from penchant.adapters.github_place import API
from penchant.adapters.github_readme import read_readme
from penchant.adapters.github_token import find_token

from .document import Part

if TYPE_CHECKING:
    from penchant.adapters.http import Client

#: Files listed at most, and the bytes of GitHub's answer.
MOST_FILES, MOST_BYTES = 400, 8 << 20
#: Folders of what others wrote, or a program made.
_FOREIGN = ("node_modules/", "vendor/", "third_party/", "dist/", "build/", ".github/", "__pycache__/")


async def read_code(client: Client, name: str, api: str = API) -> tuple[list[Part], list[str]]:
    """The parts of OWNER/NAME, and words on what did not come. Raises `SourceError` where nothing came."""
    try:
        token = await find_token(api)
    except SourceError:
        token = ""
    session = Session(client, api, token)
    notes: list[str] = []
    found = await read_readme(session, name)
    parts = [Part(f"README of {name}", found.words.text)] if found.words.text else []
    if not parts:
        notes.append(f"{name} has no README")
    try:
        answer = await session.get(f"/repos/{name}/git/trees/HEAD?recursive=1", max_bytes=MOST_BYTES)
        paths, cut = await client.parse(read_tree, answer.body)
    except SourceError:
        if not parts:
            raise
        notes.append(f"the list of files of {name} did not come")
    else:
        if paths:
            parts.append(Part(f"files of {name}", listing(paths)))
        if cut:
            notes.append(f"{name} has more files than are listed")
    return parts, notes


def read_tree(body: bytes) -> tuple[list[str], bool]:
    """Paths of a repository's files, and whether there are more. Raises `Malformed`."""
    try:
        answer: Any = json.loads(body)
        rows = answer["tree"]
        found = [str(row["path"]) for row in rows if isinstance(row, dict) and row.get("type") == "blob"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("GitHub's list of files could not be read") from error
    clean = [path for path in found if path.isprintable() and len(path) < 300 and not _foreign(path)]
    # what lies further up says more of a repository
    chosen = sorted(clean, key=lambda path: (path.count("/"), path))[:MOST_FILES]
    return sorted(chosen), len(chosen) < len(clean) or bool(answer.get("truncated"))


def listing(paths: Sequence[str]) -> str:
    """Files by folder, a line each: "src/: a.py b.py". Blank lines keep parts small enough to be cut between."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    return "\n\n".join(f"{folder or '.'}/: {' '.join(names)}" for folder, names in sorted(folders.items()))


def _foreign(path: str) -> bool:
    return any(path.startswith(folder) or f"/{folder}" in path for folder in _FOREIGN)
