"""`penchant report [FILE]`: a redacted bundle for a bug report."""

from __future__ import annotations

import argparse
import os
import secrets as random
import sys
import time
import zipfile
from pathlib import Path

from penchant.app.errors import PenchantError

from .context import Context
from .output import dumps, plain, say

#: What each file of the bundle is, for the list.
ABOUT = {
    "versions.json": "versions of penchant, Python, the system and packages; the terminal's kind",
    "settings.json": "your settings; texts of your own only as (set)",
    "archive.txt": "what `penchant doctor` finds",
    "counts.json": "how many of what there are, and bytes",
    "sources.json": "kind and health of each source; addresses as digests that only this bundle knows",
    "log.txt": "the last lines of the log, addresses and names replaced",
    "crash.txt": "files, lines and functions of the last crashes; no words",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Nothing is sent anywhere: read the bundle, then attach it to your report yourself."
    parser.add_argument("file", nargs="?", help="where to (default: penchant-report-DATE.zip in this folder)")
    parser.add_argument("--show", action="store_true", help="print everything that would be inside, write nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before writing")
    parser.add_argument("--json", action="store_true", help="one JSON object: file -> text; writes nothing")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.bugreport import gathered
    from penchant.app.config import Config
    from penchant.app.errors import ConfigError, StoreError

    try:
        config = context.config
    except ConfigError:
        config = Config()
    try:
        store = context.store if context.paths.archive.exists() else None
    except StoreError:
        store = None  # archive.txt says what is wrong with it
    parts = gathered(context.paths, config, store, random.token_bytes(32))
    if args.json:
        say(dumps(parts))
        return None
    for name, text in parts.items():
        say(f"{name:15} {len(text):>8,} characters  {ABOUT[name]}")
        if args.show:
            for line in text.splitlines():
                say(f"    {plain(line)}")
    if args.show:
        return None
    path = Path(args.file).expanduser() if args.file else Path(time.strftime("penchant-report-%Y%m%d-%H%M%S.zip"))
    if not args.yes and sys.stdin.isatty():
        answer = input(f"Write these into {plain(str(path))}? [y/N] ").strip().casefold()
        if answer not in ("y", "yes"):
            raise PenchantError("nothing was written", hint="`penchant report --show` prints what would be inside.")
    _write(path, parts)
    say(f"{path}: nothing was sent. Read it, then attach it to your report.")
    return None


def _write(path: Path, parts: dict[str, str]) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise PenchantError(f"{path} exists already", hint="Choose another name.") from error
    except OSError as error:
        raise PenchantError(f"{path} cannot be written: {error.strerror}", hint="Choose another place.") from error
    with os.fdopen(handle, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in parts.items():
            bundle.writestr(name, text)
