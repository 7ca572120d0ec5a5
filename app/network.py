"""The one HTTP client of a process, set up as the reader configured it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .config import Config
    from .paths import Paths


@asynccontextmanager
async def open_client(config: Config, paths: Paths) -> AsyncIterator[Client]:
    """A client whose documents are parsed in a child process with limits."""
    from penchant.adapters import secrets
    from penchant.adapters.http import Client, Limits

    from .parse_runner import ParseLimits, ParseRunner

    secrets.configure(paths.secrets)
    limits = Limits(total_seconds=config.network.timeout, max_bytes=config.network.max_megabytes << 20)
    async with (
        ParseRunner(ParseLimits(megabytes=config.worker.parse_megabytes)) as parse,
        Client(limits=limits, parse=parse) as client,
    ):
        yield client
