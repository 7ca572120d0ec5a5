"""`penchant voice`: how your taste is carried into a model that writes, and what you say about it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from . import voice_export, voice_stats
from .context import Context
from .interrupt import cancels
from .mixed import let_mix
from .output import age, dumps, note, plain, say, table

if TYPE_CHECKING:
    from collections.abc import Callable

WHATS = ("show", "describe", "dial", "summary", "use", "update", "allow", "forbid", "stats", "export")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        'examples:\n  penchant voice\n  penchant voice describe "night trains, slow science; no sports"\n'
        "  penchant voice dial 1.5\n  penchant voice use vector\n  penchant voice summary\n"
        "  penchant voice allow api.example.org summary"
    )
    parser.add_argument("what", nargs="?", choices=WHATS, default="show", help=(
        "show the carriers; describe your taste; how loud it is; what the model makes of it; which carrier is used;"
        " bring all up to date; what a server may be told; your own data counted, and as a file to train on"
    ))  # fmt: skip
    parser.add_argument(
        "words", nargs="*", help="describe: your words; dial: -2 to 2; use: a carrier; allow: HOST CARRIER"
    )
    parser.add_argument(
        "--model", default="", metavar="MODEL", help="a GGUF file, the name of a model, or http(s)://HOST"
    )
    parser.add_argument("--json", action="store_true", help="JSON")
    voice_stats.configure(parser)
    voice_export.configure(parser)
    let_mix(parser)


def run(args: argparse.Namespace, context: Context) -> int | None:
    doing: dict[str, Callable[[argparse.Namespace, Context], int | None]] = {
        "show": _show, "describe": _describe, "dial": _dial, "summary": _summary, "use": _use, "update": _update,
        "allow": _allow, "forbid": _allow, "stats": voice_stats.run, "export": voice_export.run,
    }  # fmt: skip
    return doing[args.what](args, context)


def _show(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import arm, status

    rows = status.rows(context.store, context.config, context.paths)
    told = status.told(context.store)
    if args.json:
        say(dumps({**told, "carriers": rows}))
        return None
    say(f"{told['liked']} liked, {told['skipped']} skipped, {told['authored']} texts of your own")
    say(f"description: {plain(str(told['description'])) or 'none (`penchant voice describe`)'}")
    say(f"dial: {told['dial']:g} (-2 the opposite, 0 not at all, 2 loud)")
    say(f"used: {plain(arm.usual(context.store) or context.config.voice.carrier)}")
    for host, name in arm.allowances(context.store):
        say(f"allowed: {plain(host)} may be told what the carrier {plain(name)} tells")
    say()
    table(
        ["carrier", "what it is", "state", "made", "tokens"],
        [[row["name"], row["what"], row["state"], age(row["made_at"]), str(row["tokens"] or "")] for row in rows],
        flexible=2,
    )
    return None


def _describe(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import arm, reader
    from penchant.app.voice.status import told

    text = reader.words(" ".join(args.words))
    if not args.words:
        known = str(told(context.store)["description"])
        say(dumps({"description": known}) if args.json else plain(known) or "you have said nothing yet")
        return None
    arm.say(context.store, "description", text)
    say(dumps({"description": text}) if args.json else f"you like: {plain(text)}" if text else "forgotten")
    return None


def _dial(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import arm, reader
    from penchant.app.voice.status import told

    if args.words:
        try:
            value = float(args.words[0])
        except ValueError:
            value = float("nan")
        if not -reader.LOUDEST <= value <= reader.LOUDEST or len(args.words) > 1:
            raise UsageError(
                f"the dial goes from -2 to 2, not to {plain(' '.join(args.words))}",
                hint="0 leaves your taste out, 1 is usual. For less than nothing: penchant voice dial -- -1",
            )
        arm.say(context.store, "dial", value)
    now = told(context.store)["dial"]
    say(dumps({"dial": now}) if args.json else f"dial: {now:g}")
    return None


def _use(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import arm, carriers

    if args.words:
        name = args.words[0]
        if len(args.words) > 1 or (name != arm.AUTO and name not in carriers.ALL):
            raise UsageError(
                f"there is no carrier {plain(' '.join(args.words))}", hint=f"They are auto, {', '.join(carriers.ALL)}."
            )
        arm.say(context.store, "carrier", name)
    now = arm.usual(context.store) or context.config.voice.carrier
    say(dumps({"carrier": now}) if args.json else f"used: {plain(now)}")
    return None


def _allow(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import arm, carriers

    if len(args.words) != 2 or args.words[1] not in carriers.ALL:
        raise UsageError(
            f"`penchant voice {args.what} HOST CARRIER`", hint=f"The carriers are {', '.join(carriers.ALL)}."
        )
    host, name = _host(args.words[0]), args.words[1]
    arm.say(context.store, "allow", args.what == "allow", key=f"{host} {name}")
    may = "may now be told" if args.what == "allow" else "is no longer told"
    say(f"{plain(host)} {may} what the carrier {name} tells")
    if args.what == "allow":
        say(f"  {_TELLS.get(name, 'your prompts, and what they are about')}")
    return None


def _host(said: str) -> str:
    """A host as servers are known by, out of its name or of an address there. Raises `UsageError`."""
    from penchant.adapters.base import SourceError
    from penchant.adapters.http import host_of, parse_address

    found = ""
    with contextlib.suppress(SourceError):
        found = host_of(parse_address(said if "://" in said else f"https://{said}"))
    if not found or "%" in found:  # what no name of a host can hold
        raise UsageError(
            f"{plain(said, 60)!r} is no host", hint="Such as api.example.org, or the address that --model takes."
        )
    return found


#: What leaves this machine with each carrier of words, beside the prompt and what is quoted in it.
_TELLS = {
    "none": "your prompts, what they are about, and texts of your own as examples of how you write",
    "typed": "that, and your description of yourself",
    "summary": "that, and (when it is written there) titles and beginnings of what you liked",
    "history": "that, and titles and beginnings of what you liked and skipped",
}


def _summary(args: argparse.Namespace, context: Context) -> int | None:
    return asyncio.run(_made(["summary"], args, context))


def _update(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice.keeping import CARRIERS

    return asyncio.run(_made(args.words or list(CARRIERS), args, context))


async def _made(names: list[str], args: argparse.Namespace, context: Context) -> int:
    """Make carriers now and say what came of each."""
    from penchant.app.llm.choose import open_voice
    from penchant.app.voice import arm, reader, shelf

    cancels()
    known, failed = reader.of(context.store), 0
    try:
        async with open_voice(args.model, context.config, context.paths) as voice:
            for name in names:
                note(f"{name} …")
                try:
                    _, taste = await arm.carried(
                        name, known, voice, context.config, context.paths, context.call, patient=True
                    )
                except UsageError:
                    raise
                except PenchantError as error:
                    if len(names) == 1:
                        raise
                    failed += 1
                    say(dumps({"carrier": name, "error": str(error)}) if args.json else f"{name}: {plain(str(error))}")
                    continue
                kept = shelf.read(context.store, name, voice.key)
                text = str(kept.facts.get("text", "")) if kept else ""
                if args.json:
                    say(dumps({"carrier": name, "model": voice.name, "text": text, "note": taste.note}))
                else:
                    say(
                        plain(text) if text and len(names) == 1 else f"{name}: up to date. {plain(taste.note)}".rstrip()
                    )
    except asyncio.CancelledError:
        note("Stopped; what was read is kept.")
        return 130
    return int(failed == len(names))
