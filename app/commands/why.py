"""`penchant why ID`: the parts of an item's number, which add up to it, and where that puts the item."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

from .context import Context
from .output import dumps, plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="number of an item, or the beginning of its uid")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    item_id = context.item(args.id)
    from penchant.app.ranking import RankSession
    from penchant.app.ranking_place import why_not

    session = RankSession(context.paths.archive, explore=context.config.ranking.explore)
    session.load()
    try:
        why = session.why(item_id)
        place = why_not(session, item_id, time.time())
    finally:
        session.close()
    if args.json:
        parts = [asdict(part) for part in why.parts]
        say(dumps({**asdict(why), "parts": parts, "place": place.place, "of": place.of, "why_not": place.reasons}))
        return None
    for card in context.store.items.cards([item_id]):
        say(plain(card.title or card.excerpt, 100))
    say(f"{why.probability:6.1%}  learned from {why.labels} judgements")
    for part in sorted(why.parts, key=lambda part: -abs(part.logit)):
        say(f"{part.logit:+6.2f}  {plain(part.name)}")
        for words in part.words:
            say(f"        {plain(words)}")
    say(f"{why.logit:+6.2f}  = the sum, as a probability {why.probability:.1%}")
    if place.place is not None:
        say(f"Its place in For you: {place.place + 1:,} of {place.of:,}")
    for reason in place.reasons:
        say(f"        {plain(reason)}")
    return None
