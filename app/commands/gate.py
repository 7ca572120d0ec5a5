"""`penchant gate [status|preview|on|off|run|log|restore]`: which bodies of old items are dropped, and why."""

from __future__ import annotations

import argparse
import asyncio
import time

from penchant.app import gate
from penchant.app.errors import Exit, PenchantError
from penchant.app.gate import Found, GateSummary

from .context import Context
from .output import age, dumps, note, plain, say, table


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    status = actions.add_parser("status", help="how it stands (also without an action)")
    preview = actions.add_parser("preview", help="find out now what it would drop; the worker then does so daily")
    actions.add_parser("on", help="drop what the preview shows, daily, while nothing else is to do")
    actions.add_parser("off", help="drop nothing more; what was dropped can still be restored")
    actions.add_parser("run", help="drop now what may go, if it is on")
    log = actions.add_parser("log", help="every decision with its reason, the newest first")
    log.add_argument("--limit", type=int, default=50, metavar="N")
    for each in (status, preview, log):
        each.add_argument("--json", action="store_true", help="one JSON object a line")
    restore = actions.add_parser("restore", help="bring bodies back, from the attic or from their pages")
    restore.add_argument("item", nargs="+", help="number of an item, or the beginning of its uid")


def run(args: argparse.Namespace, context: Context) -> int | None:
    action = args.action or "status"
    if action == "restore":
        return _restore(context, [context.item(text) for text in args.item])
    if action == "log":
        _log(context, args.limit, args.json)
    elif action == "preview":
        gate.choose(context.store, "preview")
        _preview(context, _go(context, act=False)[0], args.json)
    elif action == "run":
        _run(context)
    elif action in ("on", "off"):
        _switch(context, action)
    else:
        _status(context, getattr(args, "json", False))
    return None


def _go(context: Context, *, act: bool) -> tuple[Found, int]:
    """One whole run in this process."""
    from penchant.app.gate_run import Run

    doing = Run(context.store, context.config.gate, act=act)
    stage = ""
    for _ in doing.steps():
        if doing.stage != stage:
            stage = doing.stage
            note(f"{stage} ...")
    return doing.found, doing.dropped


def _status(context: Context, json: bool) -> None:
    found = gate.summary(context.store, context.config.gate)
    if json:
        say(dumps(found))
        return
    say(f"gate: {found.state}{_acting(found)}; {found.labels:,} labels of {found.needed:,} needed")
    if found.note:
        say(f"  {plain(found.note)}")
    if found.last_run:
        left = f"{found.would_drop:,} bodies to drop, {_size(found.bytes)}" if found.would_drop else "nothing to drop"
        say(f"  last run {age(found.last_run)} ago: {left}")
    say(f"  {found.dropped:,} bodies dropped, {found.here:,} of them still in the attic")


def _acting(found: GateSummary) -> str:
    return " (waiting)" if found.state == "on" and not found.active else ""


def _preview(context: Context, found: Found, json: bool) -> None:
    if json:
        say(dumps(found))
        return
    if found.note:
        say(f"It would drop nothing: {plain(found.note)}.")
    if not found.old:
        return
    verb = "could go, were it allowed" if found.note else "would go"
    say(f"{found.would_drop:,} of {found.old:,} old bodies {verb}, {_size(found.bytes)}:")
    rows = [
        [str(s.item_id), f"{100 * s.probability:.1f} %", plain(s.title, 60), plain(s.reason, 100)]
        for s in found.sample
    ]
    if rows:
        table(["item", "worth", "title", "why"], rows, flexible=3)
    replay = found.replay
    say(
        f"Had it been on, it would have dropped {replay.lost:,} of the {replay.likes:,} items you liked or saved in"
        f" the last month ({replay.old:,} of those were old enough to be dropped)."
    )
    if replay.share is not None:
        say(
            f"The harder question, new items too and half of everything gone: {replay.kept:,} of {replay.judged:,}"
            f" items you acted on would have stayed ({100 * replay.share:.0f} %)."
        )
    if not found.note:
        say("`penchant gate on` lets it begin. Bodies stay in the attic for"
            f" {context.config.gate.grace:.0f} days; `penchant gate restore ITEM` brings one back.")  # fmt: skip


def _switch(context: Context, action: str) -> None:
    store, options = context.store, context.config.gate
    if action == "off":
        gate.choose(store, "off")
        say("gate: off. Nothing more is dropped; `penchant gate restore ITEM` brings bodies back.")
        return
    last = gate.found(store)
    if not last.at:
        raise PenchantError(
            "nobody has looked yet at what the gate would drop",
            hint="`penchant gate preview` shows it; then `penchant gate on` works.",
        )
    found = gate.summary(store, options)
    gate.choose(store, "on")
    if found.note:
        say(f"gate: on, but it waits: {plain(found.note)}.")
    else:
        say(f"gate: on. {found.would_drop:,} bodies go while the worker has nothing else to do.")


def _run(context: Context) -> None:
    if gate.mode(context.store, context.config.gate) != "on":
        raise PenchantError(
            "the gate is not on, so nothing is dropped",
            hint="`penchant gate preview` shows what it would drop, `penchant gate on` lets it.",
        )
    found, dropped = _go(context, act=True)
    if found.note:
        say(f"nothing dropped: {plain(found.note)}")
    else:
        say(f"{dropped:,} bodies dropped; `penchant gate log` says why")


def _log(context: Context, limit: int, json: bool) -> None:
    lines = context.store.gate.log(max(limit, 0))
    if json:
        for line in lines:
            say(dumps(line))
        return
    cards = context.store.items.cards([line.item_id for line in lines])
    titles = {card.item_id: card.title or card.excerpt for card in cards}
    rows = [
        [
            time.strftime("%Y-%m-%d %H:%M", time.localtime(line.at)), line.action, str(line.item_id),
            "" if line.probability is None else f"{100 * line.probability:.1f} %", _size(line.bytes),
            plain(titles.get(line.item_id, "(gone)"), 40), plain(line.reason, 100),
        ]
        for line in lines
    ]  # fmt: skip
    if rows:
        table(["when", "what", "item", "worth", "size", "title", "why"], rows, flexible=6)
    else:
        note("The gate has decided nothing yet.")


def _restore(context: Context, ids: list[int]) -> int | None:
    from penchant.adapters.base import SourceError

    store, failed = context.store, 0
    for item_id in ids:
        if store.gate.state(item_id) is None:
            say(f"whole     {item_id}  its body was never dropped")
        elif store.gate.restore(item_id, time.time()):
            say(f"restored  {item_id}  from the attic, as it was")
        else:
            try:
                asyncio.run(_fetch(context, item_id))
                say(f"restored  {item_id}  fetched from its page")
            except SourceError as error:
                failed += 1
                note(f"item {item_id}: {plain(str(error))}\n  {plain(error.hint)}")
    return Exit.SOURCES if failed else None


async def _fetch(context: Context, item_id: int) -> None:
    from penchant.app.gate_fetch import restore
    from penchant.app.network import open_client

    async with open_client(context.config, context.paths) as client:
        await restore(context.call, client, item_id)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
