"""Feeds on loopback that never stand still: every few seconds each has a new entry, a third of them with a picture."""

from __future__ import annotations

import contextlib
import io
import random
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from made_feeds import Voice, _vocabulary

#: Entries that a feed shows at a time.
SHOWN = 30


class Moving:
    """Feed `number` gets entry k at `began + every * k`; the same number and k give the same entry."""

    def __init__(self, feeds: int, every: float) -> None:
        self.feeds, self.every = feeds, every
        self.began = time.time() - SHOWN * every
        self.base = ""

    def rss(self, number: int) -> bytes:
        newest = int((time.time() - self.began) / self.every)
        rows = "".join(self._entry(number, k) for k in range(newest, max(-1, newest - SHOWN), -1))
        head = f'<rss version="2.0"><channel><title>Moving {number}</title><link>{self.base}/</link>'
        return f"{head}{rows}</channel></rss>".encode()

    def _entry(self, number: int, k: int) -> str:
        rng = random.Random(f"{number}/{k}")
        subjects = random.Random(number).sample(_vocabulary()[0], 300)
        voice = Voice(rng, subjects).narrowed(12)
        title = " ".join(voice.words(rng.randint(4, 10))).capitalize()
        text = " ".join(voice.words(rng.randint(40, 150)))
        picture = f'&lt;img src="{self.base}/p/{number}-{k}.jpg" alt="{title}"&gt;' if k % 3 == 0 else ""
        at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.began + k * self.every))
        return (
            f"<item><title>{title}</title><guid isPermaLink='false'>{number}-{k}</guid>"
            f"<link>{self.base}/e/{number}/{k}</link><pubDate>{at}</pubDate>"
            f"<description>{picture}{text}</description></item>"
        )


def picture(name: str) -> bytes:
    """A JPEG of 800 by 600 drawn from its name."""
    from PIL import Image, ImageDraw

    rng = random.Random(name)
    image = Image.new("RGB", (800, 600), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, size = rng.randrange(800), rng.randrange(600), rng.randrange(20, 200)
        draw.ellipse((x, y, x + size, y + size), fill=tuple(rng.randrange(256) for _ in range(3)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


@contextlib.contextmanager
def moving(feeds: int, every: float) -> Iterator[Moving]:
    """Serve them until the block ends."""
    site = Moving(feeds, every)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, _, rest = self.path.lstrip("/").partition("/")
            if kind == "feed":
                self._answer(site.rss(int(rest)), "application/rss+xml")
            elif kind == "p":
                self._answer(picture(rest), "image/jpeg")
            else:
                self._answer(b"<p>An entry.</p>", "text/html")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
