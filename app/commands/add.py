"""`penchant add ADDRESS`: recognise or discover a source and follow it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion

_EXAMPLES = """examples:
  penchant add sample                          the built-in sample feed, no network
  penchant add https://example.org             finds the site's feed
  penchant add hackernews:top                  top, new, best, ask or show
  penchant add mastodon:mastodon.social        signs in, then your home timeline
  penchant add r/python                        Reddit: r/NAME/new, u/NAME, reddit:home, reddit:saved
  penchant add https://lobste.rs/t/python      Lobsters: lobsters:newest, a tag, ~USER
  penchant add !technology@lemmy.world         Lemmy and PieFed: lemmy:HOST/local, piefed:HOST/all
  penchant add @jay.bsky.team                  Bluesky: a person, bluesky:YOU.bsky.social/timeline, likes
  penchant add https://github.com/ada/engine   its releases; github:received: what people you follow star
  penchant add arxiv:cat:cs.IR                 papers of a category, an author (arxiv:au:...), a search
  penchant add miniflux:https://reader.example your Miniflux; greader: FreshRSS and others, fever:
  penchant add imaps://me@mail.example/News    newsletters in a folder of mail; maildir:/path
  penchant add page:https://example.org/news   a page without a feed: its new links
  penchant add 'exec:~/bin/my-feed --new'      a command that prints a feed or JSON; asks first
  penchant add https://example.org/feed.xml --title "My name for it" --folder Tech"""

_NOT_ADDED = "Nothing was added: check the address and your network, or try again later."


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EXAMPLES
    parser.add_argument("address", help="address of a site or feed, or one of the short forms below")
    parser.add_argument("--title", default="", help="your own name for it")
    parser.add_argument("--folder", default="", help="folder to keep it in; / separates levels")
    parser.add_argument("--kind", default="", help="kind of source, where the address does not tell")
    parser.add_argument("--yes", action="store_true", help="exec: allow the command without being asked")
    parser.add_argument(
        "--sync", choices=["both", "pull", "off"], default="",
        help="reader servers: keep what is read and saved in step both ways, tell the server nothing, or neither",
    )  # fmt: skip
    parser.add_argument(
        "--feed", type=int, default=0, metavar="N", help="which one, where a site offers several feeds"
    )


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.adapters.text import clean_line

    context.start_log()
    found = _suggestions(args, context)
    if len(found) > 1 and not args.feed:
        for number, each in enumerate(found, 1):
            note(f"  {number}  {plain(each.title or each.address, 60)}  {plain(each.address)}")
        note(
            f"{plain(args.address)} offers {len(found)} feeds; following the first. `--feed N` takes another."
        )
    if not 0 <= args.feed <= len(found):
        raise UsageError(f"--feed {args.feed}: there are {len(found)} feeds at this address")
    chosen = found[max(0, args.feed - 1)]
    title = clean_line(args.title, 200)
    if chosen.kind == "mastodon":
        from .mastodon import sign_in_if_needed

        chosen = sign_in_if_needed(chosen, context)
    elif chosen.kind in ("reddit", "lemmy", "bluesky"):
        from . import bluesky, lemmy, reddit

        asks = {"reddit": reddit, "lemmy": lemmy, "bluesky": bluesky}[chosen.kind]
        chosen = asks.account_if_needed(chosen, context)
    elif chosen.kind in ("miniflux", "greader", "fever"):
        from .reader import account_if_needed

        chosen = account_if_needed(chosen, context, args.sync)
    elif chosen.kind == "mail":
        from .mail import password_if_needed

        password_if_needed(chosen, context)
    elif chosen.kind == "github":
        from .github import token_if_needed

        token_if_needed(chosen, context)
    elif chosen.kind == "script":
        from .add_script import confirm

        confirm(chosen, context, yes=args.yes)
    known = {(s.kind, s.address) for s in context.store.subscriptions.all()}
    folder = tuple(part for part in args.folder.split("/") if part)
    number = context.store.subscriptions.add(
        chosen.kind, chosen.address, title or chosen.title, dict(chosen.settings), folder
    )
    if title:
        context.store.subscriptions.rename(number, title)  # so that the source's own never replaces it
    name = plain(title or chosen.title or chosen.address)
    if (chosen.kind, chosen.address) in known:
        say(f"{number}  {name}  (you follow it already)")
    else:
        say(f"{number}  {name}")
        if chosen.kind == "mastodon":
            from .mastodon import keep_aside

            keep_aside(chosen, context)
        note("`penchant sync` fetches it now; the feed does so by itself.")
    return None


def _suggestions(args: argparse.Namespace, context: Context) -> list[Suggestion]:
    """What the address is: by its form, else by looking there. Never empty; raises `PenchantError`."""
    from penchant.adapters import load, names

    if args.kind and args.kind not in names():
        raise UsageError(f"no kind of source is called {args.kind!r}", hint=f"Known: {', '.join(names())}.")
    for kind in [args.kind] if args.kind else names():
        if (suggestion := load(kind).recognise(args.address)) is not None:
            return [suggestion]
    return _discover(args.address, context)


def _discover(address: str, context: Context) -> list[Suggestion]:
    import asyncio

    from penchant.adapters.base import SourceError
    from penchant.adapters.discover import discover

    async def look() -> list[Suggestion]:
        from penchant.app.network import open_client

        async with open_client(context.config, context.paths.ensure()) as client:
            return await discover(client, address)

    try:
        found = asyncio.run(look())
    except SourceError as error:
        # The hints speak of sources that are followed already.
        error.hint = _NOT_ADDED if "penchant" in error.hint or "source" in error.hint else error.hint
        raise
    if not found:
        raise PenchantError(
            f"no feed was found at {plain(address)}",
            hint="Look for a link called RSS, Atom or Feed on the page and add that address,"
            f" or follow the page's own links: penchant add page:{plain(address)}",
        )
    return found
