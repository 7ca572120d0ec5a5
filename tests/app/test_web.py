"""The browser view: a real server and feed, by its WebSocket and, where there is one, in headless Chromium."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from penchant.app.store import Store
from penchant.app.types import View

aiohttp = pytest.importorskip("aiohttp", reason="the browser view needs the extra [web]")
pytest.importorskip("textual_serve", reason="the browser view needs the extra [web]")

TOKEN = "abcdefghijklmnop-_1"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that follows the sample feed, made once; no worker runs there."""
    folder = tmp_path_factory.mktemp("web")
    environment = {**os.environ, "PENCHANT_HOME": str(folder)}
    for arguments in (["add", "sample"], ["sync"]):
        command = [sys.executable, "-P", "-m", "penchant.app.cli", *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "config.toml").write_text("[worker]\nenabled = false\n")
    return folder


@pytest.fixture
def view(cli: Any, home: Path, sample_home: Path) -> Iterator[Any]:
    """(address, process) of a running `penchant web`."""
    shutil.copytree(sample_home, home, dirs_exist_ok=True)
    child = cli.start("web", "--port", "0", "--token", TOKEN)
    line = child.stdout.readline()
    assert line.startswith("Serving "), line + child.stderr.read()
    yield line.split()[1], child
    killed = child.poll() == -signal.SIGKILL
    child.send_signal(signal.SIGTERM)
    _, errors = child.communicate(timeout=30)
    assert (killed or child.returncode == 0) and "Traceback" not in errors, errors
    assert feeds() == []


def feeds() -> list[int]:
    """Process ids of feeds that run for this test's home."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"penchant.app.web.child" in (place / "cmdline").read_bytes() and (
                f"PENCHANT_HOME={os.environ['PENCHANT_HOME']}".encode() in (place / "environ").read_bytes()
            ):
                found.append(int(place.name))
    return found


def liked(home: Path) -> list[int]:
    with Store.open(home / "data" / "archive.db") as store:
        return store.items.ids(View.LIKED)


class Browser:
    """One reader: its cookies, its page, its socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.seen = b""
        self.said: list[Any] = []

    async def page(self, query: str = "", **headers: str) -> tuple[int, str, Any]:
        async with self.http.get(self.address + query, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers

    @asynccontextmanager
    async def window(self, **headers: str) -> AsyncIterator[Any]:
        async with self.http.ws_connect(f"{self.address}ws?width=100&height=30", headers=headers) as socket:
            yield socket

    async def until(self, socket: Any, text: bytes | None) -> None:
        """Read until the screen has shown `text`; None: until the window is closed."""
        async with asyncio.timeout(30):
            while text is None or text not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", self.seen):
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.seen += message.data
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self.said.append(json.loads(message.data))
                elif text is None:
                    return
                else:
                    raise AssertionError(f"closed before {text!r}: {self.seen[-500:]!r}")

    async def press(self, socket: Any, keys: str) -> None:
        self.seen = b""
        await socket.send_str(json.dumps(["stdin", keys]))


@pytest.fixture
async def reader(view: Any) -> AsyncIterator[Browser]:
    browser = Browser(view[0])
    yield browser
    await browser.http.close()


async def test_keys_reach_the_feed_and_its_end_ends_the_process(reader: Browser, home: Path) -> None:
    status, page, headers = await reader.page()
    assert status == 200 and "https://" not in page and "googleapis" not in page, "nothing from another place"
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert (await reader.page("static/js/textual.js"))[0] == 200
    assert (await reader.page("static/js/../../server.py"))[0] in (403, 404)
    async with reader.window() as socket:
        await reader.until(socket, b"For you")
        assert len(feeds()) == 1
        for nonsense in ("", "[]", '["stdin"]', '["stdin", 3]', '["resize", {"width": "x"}]', "[" * 5_000, '{"a": 1}'):
            await socket.send_str(nonsense)
        await socket.send_str(json.dumps(["resize", {"width": 10**9, "height": -5}]))
        await socket.send_str(json.dumps(["resize", {"width": 120, "height": 40}]))
        await reader.press(socket, "j")
        await reader.press(socket, "l")
        async with asyncio.timeout(30):
            while len(liked(home)) != 1:
                await asyncio.sleep(0.05)
        await reader.press(socket, "o")
        async with asyncio.timeout(30):
            while not any(said[0] == "open_url" for said in reader.said):
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT:
                    reader.said.append(json.loads(message.data))
        await reader.press(socket, "q")
        await reader.until(socket, None)
    await gone()


async def gone() -> None:
    async with asyncio.timeout(20):
        while feeds():
            await asyncio.sleep(0.05)


async def test_a_browser_that_goes_away_ends_the_feed(reader: Browser) -> None:
    await reader.page()
    async with reader.window() as socket:
        await reader.until(socket, b"For you")
    await gone()
    assert (await reader.page())[0] == 200


async def test_one_reader_at_a_time(reader: Browser, view: Any) -> None:
    second = Browser(view[0])
    try:
        await reader.page()
        async with reader.window() as socket:
            await reader.until(socket, b"For you")
            status, page, _ = await second.page()
            assert status == 409 and "another browser" in page and "take=1" in page
            with pytest.raises(aiohttp.WSServerHandshakeError, match="409"):
                async with second.window():
                    pass
            # the same browser may load its page again, which takes the place of the first
            assert (await reader.page())[0] == 200
            async with reader.window() as again:
                await reader.until(socket, None)
                reader.seen = b""
                await reader.until(again, b"For you")
                assert len(feeds()) == 1
                assert (await second.page("?take=1"))[0] == 200
                async with second.window() as taken:
                    await reader.until(again, None)
                    await second.until(taken, b"For you")
                    assert len(feeds()) == 1 and (await reader.page())[0] == 409
    finally:
        await second.http.close()


async def test_nobody_else_comes_in(reader: Browser, view: Any) -> None:
    address = view[0]
    assert (await reader.page(Host="rebound.example"))[0] == 421
    for place in (address.replace(TOKEN, "x" * 19), address.replace(TOKEN + "/", ""), address[:-2] + "/"):
        async with reader.http.get(place) as answer:
            assert answer.status == 403 and TOKEN not in await answer.text()
    await reader.page()
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with reader.window(**headers):
                pass
    assert feeds() == []


async def test_a_killed_server_leaves_no_feed_behind(view: Any, reader: Browser) -> None:
    _, child = view
    await reader.page()
    async with reader.window() as socket:
        await reader.until(socket, b"For you")
        child.kill()
        await reader.until(socket, None)
        await gone()
    child.wait()


async def test_a_feed_that_is_killed_closes_its_window(view: Any, reader: Browser) -> None:
    await reader.page()
    async with reader.window() as socket:
        await reader.until(socket, b"For you")
        os.kill(feeds()[0], signal.SIGKILL)
        await reader.until(socket, None)
    assert (await reader.page())[0] == 200


async def test_ctrl_c_ends_feed_and_server(view: Any, reader: Browser) -> None:
    _, child = view
    await reader.page()
    async with reader.window() as socket:
        await reader.until(socket, b"For you")
        child.send_signal(signal.SIGINT)
        await reader.until(socket, None)
        async with asyncio.timeout(20):
            while child.poll() is None:
                await asyncio.sleep(0.05)
    assert child.returncode == 0


def test_failures_are_said_before_it_starts(cli: Any, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text("[nonsense]\n")
    cli("web", "--check", code=3)
    (home / "config" / "config.toml").unlink()
    assert "can start" in cli("web", "--check", "--port", "0")
    cli("web", "--token", "short", "--check", code=2)
    cli("web", "--host", "192.0.2.1", "--check", code=1)


def test_without_its_packages_it_says_what_to_install(home: Path) -> None:
    code = "import sys; sys.modules['textual_serve'] = None; from penchant.app.cli import main; sys.exit(main(['web']))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "[web]" in done.stderr and "Traceback" not in done.stderr


# -- headless Chromium, spoken to by its own protocol
class Chromium:
    """One tab. `call` is a command of the DevTools protocol."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.number = 0

    async def call(self, method: str, **parameters: Any) -> Any:
        self.number += 1
        await self.socket.send_json({"id": self.number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self.socket.receive()).data)
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    async def value(self, script: str) -> Any:
        made = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return made["result"].get("value")

    async def until(self, script: str) -> None:
        async with asyncio.timeout(40):
            while not await self.value(script):
                await asyncio.sleep(0.1)

    async def press(self, key: str) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self) -> bytes:
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def chromium(address: str) -> AsyncIterator[Chromium]:
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--remote-debugging-port=0", "--window-size=1200,800", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            active = Path(profile) / "DevToolsActivePort"
            end = time.monotonic() + 40
            while not (active.exists() and active.read_text().count("\n")):
                if process.poll() is not None or time.monotonic() > end:
                    pytest.skip(f"{CHROMIUM} does not start here (code {process.poll()})")
                await asyncio.sleep(0.1)
            port = active.read_text().splitlines()[0]
            async with aiohttp.ClientSession() as http:
                async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tab = next(t for t in await answer.json(content_type=None) if t["type"] == "page")
                async with http.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    browser = Chromium(socket)
                    await browser.call("Page.navigate", url=address)
                    yield browser
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the package chromium lets this test run")
async def test_in_chromium(view: Any, home: Path, tmp_path: Path) -> None:
    async with chromium(view[0]) as browser:
        await browser.until("document.body && document.body.classList.contains('-first-byte')")
        await browser.until("!!document.querySelector('.xterm-screen canvas, .xterm-rows')")
        loaded = await browser.value("performance.getEntriesByType('resource').map(r => r.name).join(' ')")
        assert "textual.js" in loaded
        elsewhere = [name for name in loaded.split() if not name.startswith((view[0], "data:"))]
        assert elsewhere == [], "nothing is loaded from another place"
        await browser.value("document.querySelector('.xterm-helper-textarea').focus()")
        await asyncio.sleep(1.0)  # the first page is painted
        before = await browser.picture()
        await browser.press("j")
        await browser.press("l")
        async with asyncio.timeout(30):
            while not liked(home):
                await asyncio.sleep(0.1)
        after = before
        async with asyncio.timeout(30):
            while after == before:
                after = await browser.picture()
        (tmp_path / "feed.png").write_bytes(after)
        from PIL import Image

        with Image.open(tmp_path / "feed.png") as picture:
            assert picture.size[0] > 1_000 and len(set(picture.convert("RGB").resize((200, 150)).getdata())) > 20
        await browser.press("q")
        await browser.until("document.body.classList.contains('-closed')")
    await gone()
