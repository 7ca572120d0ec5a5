"""The scriptable server on loopback, and the client that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import pytest
import pytest_asyncio

from penchant.adapters.contract_server import Answer, Request, Route, Server, running
from penchant.adapters.http import Client, Limits

__all__ = ["Answer", "Request", "Route", "Server"]


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def answers() -> SimpleNamespace:
    """The value types of the server, for tests that script it (this folder is no package)."""
    return SimpleNamespace(Answer=Answer, Request=Request)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests talk to loopback and to nobody else."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client as the reader has it, but impatient (2 s): private addresses only where typed."""
    async with Client(limits=Limits(total_seconds=2.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made


@pytest_asyncio.fixture
async def open_client() -> AsyncIterator[Client]:
    """A client that may go to any address, for adapters whose own addresses are not under test."""
    async with Client(limits=Limits(total_seconds=5.0, pause_seconds=0.0), allow_private=True) as made:
        yield made
