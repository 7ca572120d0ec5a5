"""`penchant voice stats`: what there is of your own data, and whether your own texts can be told from others'."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .context import Context
from .list_items import positive
from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.voice.mine import Example
    from penchant.app.voice.mine_replies import Replies
    from penchant.app.voice.mine_style import Attribution

HELP = "what there is of your own data; is this mine? who answers what?"
#: Pairs of replies whose likelihood is asked for at most, unless somebody says otherwise.
PAIRS = 40


def configure(parser: argparse.ArgumentParser) -> None:
    """Options beside those of `penchant voice` (--model, --json)."""
    group = parser.add_argument_group("stats", HELP)
    group.add_argument("--measure", action="store_true", help="are held-out texts of yours told from others'?")
    group.add_argument("--replies", action="store_true", help="do your replies fit what they answer? (asks a model)")
    group.add_argument("--pairs", type=positive, default=PAIRS, metavar="N", help=f"of so many replies ({PAIRS})")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import mine, mine_stats

    store = context.store
    examples = mine.examples(store)
    others = mine.others(store, examples)
    found, how = mine_stats.kinds(examples), mine_stats.style(examples, others)
    own = [e.text for e in examples if e.kind in mine.OWN]
    measured = _measured(own, others) if args.measure else None
    answered = asyncio.run(_answered(examples, args, context)) if args.replies else None
    if args.json:
        facts = mine_stats.facts(found, how)
        facts |= {"others": len(others), "attribution": _facts(measured), "replies": _replies(answered)}
        say(dumps(facts))
        return None
    if not found:
        say("There is nothing of yours yet: `penchant import FILE` takes in your archive of Twitter, Mastodon, ...")
        return None
    table(["KIND", "COUNT", "ANSWERS", "PARENT KNOWN", "WORDS", "FROM", "TO"],
          [[k.name, str(k.count), str(k.answers or ""), str(k.parents or ""), f"{k.words:.0f}", _day(k.first),
            _day(k.last)] for k in found], flexible=0)  # fmt: skip
    if how is not None:
        say(f"yours: {how.texts} texts of {how.words:.0f} words (half are longer)")
        say(f"  {how.questions:.0%} ask, {how.exclamations:.0%} exclaim, {how.emoji:.0%} have emoji, "
            f"{how.lower:.0%} begin in lower case")  # fmt: skip
        if how.usual:
            say(f"words that you use and others do not: {plain(', '.join(how.usual))}")
    if args.measure:
        _say_measured(measured)
    if answered is not None:
        low, high = answered.interval
        say(f"replies: likelier below what they answer than below something else in {answered.share:.0%} of "
            f"{answered.pairs} (95 %: {low:.0%} to {high:.0%}; chance: 50 %)")  # fmt: skip
    return None


def _day(at: float | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d", time.localtime(at))


def _measured(own: list[str], others: list[str]) -> Attribution | None:
    from penchant.app.voice.mine_style import measure

    return measure(own, others)


def _say_measured(found: Attribution | None) -> None:
    from penchant.app.voice.mine import spoken
    from penchant.app.voice.mine_style import FEWEST

    if found is None:
        say(f"is this mine? It takes {FEWEST} texts of yours, and {FEWEST} of others, that can be told apart.")
        return
    low, high = found.interval
    say(f"is this mine? AUC {found.auc:.2f} ({low:.2f} to {high:.2f}): learned from {found.learned[0]} older texts of "
        f"yours, tested on {found.tested[0]} newer ones against {found.tested[1]} of others")  # fmt: skip
    for name, (_, text) in (("most", found.most[0]), ("least", found.most[-1])) if found.most else ():
        say(f"  {name} like you: {plain(spoken(text), 100)}")


def _facts(found: Attribution | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"auc": round(found.auc, 4), "interval": [round(each, 4) for each in found.interval],
            "learned": list(found.learned), "tested": list(found.tested)}  # fmt: skip


def _replies(found: Replies | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"share": round(found.share, 4), "pairs": found.pairs,
            "interval": [round(each, 4) for each in found.interval]}  # fmt: skip


async def _answered(examples: list[Example], args: argparse.Namespace, context: Context) -> Replies:
    """Each reply below its own parent and below another reply's, as the model reads them."""
    from penchant.app.llm.choose import open_voice
    from penchant.app.voice import mine_replies as replies
    from penchant.app.voice.values import LIKELIHOOD, Carried

    pairs = replies.pairs(examples)[-args.pairs :]
    if len(pairs) < 2:
        raise PenchantError(
            f"the archive has what you answered of {len(pairs)} of your replies; it takes two",
            hint="Archives hold parents only of replies to yourself, and `penchant import fill` asks for what is"
            " missing. Following the people you answer brings others.",
        )
    true: list[float | None] = []
    false: list[float | None] = []
    async with open_voice(args.model, context.config, context.paths) as voice:
        if LIKELIHOOD not in voice.can:
            raise PenchantError(
                f"{plain(voice.name)} cannot say how likely a text is", hint="A local model can: leave out --model."
            )
        for place, other in enumerate(replies.shifted(len(pairs), max(1, len(pairs) // 2))):
            said = [replies.said(pairs[place][1])]
            for parent, into in ((pairs[place][0], true), (pairs[other][0], false)):
                into += await voice.loglik(said, Carried(history=replies.told(parent)))
            if place % 10 == 9:
                note(f"{place + 1} of {len(pairs)} replies")
    return replies.compare(true, false)
