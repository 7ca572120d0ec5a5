"""Whose turn it is: one reader at a time; the same browser may come back, another one may take over."""

from __future__ import annotations

import asyncio
import re
import secrets

from .session import Session

_COOKIE = re.compile(r"[A-Za-z0-9_-]{24}")


class Desk:
    """Readers are told apart by a cookie."""

    def __init__(self) -> None:
        self.holder = ""
        self._session: Session | None = None
        self._turn = asyncio.Lock()

    @staticmethod
    def named(cookie: str) -> str:
        """The reader of a cookie, or a new one."""
        return cookie if _COOKIE.fullmatch(cookie) else secrets.token_urlsafe(18)

    def free_for(self, reader: str) -> bool:
        """Whether this reader may open the feed: nobody has it, or it was theirs already (a page loaded again)."""
        return self._session is None or reader == self.holder

    def take(self, reader: str) -> None:
        """From now on it is this reader's; whoever has it open keeps it until the new window connects."""
        self.holder = reader

    async def sit(self, session: Session) -> None:
        """Give the place to a session; the one before ends first."""
        async with self._turn:
            before, self._session = self._session, session
            if before is not None:
                await before.end()

    async def rise(self, session: Session) -> None:
        """A session is over."""
        await session.end()
        if self._session is session:
            self._session = None

    async def close(self) -> None:
        """The server ends."""
        if self._session is not None:
            await self.rise(self._session)
