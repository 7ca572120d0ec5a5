"""The token for GitHub: kept by penchant, else that of the command-line tool `gh`."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from urllib.parse import urlsplit

from . import hidden, secrets
from .github_place import API

#: A locked keyring may hold `gh` up: reading goes on without a token then.
GH_SECONDS = 5.0
MAX_TOKEN = 512


def token_key(api: str) -> str:
    """Name under which `secrets` keeps the token of a server: its host, so that no other one gets it."""
    return f"github:{urlsplit(api).netloc.lower()}"


async def find_token(api: str) -> str:
    """The token for the API at this base address, "" without one. Raises `SecretsUnavailable`."""
    kept = await asyncio.to_thread(secrets.get, token_key(api))
    return kept if kept else await asyncio.to_thread(token_of_gh, api)


def token_of_gh(api: str) -> str:
    """What `gh auth token` prints for this server; "" where gh is missing, slow or not signed in."""
    there = urlsplit(api)
    program = shutil.which("gh")
    if not program or there.scheme != "https" or not there.hostname:
        return ""
    host = "github.com" if api == API else there.hostname
    try:
        done = subprocess.run(
            [program, "auth", "token", "--hostname", host],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=GH_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    token = plausible(done.stdout.decode("ascii", "replace")) if done.returncode == 0 else ""
    hidden.keep(token)
    return token


def plausible(text: str) -> str:
    """A token as pasted or printed, without blanks around it; "" for what cannot be one."""
    token = text.strip()
    fine = 0 < len(token) <= MAX_TOKEN and token.isascii() and token.isprintable() and " " not in token
    return token if fine else ""


async def keep(api: str, token: str) -> str:
    """Store a token for this server; returns "keyring" or "file". Raises `SecretsUnavailable`."""
    return await asyncio.to_thread(secrets.set, token_key(api), token)
