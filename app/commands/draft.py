"""`penchant draft`: replies and posts in the reader's taste and voice; what was drafted, liked, skipped, posted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .interrupt import cancels
from .list_items import positive
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.store.drafts import Draft
    from penchant.app.writing.values import Progress, Wish

#: Seconds that one request may take, unless somebody says otherwise.
SECONDS = 900
ACTS = ("like", "skip", "keep", "drop")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples:\n  penchant draft reply 12\n  penchant draft post night trains\n"
        "  penchant draft post --from 12 --from 14 --arm vector\n  penchant draft list\n  penchant draft send 3f2a"
    )
    whats = ["reply", "post", "list", "send", *ACTS]
    parser.add_argument(
        "what", choices=whats, help="draft a reply or a post; list drafts; send one; say what it is worth"
    )
    parser.add_argument("words", nargs="*", help="reply: the item; post: the topic (none: anything); else a draft's id")
    parser.add_argument(
        "--from", dest="items", action="append", default=[], metavar="ITEM", help="post: made of this item"
    )
    parser.add_argument(
        "--collection", default="", metavar="NAME", help="post: made of the latest items of a collection"
    )
    parser.add_argument("--liked", action="store_true", help="post: made of what you liked last")
    parser.add_argument(
        "--arm", default="", metavar="NAME", help="the carrier of your taste (`penchant voice`), none for none"
    )
    parser.add_argument(
        "--model", default="", metavar="MODEL", help="a GGUF file, the name of a model, or http(s)://HOST"
    )
    parser.add_argument("--count", type=positive, default=3, metavar="N", help="drafts to offer (3, at most 8)")
    parser.add_argument("--length", type=positive, default=280, metavar="N", help="characters of one at most (280)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other drafts")
    parser.add_argument("--seconds", type=positive, default=SECONDS, metavar="S", help="stop after S seconds (900)")
    parser.add_argument("--account", default="", metavar="NAME", help="send: as whom")
    parser.add_argument("--yes", action="store_true", help="send: without being asked")
    parser.add_argument("--json", action="store_true", help="one JSON object, or one a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "list":
        _list(args, context)
        return None
    if args.what in ("reply", "post"):
        show = _Quiet() if args.json else _Typed()
        return asyncio.run(_write(_wish(args, context), context, show, args))
    if not args.words:
        raise UsageError(f"`penchant draft {args.what}` needs a draft", hint="`penchant draft list` shows them.")
    draft = _named(context, args.words[0])
    if args.what == "send":
        return _send(draft, args, context)
    _act(args.what, draft, context)
    return None


def _wish(args: argparse.Namespace, context: Context) -> Wish:
    from penchant.app.writing.values import MOST, SOURCES, Wish

    common = {
        "arm": args.arm,
        "model": args.model,
        "count": min(args.count, MOST),
        "length": args.length,
        "seed": args.seed,
    }
    if args.what == "reply":
        if len(args.words) != 1:
            raise UsageError("which item?", hint="`penchant draft reply ITEM`; `penchant list` shows their numbers.")
        return Wish("reply", context.item(args.words[0]), **common)
    items = [context.item(each) for each in args.items]
    if args.collection:
        items += context.store.collections.ids(args.collection)
    if args.liked:
        items += context.store.items.ids("liked", limit=SOURCES)  # type: ignore[arg-type]
    if (args.collection or args.liked) and not items:
        what = f"the collection {plain(args.collection)} is empty" if args.collection else "nothing was liked yet"
        raise PenchantError(what, hint="Name items with --from, or a topic.")
    return Wish("post", None, " ".join(args.words), tuple(dict.fromkeys(items))[:SOURCES], **common)


# -- writing
async def _write(wish: Wish, context: Context, show: Any, args: argparse.Namespace) -> int:
    from penchant.app.writing.desk import Desk, keep

    cancels()
    step, known = None, dict[str, str]()
    ids: list[str] = []
    async with Desk(context.config, context.paths, context.call) as desk:
        try:
            async with asyncio.timeout(args.seconds), contextlib.aclosing(desk.write(wish)) as steps:
                async for step in steps:
                    show(step)
                    ids = keep(context.store, wish, step, known)
        except asyncio.CancelledError:
            show.end()
            note("Stopped; `penchant draft list` shows what stands.")
            return 130
        except TimeoutError as late:
            show.end()
            error = PenchantError(f"it took longer than {args.seconds} seconds", hint="--seconds allows more.")
            raise error from late
        except BaseException:
            show.end()
            raise
    show.end()
    drafts = [draft for each in ids if (draft := context.store.drafts.get(each)) is not None]
    if args.json:
        facts = {"drafts": [_facts(each) for each in drafts], "refused": dict(step.refused) if step else {}}
        say(dumps({**facts, "notes": list(step.notes) if step else []}))
        return 0
    for draft in drafts:
        _show(draft)
    for words in step.notes if step else ():
        note(plain(words))
    return 0


class _Typed:
    """Shows the draft on its way in one line of the terminal, if there is one."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, step: Progress) -> None:
        if sys.stderr.isatty():
            words = step.text or {"loading": "loading the model", "reading": "reading"}.get(step.state, "")
            room = 70
            sys.stderr.write(f"\r\x1b[K{plain(words)[-room:]}")
            sys.stderr.flush()
            self._shown = True

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._shown = False


class _Quiet:
    """Prints nothing while it comes."""

    def __call__(self, step: Progress) -> None:
        pass

    def end(self) -> None:
        pass


# -- what there is
def _list(args: argparse.Namespace, context: Context) -> None:
    for draft in context.store.drafts.list("reply", "post"):
        if args.json:
            say(dumps(_facts(draft)))
        else:
            _show(draft)


def _show(draft: Draft) -> None:
    known = draft.facts.get("probability")
    about = [
        draft.state,
        draft.kind,
        f"{round(known * 100)} %" if isinstance(known, float) else "",
        draft.arm,
        draft.model,
    ]
    say(f"{draft.id[:8]}  {plain('  '.join(each for each in about if each))}")
    for line in draft.text.split("\n"):
        say(f"    {plain(line)}")
    if draft.facts.get("url"):
        say(f"    {plain(str(draft.facts['url']))}")


def _facts(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.id, "kind": draft.kind, "text": draft.text, "parent": draft.parent_id, "topic": draft.topic,
        "arm": draft.arm, "model": draft.model, "state": draft.state, "made_at": draft.made_at, **draft.facts,
    }  # fmt: skip


def _named(context: Context, name: str) -> Draft:
    """The draft whose id begins so. Raises `PenchantError`."""
    found = context.store.drafts.named(name.strip().lower())
    if len(found) == 1:
        return found[0]
    what = f"there is no draft {plain(name)}" if not found else f"more than one draft begins with {plain(name)}"
    raise PenchantError(what, hint="`penchant draft list` shows them.")


def _act(what: str, draft: Draft, context: Context) -> None:
    from penchant.app.types import Event

    store = context.store
    if what in ("like", "skip"):
        event = Event(
            "like" if what == "like" else "skip", store.drafts.as_item(draft.id), view="drafts", at=time.time()
        )
        store.events.append([event])
        say(f"{'liked' if what == 'like' else 'skipped'}: {plain(draft.text, 80)}")
        return
    if draft.state == "posted":
        raise PenchantError("this draft was posted: what is out stays listed")
    act = "kept" if what == "keep" else "dropped"
    store.drafts.state(draft.id, act)  # type: ignore[arg-type]
    store.events.append([Event("draft", draft.item_id, {"draft": draft.id, "act": act}, view="drafts", at=time.time())])
    say(f"{act}: {plain(draft.text, 80)}")


# -- sending
def _send(draft: Draft, args: argparse.Namespace, context: Context) -> int | None:
    from penchant.adapters import secrets
    from penchant.adapters.base import SourceError
    from penchant.app.network import open_client
    from penchant.app.types import Event
    from penchant.app.writing import posting

    secrets.configure(context.paths.secrets)
    chosen = posting.choose(posting.ready(context.store, draft), args.account)
    say(plain(chosen.text))
    note(f"This goes out {plain(chosen.words)}.")
    if not args.yes and not _sure():
        note("Nothing was posted.")
        return 1
    begun = posting.begin(context.store, chosen)

    async def send() -> Any:
        async with open_client(context.config, context.paths.ensure()) as client:
            return await posting.send(client, begun)

    try:
        posted = asyncio.run(send())
    except SourceError as error:
        posting.failed(context.store, begun, error)
        raise
    posting.done(context.store, begun, posted)
    value = {"draft": draft.id, "act": "posted", "url": posted.url, "account": chosen.account.name}
    context.store.events.append([Event("draft", draft.item_id, value, view="drafts", at=time.time())])
    say(f"posted: {plain(posted.url)}")
    return None


def _sure() -> bool:
    """Ask on the terminal; without one nothing is posted."""
    if not sys.stdin.isatty():
        raise UsageError("posting needs your word, and there is no terminal to ask on", hint="--yes is that word.")
    sys.stderr.write("Post it? Type yes: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"
