"""Asking a hub what a model consists of: files, sizes, checksums, licence. Nothing is downloaded here.

The hub's interface is Hugging Face's (`GET /api/models/OWNER/REPOSITORY/revision/REVISION?blobs=true`), which
its mirrors offer too. A file in large storage is known by its SHA-256, a small one by its git blob id (SHA-1 of a short
head and the content).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penchant.app.errors import PenchantError

from .catalogue import OPEN_CLIP, by_name
from .check import refuse_pickle
from .names import HubName, WebName, remote

if TYPE_CHECKING:
    from .web import Web

#: Beside open_clip's two, for models whose text half has a tokenizer of its own.
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")
#: Bytes of what a hub says of a repository.
MOST_SAID = 8 << 20
#: No model for this program is larger.
MOST_BYTES = 200 << 30


@dataclass(frozen=True, slots=True)
class Part:
    """A file to fetch: `place` under the folder of the models; `sha256` or `blob` (git's) where they are known."""

    address: str
    place: str
    size: int
    sha256: str = ""
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be pulled under this `name`, and what is said of it."""

    name: str
    parts: tuple[Part, ...]
    licence: str = ""
    revision: str = ""
    gated: bool = False
    where: str = ""

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def endpoint(configured: str) -> str:
    """The hub's address: the configuration, else HF_ENDPOINT, else Hugging Face's; without a final slash."""
    from penchant.app.config import Models

    usual = Models().hub
    found = configured if configured != usual else os.environ.get("HF_ENDPOINT") or usual
    if not found.startswith(("https://", "http://")):
        raise PenchantError(f"the hub {found!r} is no address", hint="Correct `hub` in [models], or HF_ENDPOINT.")
    return found.rstrip("/")


async def offer(web: Web, text: str) -> Offer:
    """What a name stands for: of the catalogue, of the hub, or an address. Raises `PenchantError`."""
    known = by_name(text)
    if known is None:
        found = remote(text)
        return await (_of_address(web, found) if isinstance(found, WebName) else _of_hub(web, found))
    owner, _, repository = known.source.partition("/")
    said = await _ask(web, HubName(owner, repository))
    parts = tuple(said.part(file) for file in known.files)
    ours = dict(known.sha256)
    for part, file in zip(parts, known.files, strict=True):
        if file in ours and part.sha256 and part.sha256 != ours[file]:
            raise PenchantError(
                f"{web.host} announces another file than the known {file} (SHA-256 {part.sha256[:12]}...)",
                hint="It was changed since this version of penchant was made. If you trust it, pull it by its full"
                f" name: {known.source}:{file}",
            )
    return Offer(known.name, parts, said.licence or known.licence, said.revision, said.gated, web.host)


async def _of_hub(web: Web, name: HubName) -> Offer:
    if name.file:
        refuse_pickle(name.file)
    said = await _ask(web, name)
    return Offer(
        str(name), tuple(said.part(file) for file in _wanted(name, said)), said.licence, said.revision, said.gated,
        web.host,
    )  # fmt: skip


def _wanted(name: HubName, said: _Said) -> list[str]:
    """The files that a name means."""
    if name.file and name.file not in OPEN_CLIP:
        return [name.file]
    if OPEN_CLIP[0] in said.files and OPEN_CLIP[1] in said.files:
        return [*OPEN_CLIP, *(file for file in TOKENIZER if file in said.files)]
    models = sorted(file for file in said.files if file.endswith(".gguf"))
    if models:
        some = ", ".join(models[:12]) + (f" and {len(models) - 12} more" if len(models) > 12 else "")
        raise PenchantError(f"{name} has several files", hint=f"Name one, as in {name}:{models[0]}. It has {some}.")
    raise PenchantError(
        f"{name} has no model that penchant can load",
        hint="It needs a .gguf file, or open_clip_model.safetensors beside open_clip_config.json.",
    )


async def _of_address(web: Web, name: WebName) -> Offer:
    head = await web.size(name.address)
    part = Part(name.address, name.place, head)
    return Offer(str(name), (part,), where=name.address.split("/")[2])


@dataclass(frozen=True, slots=True)
class _Said:
    """The hub's answer, checked."""

    name: HubName
    hub: str
    files: dict[str, tuple[int, str, str]]  # path -> bytes, SHA-256, git's blob id
    licence: str
    revision: str
    gated: bool

    def part(self, file: str) -> Part:
        """Raises `PenchantError` for a file that is not there."""
        if file not in self.files:
            near = ", ".join(each for each in self.files if each.endswith((".gguf", ".safetensors")))[:600]
            raise PenchantError(
                f"there is no file {file} in {self.name.owner}/{self.name.repository}",
                hint=f"It has {near}." if near else "It has no model files at all.",
            )
        size, sha256, blob = self.files[file]
        if not 0 < size <= MOST_BYTES:
            raise PenchantError(f"the hub gives {size:,} bytes as the size of {file}", hint="Something is wrong there.")
        at = quote(self.revision or self.name.revision, safe="")
        path = f"{quote(self.name.owner)}/{quote(self.name.repository)}/resolve/{at}/{quote(file)}"
        return Part(f"{self.hub}/{path}", f"{self.name.folder}/{file}", size, sha256, blob)


async def _ask(web: Web, name: HubName) -> _Said:
    path = f"{quote(name.owner)}/{quote(name.repository)}/revision/{quote(name.revision, safe='')}"
    body = await web.read(f"{web.hub}/api/models/{path}?blobs=true", MOST_SAID)
    try:
        said = json.loads(body)
        files = dict(_file(entry) for entry in said["siblings"])
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise PenchantError(
            f"{web.host} did not answer as a model hub does",
            hint="Check `hub` in [models] and HF_ENDPOINT: both name the site, such as https://huggingface.co.",
        ) from None
    return _Said(
        name, web.hub, files, _licence(said), _text(said.get("sha"))[:64], bool(said.get("gated")),
    )  # fmt: skip


def _file(entry: Any) -> tuple[str, tuple[int, str, str]]:
    large = entry.get("lfs") or {}
    size = large.get("size", entry.get("size")) or 0
    sha256 = _text(large.get("sha256") or _text(large.get("oid")).removeprefix("sha256:")).lower()
    return _text(entry["rfilename"]), (int(size), sha256, "" if sha256 else _text(entry.get("blobId")))


def _licence(said: dict[str, Any]) -> str:
    card = said.get("cardData")
    if isinstance(card, dict):
        for key in ("license_name", "license"):
            if isinstance(card.get(key), str) and card[key] != "other":
                return str(card[key])[:60]
    tags = said.get("tags")
    named = (_text(tag) for tag in tags) if isinstance(tags, list) else ()
    return next((tag.removeprefix("license:")[:60] for tag in named if tag.startswith("license:")), "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
