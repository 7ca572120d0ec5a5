"""`penchant models`: which models work on the archive, how far they are; `make-minilm`, `drop`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .context import Context
from .output import dumps, plain, say, table

if TYPE_CHECKING:
    from penchant.app.store.vectors import Space


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(what="list")
    actions = parser.add_subparsers(metavar="ACTION")
    make = actions.add_parser("make-minilm", help="write all-MiniLM-L6-v2 as a GGUF file")
    make.set_defaults(what="make")
    drop = actions.add_parser("drop", help="delete the vectors of a model that is not in use")
    drop.add_argument("space", metavar="SPACE", help="its name, as `penchant models` shows it")
    drop.set_defaults(what="drop")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "make":
        from penchant.app.embed import minilm

        path = minilm.ensure(context.paths.ensure().models)
        say(f"{plain(str(path))} ({path.stat().st_size / 1e6:.0f} MB)")
    elif args.what == "drop":
        _drop(context, args.space)
    else:
        _show(context, args.json)
    return None


def _show(context: Context, as_json: bool) -> None:
    from penchant.app import backfill_status

    spaces = context.store.vectors.spaces()
    active = context.store.vectors.sentence()
    status = backfill_status.of(context.store)
    facts = [_facts(space, active is not None and active.name == space.name) for space in spaces]
    if as_json:
        for fact in facts:
            say(dumps(fact))
        return
    say(f"sentence vectors: {plain(_wish(context))}")
    if status is not None and status.line():
        say(plain(status.line()))
    rows = [
        [
            each["space"],
            each["use"],
            str(each["dim"]),
            f"{each['vectors']:,}",
            f"{each['bytes'] / 1e6:.1f} MB",
        ]
        for each in facts
    ]
    if rows:
        table(["SPACE", "USE", "NUMBERS", "VECTORS", "SIZE"], rows, flexible=0)


def _wish(context: Context) -> str:
    from penchant.app.backfill import chosen

    wanted = context.config.models.sentence
    found = chosen(context.config.models, context.paths.models)
    if found is None:
        return "auto: none, penchant[sentence] is not installed" if wanted else "off"
    return wanted if wanted != "auto" else "auto: minilm"


def _facts(space: Space, active: bool) -> dict[str, Any]:
    from penchant.app import embed
    from penchant.app.store.spaces import PREFIX

    use = "always" if space.name == embed.space() else "ranking" if active else "not in use"
    if use == "not in use" and space.name.startswith(PREFIX) and not space.complete:
        use = "being made"
    # float32 and its int8 copy
    return {
        "space": space.name, "use": use, "dim": space.dim, "vectors": space.count, "bytes": 5 * space.dim * space.count
    }  # fmt: skip


def _drop(context: Context, name: str) -> None:
    vectors = context.store.vectors
    active = vectors.sentence()
    facts = [_facts(space, space == active) for space in vectors.spaces() if space.name == name]
    found = facts[0] if facts else None
    if found is None:
        raise PenchantError(f"there is no space {name!r}", hint="`penchant models` lists them.")
    if found["use"] in ("always", "ranking"):
        raise PenchantError(
            f"the vectors of {name} are in use",
            hint='Set `sentence = ""` in [models] of the configuration, start penchant once, then drop them.'
            if found["use"] == "ranking"
            else "Every installation needs these.",
        )
    vectors.drop(name)
    say(f"dropped {found['vectors']:,} vectors")
