"""`penchant tune [status|dials|set|undo|now]`: the Tuning screen for a shell."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError
from penchant.app.rank.steps import STEPS
from penchant.app.standing import (
    EXPERTS,
    ORDER,
    TARGETS,
    dial_value,
    guess_words,
    source_key,
    standing,
    tuned,
    tuned_words,
)
from penchant.app.types import Event

from .context import Context
from .output import age, dumps, plain, say, table

if TYPE_CHECKING:
    from penchant.app.ranking_report import Trusted, TuningReport
    from penchant.app.standing import Standing

#: Characters of an event's id that are shown; `undo` takes any unmistakable beginning.
SHOWN = 8


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interest", nargs=2, metavar=("NAME", "VALUE"), help="turn the dial of an interest (`penchant interests`)"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    for name, words in (
        ("status", "what was learned and tuned (also without an action)"),
        ("dials", "every dial and where it stands"),
    ):
        shown = actions.add_parser(name, help=words)
        shown.add_argument("--json", action="store_true", help="one JSON object a line")
    turn = actions.add_parser("set", help="turn the dial of an expert, a source, an interest or a part of the order")
    turn.add_argument("what", choices=TARGETS)
    turn.add_argument(
        "key", help="as `penchant tune dials` shows it; a source also by number or title, an interest by name"
    )
    turn.add_argument("value", type=float, help=f"0 (off) to {STEPS[-1]:g}; 1 leaves it to what was learned")
    undo = actions.add_parser("undo", help="take back an adopted tuning, a dial, topics or a choice of twelve")
    undo.add_argument("id", help="as `penchant tune status` shows it")
    actions.add_parser("now", help="have the worker look for better settings now")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.interest is not None:
        _set(context, "interest", args.interest[0], _number(args.interest[1]))
    elif args.action == "set":
        _set(context, args.what, args.key, args.value)
    elif args.action == "undo":
        _undo(context, args.id)
    elif args.action == "now":
        context.store.control.request("tune")
        say("asked: a running worker looks for better settings; else the next open feed, or `penchant worker`, does")
    elif args.action == "dials":
        _dials(standing(context.store, time.time()), args.json)
    else:
        _status(context, getattr(args, "json", False))
    return None


def _set(context: Context, what: str, named: str, value: float) -> None:
    if not 0.0 <= value <= STEPS[-1]:
        raise PenchantError(f"a dial stands between 0 and {STEPS[-1]:g}", hint="1 leaves it to what was learned.")
    key, name = _key(context, what, named)
    context.store.events.append([Event("dial", value=dial_value(what, key, value), view="cli")])
    say(f"{what} {plain(name)}: {_factor(value)}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        said = f"A dial stands between 0 and {STEPS[-1]:g}."
        raise PenchantError(f"{plain(text, 40)!r} is no number", hint=said) from None


def _key(context: Context, what: str, named: str) -> tuple[str, str]:
    """(key, name) of a dial. Raises `PenchantError` where there is none."""
    if what == "source":
        turned = [key for target, key in context.store.events.dials() if target == "source"]
        if named in turned:  # also of a source that is no longer followed
            return named, named
        kind, _, address = named.partition(":")
        known = {source_key(s.kind, s.address): s for s in context.store.subscriptions.all(counted=False)}
        source = known.get(f"{kind}:{address}") or context.source(named)
        return source_key(source.kind, source.address), source.title or source.address
    if what == "interest":
        from .interests import one

        interest = one(context.store, named)
        return interest.key, interest.title
    names = EXPERTS if what == "expert" else ORDER
    for key, (title, _) in names.items():
        if named.casefold() in (key, title):
            return key, title
    said = "expert" if what == "expert" else "part of the order"
    raise PenchantError(f"there is no {said} called {plain(named)!r}", hint=f"There are: {', '.join(names)}.")


def _undo(context: Context, named: str) -> None:
    events = context.store.events.of_kind("tune", "dial", "topics", "picks")
    found = [event for event in events if named and event.id.startswith(named)]
    if len(found) != 1:
        what = "nothing tuned has" if not found else "several have"
        raise PenchantError(f"{what} an id that begins with {plain(named)!r}", hint="`penchant tune status` shows ids.")
    context.store.events.append([Event("undo", view="cli", undoes=found[0].id)])
    say(f"taken back: {plain(_words(found[0]))}")


def _words(event: Event) -> str:
    if event.kind == "dial":
        value = event.value.get("value", 1.0)
        return f"{event.value.get('what')} {event.value.get('key')} {_factor(float(value))}"
    if event.kind == "tune":
        return tuned_words(tuned(event))
    return guess_words(event)


def _factor(value: float) -> str:
    return "off" if value <= 0 else f"x{value:g}"


def _dials(now: Standing, as_json: bool) -> None:
    rows = [("expert", key, name) for key, (name, _) in EXPERTS.items()]
    rows += [("order", key, name) for key, (name, _) in ORDER.items()]
    rows += [("interest", interest.key, interest.title) for interest in now.interests]
    rows += [("source", source.key, source.title) for source in now.sources]
    values = [(what, key, name, now.dials.get((what, key), 1.0)) for what, key, name in rows]
    if as_json:
        for what, key, name, value in values:
            say(dumps({"what": what, "key": key, "name": name, "value": value}))
        return
    table(["WHAT", "DIAL", "NAME", "KEY"], [[w, _factor(v), name, key] for w, key, name, v in values], flexible=3)


def _status(context: Context, as_json: bool) -> None:
    report, now = _report(context), standing(context.store, time.time())
    if as_json:
        say(dumps({**asdict(report), "tuned": [_facts(t.event) for t in now.tuned],
                   "guesses": [_facts(e) for e in now.guesses], "tried": now.tried}))  # fmt: skip
        return
    for line in (report.headline, report.sentence):
        if line:
            say(plain(line[:1].upper() + line[1:]))
    rows = [[EXPERTS.get(e.name, (e.name, ""))[0], _right(e), f"{e.trust:.2f}", _dial(now, e)] for e in report.experts]
    table(["EXPERT", "RIGHT", "TRUST", "DIAL"], rows, flexible=1)
    done = [*(t.event for t in now.tuned), *now.guesses]
    if done:
        say()
        table(["ID", "AGE", "WHAT"], [[e.id[:SHOWN], age(e.at), _words(e)] for e in done], flexible=2)
    if now.tried is not None:
        came = now.tried.note or "adopted"
        say(plain(f"Last tried {age(now.tried.at)} ago over {now.tried.decisions} decisions: {came}"))


def _right(expert: Trusted) -> str:
    if expert.failed:
        return f"failed: {expert.failed}"
    return "-" if expert.right is None else f"{expert.right:.0%} ±{100 * (expert.half or 0.0):.0f}"


def _dial(now: Standing, expert: Trusted) -> str:
    return _factor(now.dials.get(("expert", expert.name), 1.0))


def _facts(event: Event) -> dict[str, Any]:
    return {"id": event.id, "kind": event.kind, "at": event.at, "value": event.value}


def _report(context: Context) -> TuningReport:
    from penchant.app.ranking import RankSession
    from penchant.app.ranking_report import report

    session = RankSession(context.paths.archive)
    session.load()
    try:
        session.order()  # an expert that fails at scoring shows here
        return report(session)
    finally:
        session.close()
