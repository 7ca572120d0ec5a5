"""`penchant adapters`: what kinds of source there are, and whether one from outside keeps its promises."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import note, plain, say, table

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: Items of a real visit that `--address` looks at.
LOOKED_AT = 200


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples:\n  penchant adapters check lunch\n  penchant adapters check lunch --case tests/case.py\n"
        "  penchant adapters check lunch --address lunch:https://canteen.example"
    )
    parser.add_argument("what", nargs="?", choices=["list", "check"], default="list", help="list is the default")
    parser.add_argument("name", nargs="?", default="", help="check: the adapter")
    parser.add_argument("--case", metavar="FILE", help="run every rule against the scripted server of this file")
    parser.add_argument("--address", default="", help="visit this address once, storing nothing")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.adapters import BUILTIN, names, outside

    if args.what == "list":
        rows = [[kind, "penchant"] for kind in BUILTIN]
        rows += [[entry.name, _package(entry)] for entry in outside()]
        table(["KIND", "PACKAGE"], rows, flexible=1)
        return None
    if args.name not in names():
        raise UsageError(f"no kind of source is called {args.name!r}", hint=f"Known: {', '.join(names())}.")
    broken = _run_checks(args)
    if args.address:
        broken += _visit(args.name, args.address, context)
    if broken:
        raise PenchantError(
            f"{args.name}: {broken} of the contract's rules do not hold",
            hint="Each is named above with the reason; docs/adapters.md says what they mean.",
        )
    return None


def _run_checks(args: argparse.Namespace) -> int:
    """Print one line for each rule; how many are broken."""
    from penchant.adapters import contract

    case = _case(args.name, args.case)
    rules = contract.checks(case) if args.case else contract.standing_checks(case)
    broken = 0
    for check in rules:
        try:
            check.run()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an adapter may call sys.exit, or raise whatever it likes
            broken += 1
            say(f"broken  {plain(check.name)}")
            _explain(error)
        else:
            say(f"ok      {plain(check.name)}")
    if not args.case:
        note("`--case FILE` runs the other rules too, against a scripted server (docs/adapters.md).")
    return broken


def _explain(error: BaseException) -> None:
    import traceback

    from penchant.adapters.contract import Broken

    if isinstance(error, Broken):
        note(f"        {plain(str(error))}")
        return
    lines = "".join(traceback.format_exception(error)).splitlines()
    for line in (line for line in lines if not line.startswith("Traceback (")):
        note(f"        {plain(line)}")


def _case(name: str, file: str | None) -> Any:
    """The case of a file with the installed adapter, or one that has no scripted server."""
    from penchant.adapters import BUILTIN, entry

    def made() -> Any:
        point = entry(name)
        assert point is not None
        return point.load()()

    case: Any = argparse.Namespace(KIND=name, NETWORK=True)
    if file:
        spec = importlib.util.spec_from_file_location("penchant_case", Path(file))
        if spec is None or spec.loader is None or not Path(file).is_file():
            raise UsageError(f"{plain(file)} is no Python file", hint="Give the file that has KIND and serve().")
        case = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(Path(file).resolve().parent))
        spec.loader.exec_module(case)
        case.KIND = name
    if name not in BUILTIN:
        case.SOURCE = made
    return case


def _visit(name: str, address: str, context: Context) -> int:
    """One real visit by way of the seam; 1 if something is wrong with what came."""
    from penchant.adapters import load
    from penchant.adapters.contract_rules import Broken, proper
    from penchant.app.network import open_client

    source = load(name)
    found = source.recognise(address)
    settings = {"address": address, **(found.settings if found else {})}
    if found is None:
        note(f"{plain(name)} does not recognise {plain(address)}; visiting it all the same.")

    async def look() -> tuple[int, int]:
        pages = items = 0
        async with open_client(context.config, context.paths.ensure()) as client:
            async for page in source.fetch(client, settings, {}):
                pages += 1
                for item in page.items:
                    proper(item)
                    items += 1
                    if items <= 3:
                        say(f"        {plain(item.title or item.text, 80)}")
                if items >= LOOKED_AT:
                    break
        return pages, items

    try:
        pages, items = asyncio.run(look())
    except Broken as error:
        say("broken  a visit brings proper items")
        note(f"        {plain(str(error))}")
        return 1
    say(f"ok      a visit brings proper items ({items} on {pages} pages)")
    return 0


def _package(entry: EntryPoint) -> str:
    try:
        return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "?"
    except Exception:  # damaged metadata
        return "?"
