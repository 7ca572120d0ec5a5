"""HTTP and the WebSocket of the browser view (aiohttp, which textual-serve brings)."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import textual_serve
from aiohttp import WSMsgType, web

from penchant.app.serve.doorman import Doorman

from . import page
from .desk import Desk
from .session import Session

COOKIE = "penchant_reader"
#: The largest message of a browser: a paste.
LARGEST = 1 << 20
_FILES = Path(textual_serve.__file__).parent / "static"
_ALWAYS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class View:
    """The routes, all below /TOKEN/."""

    def __init__(self, doorman: Doorman) -> None:
        self.doorman = doorman
        self.desk = Desk()

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._door], client_max_size=1_024)
        made.add_routes([
            web.get("/{token}/", self._index),
            web.get("/{token}/ws", self._socket),
            web.get("/{token}/static/{file:.+}", self._static),
        ])  # fmt: skip
        made.on_response_prepare.append(_headers)
        return made

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.doorman.knows(request.headers.get("Host", "")):
            return _page(421, page.refused("This server does not answer under this name."))
        if not self.doorman.admits(request.match_info.get("token", "")):
            return _page(403, page.refused("The address lacks the token that `penchant web` printed."))
        return await handler(request)

    async def _index(self, request: web.Request) -> web.StreamResponse:
        reader = self.desk.named(request.cookies.get(COOKIE, ""))
        if not self.desk.free_for(reader) and "take" not in request.query:
            return _page(409, page.busy())
        self.desk.take(reader)
        if "take" in request.query:
            answer: web.Response = web.Response(status=303, headers={"Location": "./"})
        else:
            place = f"ws://{request.headers['Host']}"
            answer = _page(200, page.terminal(f"{place}{request.path}ws"))
            answer.headers["Content-Security-Policy"] = page.policy(place)
        answer.set_cookie(COOKIE, reader, path=request.path, httponly=True, samesite="Strict")
        return answer

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["file"]
        if name not in page.STATIC:
            raise web.HTTPNotFound(text="There is no such file.")
        return web.FileResponse(_FILES / name, headers={"Content-Type": page.STATIC[name]})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["Host"]:
            return _page(403, page.refused("Another site's page may not open this."))
        reader = request.cookies.get(COOKIE, "")
        if not reader or reader != self.desk.holder:
            return _page(409, page.busy())
        socket = web.WebSocketResponse(heartbeat=15, timeout=2.0, max_msg_size=LARGEST)
        await socket.prepare(request)
        session = Session(socket.send_bytes, socket.send_str, socket.close)
        try:
            await self.desk.sit(session)
            await session.start(_number(request, "width", 80), _number(request, "height", 24))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await session.hear(message.data)
        except ConnectionError:  # gone in the middle of a message
            pass
        finally:
            await asyncio.shield(self.desk.rise(session))
        return socket


def _number(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else usual


def _page(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")


async def _headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
    response.headers["Server"] = "penchant"


async def serve(doorman: Doorman, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until SIGINT, SIGTERM or SIGHUP; the feed's process has ended when this returns."""
    view = View(doorman)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if (number := getattr(signal, name, None)) is not None:
            loop.add_signal_handler(number, over.set)
    runner = web.AppRunner(view.application(), access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.SockSite(runner, bound, backlog=16).start()
        ready()
        await over.wait()
    finally:
        await view.desk.close()
        await runner.cleanup()
