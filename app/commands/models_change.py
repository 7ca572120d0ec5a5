"""`penchant models use`, `remove` and `verify`."""

from __future__ import annotations

import argparse

from penchant.app.errors import Exit, PenchantError

from .context import Context
from .models_pull import agree, tell
from .output import note, plain, say


def run(args: argparse.Namespace, context: Context) -> int | None:
    """Raises `PenchantError`."""
    if args.what == "verify":
        return _verify(context, args.name)
    if args.what == "use":
        _use(context, args.role, args.name)
    else:
        _remove(context, args.name, yes=args.yes)
    tell(context)
    return None


def _use(context: Context, role: str, name: str) -> None:
    from penchant.app.models import change
    from penchant.app.models.overview import overview

    folder = context.paths.ensure().models
    say(plain(change.use(role, name, context.config.models, folder)))
    for each in overview(context.config.models, folder):
        used = [row for row in each.rows if row.in_use]
        if each.role == role and used and not used[0].fits:
            note("It takes more memory than this machine can spare; expect it to be slow, or to fail.")
        if each.role == role and each.uses and each.lacks:
            note(f"It needs a library too: pip install '.[{each.lacks}]' in the checkout.")


def _remove(context: Context, name: str, *, yes: bool) -> None:
    from penchant.app.models import change
    from penchant.app.models.machine import size_words

    folder = context.paths.ensure().models
    model = change.removable(name, context.config.models, folder)
    agree(f"Delete {plain(model.name)} ({size_words(model.size)})?", yes=yes, otherwise="nothing was deleted")
    say(f"{plain(model.name)} is deleted, {size_words(change.remove(model, folder))} are free again")


def _verify(context: Context, names: list[str]) -> int | None:
    from penchant.app.models import change, installed

    folder = context.paths.models
    there = installed.read(folder)
    for name in names:
        if name not in there:
            raise PenchantError(f"{name} is not installed", hint="`penchant models list` shows what is.")
    results = [change.verify(there[name], folder) for name in names or there]
    packaged = change.verify_packaged() if not names else None
    results += [packaged] if packaged is not None else []
    for result in results:
        sealed = " (no checksum was known; this one is recorded)" if result.sealed else ""
        say(f"{'wrong' if result.wrong else 'ok':<6} {plain(result.name)}{sealed}")
        if result.wrong:
            note(f"       {plain(result.wrong)}. {plain(result.hint)}")
    if not results:
        say("nothing is installed")
    return Exit.FAILED if any(result.wrong for result in results) else None
