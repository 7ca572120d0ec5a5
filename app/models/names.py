"""How models are named: "owner/repository:file" on the hub, "owner/repository", an https address, a path.

Pure. Names become parts of paths, so what could lead outside the folder of the models is no name.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from penchant.app.errors import UsageError

ROLES = ("sentence", "picture", "judge", "eyes")
#: Folders under that of the models: for the hub's files and those from other addresses.
HUB, WEB = "hub", "web"
#: Begins with a letter or digit, so that no part is "..", hidden, or taken for an option.
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_HUB = re.compile(rf"({_PART})/({_PART})(?:@([A-Za-z0-9][A-Za-z0-9._-]{{0,63}}))?(?::({_PART}(?:/{_PART}){{0,4}}))?")
_HINT = (
    "Write OWNER/REPOSITORY:FILE (as on the hub), an https:// address, or the path of a file;"
    " `penchant models list --all` shows names that are known to work."
)


@dataclass(frozen=True, slots=True)
class HubName:
    """A repository on the hub, and a file in it ("" for the one that it is about)."""

    owner: str
    repository: str
    file: str = ""
    revision: str = "main"

    def __str__(self) -> str:
        at = "" if self.revision == "main" else f"@{self.revision}"
        return f"{self.owner}/{self.repository}{at}" + (f":{self.file}" if self.file else "")

    @property
    def folder(self) -> str:
        """Under the folder of the models."""
        at = "" if self.revision == "main" else f"@{self.revision}"
        return f"{HUB}/{self.owner}/{self.repository}{at}"


@dataclass(frozen=True, slots=True)
class WebName:
    """A file at an https address (http for the machine itself)."""

    address: str

    def __str__(self) -> str:
        return self.address

    @property
    def place(self) -> str:
        """Under the folder of the models."""
        parts = urlsplit(self.address)
        last = unquote(parts.path).rsplit("/", 1)[-1]
        return f"{WEB}/{_safe(parts.netloc)}/{_safe(last)}"


def hub_name(text: str) -> HubName | None:
    """The name of something on the hub; None for anything else, also where it could lead out of its folder."""
    found = _HUB.fullmatch(text)
    if found is None:
        return None
    owner, repository, revision, file = found.groups()
    return HubName(owner, repository, file or "", revision or "main")


def web_name(text: str) -> WebName | None:
    """An address; None for anything else. Raises `UsageError` for one that cannot be fetched."""
    if "://" not in text:
        return None
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
            raise ValueError
        parts.port  # noqa: B018  raises where it is no number
    except ValueError as error:
        raise UsageError(f"{text!r} is no address that can be fetched", hint=_HINT) from error
    if not _safe(unquote(parts.path).rsplit("/", 1)[-1]).endswith((".gguf", ".safetensors")):
        raise UsageError(
            f"{text!r} does not end in the name of a .gguf or .safetensors file",
            hint="These two are the kinds of files that penchant loads. " + _HINT,
        )
    return WebName(text)


def remote(text: str) -> HubName | WebName:
    """What can be pulled. Raises `UsageError`."""
    found = web_name(text) or hub_name(text)
    if found is None:
        raise UsageError(f"{text!r} names no model that can be pulled", hint=_HINT)
    return found


def located(name: str, role: str, folder: Path) -> Path:
    """Where the file (for pictures: the folder) of a model lies, whether or not it is there. Never raises.

    A path that exists is itself; so "owner/name" is a folder where there is one, and else the hub's.
    """
    from .catalogue import by_name

    known = by_name(name)
    if known is not None:
        name = known.source if role == "picture" else known.eyes if role == "eyes" else f"{known.source}:{known.file}"
    path = Path(os.path.expanduser(name))
    if not path.is_absolute() and not os.path.exists(path):
        try:
            found = web_name(name) or hub_name(name)
        except UsageError:
            found = None
        if isinstance(found, WebName):
            return folder / found.place
        if found is not None and (role == "picture" or found.file):
            place = folder / found.folder
            return place if role == "picture" else place / found.file
    return path.absolute()


def _safe(text: str) -> str:
    """A file name of the reader's system for any text."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:120] or "file"
