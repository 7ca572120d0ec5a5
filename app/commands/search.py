"""`penchant search QUERY`: full text, meaning and pictures, fused."""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

from penchant.app.errors import UsageError

from .context import Context
from .list_items import positive, show
from .output import note, plain

if TYPE_CHECKING:
    from penchant.app.store.search import SearchResult


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        'words, "a phrase", prefix*, -without, author:NAME, source:NAME, tag:NAME, has:image,\n'
        'is:liked|saved|later|unseen|read|skipped, before:DATE, after:DATE, lang:de, near:"memory safety",\n'
        'picture:"a red square", like:ITEM, sort:newest|likely (docs/search.md)'
    )
    parser.add_argument("query", nargs="*", help="what to look for")
    parser.add_argument("--limit", type=positive, default=20, metavar="N", help="how many (default: 20)")
    parser.add_argument("--words-only", action="store_true", help="do not look for similar meaning")
    parser.add_argument("--pictures", action="store_true", help="items whose pictures show it (docs/models.md)")
    parser.add_argument("--like", type=positive, metavar="ITEM", help="items like this one, by pictures and text")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    words = " ".join(args.query)
    if args.pictures and words:
        words = f'has:image picture:"{words.replace(chr(34), " ")}"'
    if args.like:
        words = f"like:{args.like} {words}"
    if not words.strip():
        raise UsageError("nothing to look for", hint="Give words, or --like and the number of an item.")
    result = found(context, words, args.limit, words_only=args.words_only)
    cards = context.store.items.cards([hit.item_id for hit in result.hits])
    show(cards, as_json=args.json)
    if result.notice:
        note(plain(result.notice))
    if not cards:
        note("Nothing was found.")
    return None


def found(context: Context, words: str, limit: int, *, words_only: bool = False) -> SearchResult:
    """What the query finds, by everything that is at hand."""
    from penchant.app import embed
    from penchant.app.picture_search import eye
    from penchant.app.sentence_search import asker
    from penchant.app.store.query import parse

    def vector(text: str):  # type: ignore[no-untyped-def]
        return embed.load().embed_batch([text])[0]

    looks = bool(parse(words).look) and not words_only
    sentence = None if words_only else asker(context.store, context.config.models, context.paths)
    see = eye(context.store, context.config.models, context.paths) if looks else None
    with see or contextlib.nullcontext():
        return context.store.search.search(
            words, embed=None if words_only else vector, sentence=sentence, limit=limit, see=see
        )
