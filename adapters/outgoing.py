"""A post that the reader sends: the value that posting functions take, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .base import NotConnected, ServerFailure, SourceError, TimedOut, Unreachable

T = TypeVar("T")
#: Failures after which nobody knows whether the post went out: it is sent once more under the same key.
UNSURE = (TimedOut, Unreachable, ServerFailure)
#: Seconds before that.
PAUSE = 1.0
NOTHING_SENT = "Nothing was sent, and the draft is kept: check your network or the address, then post it again."


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`key` is the same whenever this very post is sent: the server then makes one post of all attempts.

    `reply_to`: native id of the post that is answered, with what its item knows of it (`extra`); `at` is when the
    reader sent it (Unix seconds); `visibility` "" for the account's own usual one.
    """

    text: str
    key: str
    reply_to: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    lang: str = ""
    visibility: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Posted:
    """Where it stands now: its page, and its name at the service."""

    url: str
    native_id: str


class Undelivered(SourceError):
    """The server did not take the post, or nobody knows whether it did."""

    hint = "Nothing was changed here: the draft is kept, and sending it again makes no second post."


async def certain(send: Callable[[], Awaitable[T]], pause: float = PAUSE) -> T:
    """`send()`, and once more where the first attempt leaves open whether it arrived. Raises `SourceError`."""
    begun = False
    try:
        return await send()
    except UNSURE as error:
        begun = not isinstance(error, NotConnected)
    await asyncio.sleep(pause)
    try:
        return await send()
    except UNSURE as error:
        if begun or not isinstance(error, NotConnected):
            raise Undelivered(f"It is not known whether the post arrived: {error}") from error
        raise NotConnected(str(error), hint=NOTHING_SENT) from error
