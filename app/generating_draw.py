"""What draws a picture: a program, or a service on this machine. The contract is in docs/generated.md.

A program gets the prompt in place of {prompt} in its arguments (never through a shell) and prints the picture. A
service is asked by POST with JSON and answers with the picture, or with JSON that holds it in base64.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from penchant.adapters.base import Media, SourceError
from penchant.adapters.script_run import Bounds, run

from .errors import PenchantError
from .pictures.formats import NotAPicture, sniff

if TYPE_CHECKING:
    from .config import GeneratedOptions

#: Bytes that a picture, and an answer that holds it, may have; its width and height where they can be asked for.
MOST, ANSWER, SIZE = 16 << 20, 24 << 20, 512
#: How the address of a drawn picture begins; the folder beside the archive where they lie.
DRAWN, FOLDER = "drawn:", "drawn"
_HOSTS = ("127.0.0.1", "::1", "localhost")


class NotDrawn(PenchantError):
    """There is no picture, and why."""

    hint = "`penchant image draw TEXT` tries it once and says more; docs/generated.md has the contract."


async def draw(prompt: str, seed: int, options: GeneratedOptions) -> bytes:
    """The bytes of a JPEG, PNG, GIF or WebP. Raises `NotDrawn` in words."""
    if options.draw_command:
        data = await _by_program(prompt, seed, options)
    elif options.draw_url:
        data = await _by_service(prompt, seed, options)
    else:
        raise NotDrawn(
            "nothing here draws pictures",
            hint="Set draw_command or draw_url in [generated] of the configuration; docs/generated.md says how.",
        )
    try:
        sniff(data)
    except NotAPicture as error:
        raise NotDrawn(f"what came back is {error}") from None
    return data


def arguments(command: str, prompt: str, seed: int) -> tuple[str, ...]:
    """The program and its arguments; a prompt that is named nowhere comes last. Raises `NotDrawn`."""
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise NotDrawn(f"draw_command cannot be read: {error}") from None
    if not parts:
        raise NotDrawn("draw_command is empty")
    named = any("{prompt}" in part for part in parts)
    filled = [part.replace("{seed}", str(seed)).replace("{prompt}", prompt) for part in parts]
    return tuple(filled if named else [*filled, prompt])


async def _by_program(prompt: str, seed: int, options: GeneratedOptions) -> bytes:
    # a text that begins like an option must not become one
    safe = prompt.replace("\0", " ").lstrip("- ")
    try:
        return await run(arguments(options.draw_command, safe, seed), Bounds(options.draw_seconds, MOST))
    except SourceError as error:
        hint = error.hint.replace("`timeout` (at most 120)", "`draw_seconds`")
        raise NotDrawn(str(error).rstrip("."), hint=hint) from None


async def _by_service(prompt: str, seed: int, options: GeneratedOptions) -> bytes:
    local(options.draw_url)
    import httpx

    asked = {
        "prompt": prompt, "n": 1, "size": f"{SIZE}x{SIZE}", "response_format": "b64_json",
        "width": SIZE, "height": SIZE, "seed": seed, "batch_size": 1,
    }  # fmt: skip
    try:
        async with (
            asyncio.timeout(options.draw_seconds),
            httpx.AsyncClient(trust_env=False, timeout=None) as client,
            client.stream("POST", options.draw_url, json=asked, headers={"Accept": "image/*, */*"}) as answer,
        ):
            body = await _bounded(answer)
            if answer.status_code != 200:
                raise NotDrawn(f"the service answered {answer.status_code}{_said(body)}")
            kind = answer.headers.get("content-type", "")
    except TimeoutError:
        raise NotDrawn(f"the service took longer than {options.draw_seconds:g} s") from None
    except httpx.HTTPError as error:
        raise NotDrawn(
            f"the service at {urlsplit(options.draw_url).netloc} cannot be asked ({type(error).__name__})",
            hint="Is it running? `draw_url` in [generated] names it.",
        ) from None
    return inside(body) if "json" in kind or body[:1] == b"{" else body


async def _bounded(answer: Any) -> bytes:
    found = bytearray()
    async for piece in answer.aiter_bytes():
        found += piece
        if len(found) > ANSWER:
            raise NotDrawn(f"the service answered more than {ANSWER >> 20} MiB")
    return bytes(found)


def _said(body: bytes) -> str:
    from penchant.adapters.text import clean_line

    text = clean_line(body[:400].decode("utf-8", "replace"), 200)
    return f": {text}" if text else ""


def inside(body: bytes) -> bytes:
    """The picture in an answer: {"images": [base64]}, {"data": [{"b64_json": base64}]} or {"image": base64}."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotDrawn("the service's answer is neither a picture nor JSON") from None
    held: Any = None
    if isinstance(found, dict):
        for name in ("images", "data", "image"):
            held = held or found.get(name)
    held = held[0] if isinstance(held, list) and held else held
    held = held.get("b64_json") if isinstance(held, dict) else held
    if not isinstance(held, str) or not held:
        raise NotDrawn("the service's answer holds no picture")
    try:
        return base64.b64decode(held.partition("base64,")[2] or held, validate=True)[: MOST + 1]
    except (binascii.Error, ValueError):
        raise NotDrawn("the picture in the service's answer is no base64") from None


def local(url: str) -> None:
    """Ideas say what somebody likes: they are sent nowhere else. Raises `NotDrawn`."""
    try:
        found = urlsplit(url)
        fine = found.scheme in ("http", "https") and found.hostname in _HOSTS
    except ValueError:
        fine = False
    if not fine:
        raise NotDrawn(
            f"draw_url is no address of this machine: {url[:100]}",
            hint="What is drawn tells what you like, so it is only asked of http://127.0.0.1:PORT/...",
        )


# -- keeping
def keep(archive: Path, data: bytes, prompt: str) -> Media:
    """Put a picture beside the archive; the attachment that names it. Raises `NotDrawn` where the disk refuses."""
    name = f"{hashlib.blake2b(data, digest_size=16).hexdigest()}.{sniff(data)}"
    folder = archive.parent / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        part = folder / f"{name}.part"
        part.write_bytes(data)
        part.replace(folder / name)
    except OSError as error:
        raise NotDrawn(f"the picture cannot be kept in {folder}: {error.strerror}", hint="Is the disk full?") from None
    return Media(f"{DRAWN}{name}", "image", alt=prompt)


def kept(archive: Path, address: str) -> bytes:
    """The bytes of a drawn picture by its address. Raises `SourceError`."""
    name = address.removeprefix(DRAWN)
    stem, _, ending = name.partition(".")
    if len(stem) != 32 or not all(letter in "0123456789abcdef" for letter in stem) or not ending.isalnum():
        raise SourceError("this is no picture that was drawn here")
    try:
        return (archive.parent / FOLDER / name).read_bytes()
    except OSError:
        raise SourceError("the drawn picture is gone from its folder") from None


def prune(archive: Path, named: str) -> int:
    """Remove pictures whose drafts are gone (forgotten, say); `named` holds every address in use. How many went."""
    gone = 0
    for path in sorted((archive.parent / FOLDER).glob("*")):
        if path.name not in named and path.is_file():
            path.unlink(missing_ok=True)
            gone += 1
    return gone
