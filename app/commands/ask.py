"""`penchant ask QUESTION`: an answer from what the archive holds, with the items that it rests on."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .interrupt import cancels
from .list_items import positive
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from penchant.app.asking import Progress, Question

#: Seconds that an answer may take, unless somebody says otherwise.
SECONDS = 300


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "The question may hold author:NAME, source:NAME, after:DATE and all else of the search language.\n"
        '  penchant ask "Why is the harbour clock slow?"      penchant ask --item 12 "What did they measure?"'
    )
    parser.add_argument("question", nargs="+", help="what you want to know")
    parser.add_argument("--item", metavar="ITEM", help="ask about this item alone: its number, or part of its uid")
    parser.add_argument("--sources", type=positive, metavar="N", help="answer from up to N items (default: 5 at most)")
    parser.add_argument("--seconds", type=positive, default=SECONDS, metavar="S", help="stop after S seconds (300)")
    parser.add_argument(
        "--plug", default="none", metavar="NAME", help="a document that the model has read (`penchant plug`), or auto"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.asking import Question

    text = " ".join(args.question).strip()
    if not text:
        raise UsageError("there is no question", hint='For example: penchant ask "what was said about backups?"')
    item_id = context.item(args.item) if args.item else None
    asked = Question(text, item_id, sources=args.sources, plug=args.plug)
    show: Callable[[Progress], None] = _Quiet() if args.json else _Typed()
    return asyncio.run(_ask(asked, context, show, args))


async def _ask(asked: Question, context: Context, show: Any, args: argparse.Namespace) -> int:
    from penchant.app.asking import Asker

    cancels()
    step, error = None, None
    async with Asker(context.config, context.paths, context.call) as asker:
        try:
            async with asyncio.timeout(args.seconds), contextlib.aclosing(asker.ask(asked)) as steps:
                async for step in steps:
                    show(step)
        except asyncio.CancelledError:
            show.end()
            note("Stopped.")
            return 130
        except TimeoutError:
            error = PenchantError(f"the answer took longer than {args.seconds} seconds", hint="--seconds allows more.")
        except BaseException:
            show.end()
            raise
    if args.json:
        say(dumps(_facts(asked, step, error)))
    else:
        _sources(step, show)
    if error is not None:
        raise error
    return 0


class _Typed:
    """Prints an answer as it grows: it only ever grows at its end."""

    def __init__(self) -> None:
        self._printed = ""
        self._waiting = False

    def __call__(self, step: Progress) -> None:
        if not step.text and step.state == "reading" and not self._waiting and sys.stderr.isatty():
            self._waiting = True
            sys.stderr.write(f"{plain(step.by)} reads {len(step.sources)} sources …")
            sys.stderr.flush()
        if step.text.startswith(self._printed) and len(step.text) > len(self._printed):
            self.clear()
            sys.stdout.write(plain(step.text[len(self._printed) :]))
            sys.stdout.flush()
            self._printed = step.text

    def clear(self) -> None:
        """Take away the line that says what happens."""
        if self._waiting:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._waiting = False

    def end(self) -> None:
        """End the line."""
        self.clear()
        if self._printed:
            say()


class _Quiet:
    """Prints nothing while it comes."""

    def __call__(self, step: Progress) -> None:
        pass

    def end(self) -> None:
        pass


def _sources(step: Progress | None, show: Any) -> None:
    show.end()
    if step is None:
        return
    if step.sources:
        say()
        say("Nearest:" if step.absent else "Sources:")
    for each in step.sources:
        about = f" ({plain(str(each['about']))})" if each["about"] else ""
        item = f"  item {each['item_id']}" if each["item_id"] else ""
        say(f"[{each['number']}] {plain(str(each['title']), 100)}{about}{item}")
        if not step.absent and each["quote"]:
            say(f"    “{plain(str(each['quote']), _room())}”")
    if step.by and not step.absent:
        note(f"By {plain(step.by)}, unchecked: a sentence with no number rests on none of the sources.")
    for words in step.notes:
        note(plain(words))


def _room() -> int:
    with contextlib.suppress(OSError):
        return max(60, os.get_terminal_size(sys.stdout.fileno()).columns - 8)
    return 240


def _facts(asked: Question, step: Progress | None, error: PenchantError | None) -> dict[str, Any]:
    return {
        "question": asked.text,
        "answer": step.text if step else "",
        "in_archive": bool(step and not step.absent and step.text),
        "model": step.by if step else "",
        "sources": [{**each, "cited": each["number"] in step.cited} for each in step.sources] if step else [],
        "notes": list(step.notes) if step else [],
        "error": str(error) if error else "",
    }
