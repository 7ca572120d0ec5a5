"""`penchant web`: the feed in a browser."""

from __future__ import annotations

import argparse
import sys

from penchant.app.errors import PenchantError

from .context import Context
from .output import note, say
from .serve import port


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=port, default=8643, metavar="N", help="port (default: 8643; 0: any free one)")
    parser.add_argument("--token", default="", help="what the address begins with (default: a new one each time)")
    parser.add_argument("--open", action="store_true", help="open the address in this machine's browser")
    parser.add_argument("--check", action="store_true", help="say whether it could start, and end")


def run(args: argparse.Namespace, context: Context) -> int | None:
    """Serve until Ctrl+C. Raises `PenchantError` where textual-serve is missing or the place cannot be used."""
    import asyncio
    import secrets

    try:
        from penchant.app.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "penchant":
            raise
        raise PenchantError(
            f"the browser view needs a package that is not installed ({error.name})",
            hint="Install penchant with its extra: pip install '.[web]' in a checkout.",
        ) from error
    from penchant.app.serve.doorman import Doorman, is_loopback
    from penchant.app.serve.server import bound
    from penchant.app.serve.token import checked

    token = checked(args.token) if args.token else secrets.token_urlsafe(24)
    # What is wrong with configuration or archive is said here, not in the browser.
    assert context.config and context.store
    names = []
    if not is_loopback(args.host):
        import socket

        names = [socket.gethostname(), f"{socket.gethostname().split('.')[0]}.local"]
    taken = bound(args.host, args.port)
    if args.check:
        taken.close()
        say("The browser view can start.")
        return None
    context.start_log()
    host = names[0] if args.host in ("0.0.0.0", "::") else args.host
    address = f"http://{f'[{host}]' if ':' in host else host}:{taken.getsockname()[1]}/{token}/"

    def ready() -> None:
        say(f"Serving {address}")
        if names:
            note("Whoever has this address reads and decides as you; without a proxy for TLS, so can the network.")
        note("Ctrl+C ends it.")
        sys.stdout.flush()
        if args.open:
            import threading
            import webbrowser

            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    asyncio.run(serve(Doorman.at(args.host, token, names), taken, ready))
    return None
