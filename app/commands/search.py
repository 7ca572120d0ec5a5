"""`penchant search QUERY`: full text and meaning, fused."""

from __future__ import annotations

import argparse

from .context import Context
from .list_items import positive, show
from .output import note, plain


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        'words, "a phrase", prefix*, -without, author:NAME, source:NAME, tag:NAME,\n'
        "is:liked|saved|later|unseen|read|skipped, before:DATE, after:DATE"
    )
    parser.add_argument("query", nargs="+", help="what to look for")
    parser.add_argument("--limit", type=positive, default=20, metavar="N", help="how many (default: 20)")
    parser.add_argument("--words-only", action="store_true", help="do not look for similar meaning")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app import embed

    def vector(text: str):  # type: ignore[no-untyped-def]
        return embed.load().embed_batch([text])[0]

    result = context.store.search.search(
        " ".join(args.query), embed=None if args.words_only else vector, limit=args.limit
    )
    cards = context.store.items.cards([hit.item_id for hit in result.hits])
    show(cards, as_json=args.json)
    if result.notice:
        note(plain(result.notice))
    if not cards:
        note("Nothing was found.")
    return None
