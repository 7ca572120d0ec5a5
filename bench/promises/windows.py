"""Real windows: `penchant` on a terminal of its own, of which the script holds the other end."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from penchant.adapters.base import Author, Item, Media, Page
from penchant.app.paths import Paths
from penchant.app.store import Store

ROOT = Path(__file__).resolve().parents[2]
#: Terminal modes that must be off at the end: mouse and focus reports, bracketed paste, pixels of the mouse, sizes.
MODES = (1000, 1002, 1003, 1004, 1006, 1015, 1016, 2004, 2048)
ADDRESS = "http://127.0.0.1:9/feed"
HEART = "♥".encode()


def make_home(home: Path, items: int = 40, *, worker: bool = True, pictures: bool = False) -> Paths:
    """A home with an archive of `items` items and, with `pictures`, one picture for each in the cache."""
    paths = Paths.under(home).ensure()
    images = "kitty" if pictures else "none"
    paths.config_file.write_text(
        f'start_view = "newest"\nimages = "{images}"\n[worker]\nenabled = {str(worker).lower()}\n', encoding="utf-8"
    )
    with Store.open(paths.archive, role="cli") as store:
        number = store.subscriptions.add("rss", ADDRESS, "Example", {"address": ADDRESS})
        store.items.put_page(number, Page(tuple(_item(n, pictures) for n in range(items)), {}), time.time())
        store.db.run("UPDATE subscriptions SET next_due = ?", (time.time() + 1e6,))
        if pictures:
            _fetch_pictures(store, paths)
    return paths


def _item(number: int, picture: bool) -> Item:
    media = (Media(f"https://example.org/{number}.png", alt=f"drawing {number}"),) if picture else ()
    return Item(
        f"item-{number}", f"https://example.org/{number}", f"Number {number}.", f"The {number}th text. " * 8,
        Author(f"a:{number % 5}", f"Author {number % 5}"), published=time.time() - 60.0 * number, media=media,
    )  # fmt: skip


def _fetch_pictures(store: Store, paths: Paths) -> None:
    from PIL import Image

    from penchant.app.pictures.files import PictureFiles
    from penchant.app.store.pictures import Kept

    def jpeg(size: tuple[int, int]) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", size, (200, 60, 40)).save(out, "JPEG")
        return out.getvalue()

    files, kept = PictureFiles(paths.cache / "pictures"), []
    small, large = jpeg((320, 200)), jpeg((1280, 800))
    for place, each in enumerate(store.pictures.ask(store.items.ids("newest", limit=100), time.time())):
        name = bytes([place + 1]) * 16
        files.put(name, small, large)
        kept.append(Kept(each.id, name, "jpeg", 1280, 800, 1, 9, bytes((200, 60, 40)) * 12, None, "", ""))
    store.pictures.put(kept, time.time())


class Window:
    """One running `penchant`. `seen` is everything that it wrote."""

    def __init__(self, home: Path) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = {
                **os.environ, "PENCHANT_HOME": str(home), "PENCHANT_SECRETS_DIR": str(home / "secrets"),
                "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
            }  # fmt: skip
            os.execvpe(sys.executable, [sys.executable, "-m", "penchant.app.cli"], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
        self.settings = termios.tcgetattr(self.fd)
        self.seen = b""
        self.code: int | None = None

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what the window writes within `seconds`; False once its end of the terminal is closed."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.fd, 1 << 16)
            except OSError:
                return False
        return True

    def until(self, condition: Callable[[], object], seconds: float = 60.0) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or not self.read():
                return bool(condition())
        return True

    def settle(self) -> None:
        """Read until nothing has come for a while: what is written next belongs to what is done next."""
        size = -1
        while size != len(self.seen):
            size = len(self.seen)
            self.read(0.15)

    def ready(self) -> bool:
        return self.until(lambda: b"Number 0" in self.seen)

    def keys(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self.fd, text.encode())

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def ended(self, seconds: float = 30.0) -> bool:
        """Whether the process ends within `seconds`; what it still writes is read meanwhile."""
        end = time.monotonic() + seconds
        while self.code is None:
            if self.fd >= 0:
                self.read(0.02)
            else:
                time.sleep(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                while self.fd >= 0 and select.select([self.fd], [], [], 0)[0] and self.read(0.0):
                    pass
            elif time.monotonic() > end:
                return False
        return True

    def close(self) -> None:
        """Whatever happened: nothing of it is left, its worker included."""
        if self.code is None:
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.code = -9
        for worker in workers(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.hang_up()


def workers(parent: int) -> list[int]:
    """The processes of workers that a window started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--parent" in words and str(parent).encode() in words:
                found.append(int(folder.name))
    return found


def left_behind(window: Window) -> list[str]:
    """What a window that has ended did not put back, in words."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from tests.tui.model_terminal import ModelTerminal

    text, wrong = window.seen.decode(errors="replace"), []
    modes = {int(n): way for numbers, way in re.findall(r"\x1b\[\?([\d;]+)([hl])", text) for n in numbers.split(";")}
    wrong += [f"mode {mode} is still on" for mode in MODES if modes.get(mode) == "h"]
    if modes.get(1049) != "l":
        wrong.append("the alternate screen is still shown")
    if modes.get(25) == "l":
        wrong.append("the cursor is still hidden")
    if len(re.findall(r"\x1b\[>\d*u", text)) > len(re.findall(r"\x1b\[<\d*u", text)):
        wrong.append("kitty's keyboard protocol is still on")
    model = ModelTerminal()
    model.feed(text[: text.rfind("\x1b\\") + 2], strict=False)
    if model.images or model.shown:
        wrong.append(f"{len(model.images)} pictures are still in the terminal")
    if window.fd >= 0 and termios.tcgetattr(window.fd)[:4] != window.settings[:4]:
        wrong.append("the terminal is still raw")
    return wrong


def likes(archive: Path) -> int:
    """Items that the archive holds as liked."""
    with Store.open(archive) as store:
        return int(store.db.value("SELECT count(*) FROM item_state WHERE liked"))
