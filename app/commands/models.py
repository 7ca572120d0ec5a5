"""`penchant models`: what is in use and how far it is; pull, use, remove, verify; make-minilm and drop."""

from __future__ import annotations

import argparse

from penchant.app.errors import PenchantError

from .context import Context
from .output import plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(what="list", all=False)
    actions = parser.add_subparsers(metavar="ACTION")
    names = actions.add_parser("list", help="what is installed and in use")
    names.add_argument("--all", action="store_true", help="also models that are known to work and can be pulled")
    names.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line")
    names.set_defaults(what="list")
    pull = actions.add_parser("pull", help="download a model, after asking")
    pull.add_argument(
        "name", metavar="NAME", help="a name of `list --all`, OWNER/REPOSITORY:FILE of the hub, or an https address"
    )
    pull.add_argument("--yes", action="store_true", help="do not ask")
    pull.add_argument("--use", action="store_true", help="switch it on afterwards")
    pull.set_defaults(what="pull")
    use = actions.add_parser("use", help="choose the model of a role")
    use.add_argument("role", metavar="ROLE", help="sentence, picture, judge or eyes")
    use.add_argument("name", metavar="NAME", help='an installed model, a path, "none" or "auto"')
    use.set_defaults(what="use")
    remove = actions.add_parser("remove", help="delete a model that is not in use")
    remove.add_argument("name", metavar="NAME", help="its name, as `list` shows it")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(what="remove")
    verify = actions.add_parser("verify", help="compare what is installed with what was pulled, byte by byte")
    verify.add_argument("name", metavar="NAME", nargs="*", help="only these")
    verify.set_defaults(what="verify")
    make = actions.add_parser("make-minilm", help="write all-MiniLM-L6-v2 as a GGUF file")
    make.set_defaults(what="make")
    drop = actions.add_parser("drop", help="delete the vectors of a model that is not in use")
    drop.add_argument("space", metavar="SPACE", help="its name, as `penchant models` shows it")
    drop.set_defaults(what="drop")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.what == "pull":
        from .models_pull import pull

        pull(context, args.name, yes=args.yes, then_use=args.use)
    elif args.what in ("use", "remove", "verify"):
        from . import models_change

        return models_change.run(args, context)
    elif args.what == "make":
        from penchant.app.embed import minilm

        path = minilm.ensure(context.paths.ensure().models)
        say(f"{plain(str(path))} ({path.stat().st_size / 1e6:.0f} MB)")
    elif args.what == "drop":
        _drop(context, args.space)
    else:
        from .models_list import show

        show(context, as_json=args.json, everything=args.all)
    return None


def _drop(context: Context, name: str) -> None:
    from .models_list import read_spaces, space_facts

    vectors = context.store.vectors
    reads = read_spaces(context.store)
    facts = [space_facts(space, space.name in reads) for space in vectors.spaces() if space.name == name]
    found = facts[0] if facts else None
    if found is None:
        raise PenchantError(f"there is no space {name!r}", hint="`penchant models` lists them.")
    if found["use"] in ("always", "ranking"):
        raise PenchantError(
            f"the vectors of {name} are in use",
            hint="Choose another model or none (`penchant models use`, or [models] of the configuration), start"
            " penchant once, then drop them."
            if found["use"] == "ranking"
            else "Every installation needs these.",
        )
    vectors.drop(name)
    say(f"dropped {found['vectors']:,} vectors")


