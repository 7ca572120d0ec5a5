"""`penchant serve`: the ranking as feeds for other readers."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from penchant.app.errors import UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.app.config import ServeOptions


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=None, help="address to listen on (default: 127.0.0.1, this machine only)")
    parser.add_argument("--port", type=port, default=None, metavar="N",
                        help="port (default: 8642, with --score 8643; 0: any free one)")  # fmt: skip
    parser.add_argument("--token", default=None, help="what addresses must begin with (default: one is made and kept)")
    parser.add_argument("--new-token", action="store_true", help="make a new token; the old addresses stop working")
    parser.add_argument("--score", action="store_true",
                        help="score texts and pictures for programs instead (docs/score.md)")  # fmt: skip
    parser.add_argument("--addresses", action="store_true", help="print the address of every feed and end")


def port(text: str) -> int:
    """A port number, for argparse."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise ValueError
    return number


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.score:
        from .serve_score import run as score

        score(args, context)
        return None
    from penchant.app.serve.doorman import Doorman, is_loopback
    from penchant.app.serve.library import Library
    from penchant.app.serve.site import Site

    options = _options(args, context.config.serve)
    file = context.paths.ensure().data / "serve-token"
    token, fresh = _token(args, options, file)
    # Opened once as any other command does: an older archive is brought up to date before it is only read.
    assert context.store
    names = [urlsplit(options.public).hostname or ""] if options.public else []
    if not is_loopback(options.host):
        import socket

        names += [socket.gethostname(), f"{socket.gethostname().split('.')[0]}.local"]
    library = Library(context.paths.archive, options.items, options.why)
    try:
        site = Site(library, Doorman.at(options.host, token, names), options.public)
        if args.addresses:
            for title, address in addresses(library, options, token):
                say(f"{address}\t{plain(title)}")
            return None
        from penchant.app.serve.server import Server

        server = Server(site, options.host, options.port)
        context.start_log()
        where = _base(options, server.port)
        say(f"Serving {where}{f'/{token}' if fresh else ''}/")
        if token and not fresh:
            note(f"Addresses begin with the token in {plain(str(file))}: `penchant serve --addresses` prints them."
                 if args.token is None else "Addresses begin with the token you gave.")  # fmt: skip
        if not is_loopback(options.host):
            note("Whoever knows the token can read this; without a proxy for TLS, so can the network in between.")
        note("Ctrl+C ends it. It reads only: `penchant worker` or an open feed fetches and ranks.")
        import sys

        sys.stdout.flush()
        server.stop_on_signals()
        server.run()
    finally:
        library.close()
    return None


def addresses(library: object, options: ServeOptions, token: str) -> list[tuple[str, str]]:
    """(title, address) of the page, the OPML and every feed."""
    from penchant.app.serve.library import TITLES, Library
    from penchant.app.serve.site import Place
    from penchant.app.types import View

    assert isinstance(library, Library)
    place = Place(_base(options, options.port), token)
    own = [("All of them", "/"), ("OPML", "/opml")]
    own += [(title, f"/{view.value}.atom") for view, title in TITLES.items() if view is not View.NEWEST]
    own += [("Digest", "/digest.atom"), ("Digest of weeks", "/digest.atom?period=week")]
    own += [("Search: WORDS", "/search.atom?q=WORDS")]
    own += [(title, f"/source/{number}.atom") for number, title, _ in library.sources()]
    return [(title, place.of(path)) for title, path in own]


def _options(args: argparse.Namespace, configured: ServeOptions) -> ServeOptions:
    given = {"host": args.host, "port": args.port}
    return replace(configured, **{name: value for name, value in given.items() if value is not None})


def _token(args: argparse.Namespace, options: ServeOptions, file: Path) -> tuple[str, bool]:
    """The token in force ("": none is asked for), and whether it was made just now."""
    from penchant.app.serve import token as tokens
    from penchant.app.serve.doorman import is_loopback

    if args.token is not None:
        if args.new_token:
            raise UsageError("--token and --new-token exclude each other")
        return tokens.checked(args.token), False
    if args.new_token:
        return tokens.make(file), True
    if is_loopback(options.host) and not options.public:
        return "", False
    found = tokens.kept(file)
    return (found, False) if found else (tokens.make(file), True)


def _base(options: ServeOptions, number: int) -> str:
    """Where readers find the server."""
    if options.public:
        return options.public.rstrip("/")
    host = options.host
    if host in ("0.0.0.0", "::", ""):
        import socket

        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{number}"
