"""`penchant plug ITEM|FILE|arxiv:ID`: let the language model read a document once, to be asked about at once."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .list_items import positive
from .output import age, dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.judge.runner import Runner
    from penchant.app.plugs.document import Document
    from penchant.app.plugs.files import Plug

LIST, DELETE = "list", "delete"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "`penchant plug list` shows what there is, `penchant plug delete NAME` removes one."
    parser.add_argument("what", nargs="*", metavar="ITEM|FILE|arxiv:ID", help="what to read; or list, or delete NAME")
    parser.add_argument("--collection", metavar="NAME", help="every item of a collection, each as a plug of its own")
    parser.add_argument("--with-code", action="store_true", help="with the README and files of the code it names")
    parser.add_argument("--tokens", type=positive, metavar="N", help="read so much of it (default: 4096; 1500 of each)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    words: list[str] = args.what
    if words[:1] == [LIST] and len(words) == 1 and not args.collection:
        _list(context, args.json)
    elif words[:1] == [DELETE] and len(words) > 1:
        _delete(context, words[1:])
    elif args.collection and not words:
        _collection(args, context)
    elif len(words) == 1:
        _plug(args, context, words)
    else:
        raise UsageError(
            "what is to be read?" if not words else "one document at a time",
            hint="penchant plug ITEM, FILE or arxiv:ID; --collection NAME; list; delete NAME.",
        )
    return None


def _collection(args: argparse.Namespace, context: Context) -> None:
    name = context.store.collections.named(args.collection)
    ids = context.store.collections.ids(name)
    if not ids:
        raise PenchantError(f"the collection {name} is empty", hint="`penchant collection add NAME ITEM`.")
    _plug(args, context, [str(item_id) for item_id in ids])


def _plug(args: argparse.Namespace, context: Context, words: list[str]) -> None:
    from penchant.app.plugs.make import EACH, TOKENS

    if args.tokens is not None and args.tokens < _fewest():
        raise UsageError(f"{args.tokens} tokens are no document", hint=f"--tokens takes {_fewest()} and more.")
    tokens = args.tokens or (EACH if args.collection else TOKENS)
    context.start_log()
    context.paths.ensure()
    asyncio.run(_made(args, context, words, tokens))


async def _made(args: argparse.Namespace, context: Context, words: list[str], tokens: int) -> None:
    from penchant.app.plugs.open import opened

    async with opened(context.config, context.paths, context.store, tokens) as runner:
        for number, word in enumerate(words):
            try:
                document = await _document(context, word, args.with_code)
                plug, fresh = await _read(runner, context, document, tokens)
            except PenchantError as error:
                if len(words) == 1:
                    raise
                note(plain(f"{word}: {error}"))
                continue
            if args.json:
                say(dumps(_facts(plug, fresh)))
            else:
                _tell(plug, fresh, last=number == len(words) - 1)


async def _document(context: Context, word: str, with_code: bool) -> Document:
    """What the reader named: a file that exists, else a paper, else an item."""
    from penchant.app.network import open_client
    from penchant.app.plugs import gather, local, papers

    path, paper = Path(word).expanduser(), word[: len(gather.ARXIV)].lower() == gather.ARXIV or "arxiv.org/" in word
    is_path = path.suffix or "/" in word
    async with contextlib.AsyncExitStack() as stack:
        client = (
            await stack.enter_async_context(open_client(context.config, context.paths)) if paper or with_code else None
        )
        if paper:
            assert client is not None
            document = await papers.of_paper(client, word)
        elif path.is_file() or (is_path and not path.is_dir()):
            document = await local.of_file(path)
        else:
            document = gather.of_item(context.store, context.item(word))
        if with_code:
            assert client is not None
            document = await gather.with_code(client, context.store, document)
    return document


async def _read(runner: Runner, context: Context, document: Document, tokens: int) -> tuple[Plug, bool]:
    """Let the model read it, showing how far it is."""
    from penchant.app.plugs.make import make

    shown, began, plug, fresh = sys.stderr.isatty(), time.monotonic(), None, True
    if shown:
        print(f"\r{plain(document.title, 50)}: the model is loaded …\x1b[K", end="", file=sys.stderr, flush=True)
    try:
        async with contextlib.aclosing(make(runner, context.paths, document, tokens)) as reading:
            async for step in reading:
                plug, fresh = step.plug, step.fresh
                if shown and step.plug is None:
                    rate = step.read / max(time.monotonic() - began, 1e-3)
                    told = f"{step.read:,} of {step.of:,} tokens read, {rate:.0f} a second"
                    print(f"\r{plain(document.title, 50)}: {told}\x1b[K", end="", file=sys.stderr, flush=True)
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    assert plug is not None
    return plug, fresh


def _tell(plug: Plug, fresh: bool, *, last: bool) -> None:
    done = "read" if fresh else "was read before"
    say(f"{plug.number}  {plain(plug.title, 70)}: {done}, {plug.tokens:,} tokens, {_size(plug.bytes)}")
    say(f"  inside: {plain(plug.inside)}")
    if last:
        say(f'  ask about it: penchant ask --plug {plug.number} "..."')


def _list(context: Context, as_json: bool) -> None:
    from penchant.app.plugs import files
    from penchant.app.plugs.open import fits

    found, broken = files.find(context.paths), files.damaged(context.paths)
    suits = fits(context.config, context.paths)
    if as_json:
        for plug in found:
            say(dumps({**_facts(plug, None), "fits": suits(plug)}))
        return
    if not found and not broken:
        note("There are no plugs yet. `penchant plug ITEM` lets the model read an item.")
        return
    rows = [
        [
            plug.number, plug.title, f"{plug.tokens:,}", _size(plug.bytes),
            _model(plug) + ("" if suits(plug) else " (another)"), age(plug.made_at), plug.source,
        ]
        for plug in found
    ]  # fmt: skip
    table(["plug", "title", "tokens", "size", "model", "age", "of"], rows, flexible=1)
    total = sum(plug.bytes for plug in found)
    note(f"{len(found)} plugs take {_size(total)}. Nothing removes them but `penchant plug delete`.")
    if not all(map(suits, found)):
        note("(another): not of the model that is chosen now; plug the document again to ask that one.")
    for path in broken:
        note(f"damaged: {plain(path.name)}; `penchant plug delete {plain(path.name)}` removes it.")


def _delete(context: Context, names: list[str]) -> None:
    from penchant.app.plugs import files

    broken = {path.name: path for path in files.damaged(context.paths)}
    for name in names:
        if name in broken:
            freed, title = files.delete(broken[name]), name
        else:
            [plug] = files.named(name, files.find(context.paths))
            freed, title = files.delete(plug), plug.title
        say(f"{plain(title, 70)}: removed, {_size(freed)} freed")


def _facts(plug: Plug, fresh: bool | None) -> dict[str, Any]:
    from dataclasses import asdict

    facts = {**asdict(plug), "file": str(plug.file), "number": plug.number}
    return facts if fresh is None else {**facts, "fresh": fresh}


def _model(plug: Plug) -> str:
    return f"{plug.model.split(':')[1] if ':' in plug.model else plug.model} {plug.weights}"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _fewest() -> int:
    from penchant.app.plugs.make import FEWEST

    return FEWEST
