"""`penchant doctor [--rebuild | --recover NEWFILE]`; the latter is also called `--salvage`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import Exit

from .context import Context
from .output import plain, say

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.store.report import Report


def configure(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rebuild", action="store_true", help="make everything that is derived anew")
    what.add_argument(
        "--recover",
        "--salvage",
        dest="salvage",
        metavar="NEWFILE",
        help="save what a damaged archive still holds into a new file",
    )


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.store import doctor

    archive = context.paths.archive
    show = _Progress()
    if args.salvage:
        saved = doctor.salvage(archive, Path(args.salvage).expanduser(), progress=show)
        show.end()
        say(plain_lines(str(saved)))
        return None
    report = _rebuild(context, show) if args.rebuild else doctor.check(archive, progress=show)
    show.end()
    if archive.exists():
        _backups(report, context)
    for line in report.lines():
        say(plain_lines(line))
    return None if report.sound else Exit.ARCHIVE


def _backups(report: Report, context: Context) -> None:
    """What the worker's backups come to; a damaged archive cannot say why one failed."""
    from penchant.app import backups
    from penchant.app.store.connection import Database
    from penchant.app.store.errors import StoreError

    trouble = None
    if report.sound:
        db = None
        try:
            db = Database(context.paths.archive, "cli")
            trouble = db.value("SELECT value FROM settings WHERE key = ?", (backups.STATUS,))
        except StoreError:
            pass
        finally:
            if db is not None:
                db.close()
    backups.tell(report, context.config.backup, context.paths, trouble)


def plain_lines(text: str) -> str:
    """Several lines without control characters; indentation stays."""
    return "\n".join(plain(line) for line in text.splitlines())


def _rebuild(context: Context, show: _Progress) -> Report:
    """Rebuild while no worker runs. Raises `AlreadyRunning`, `StoreError`."""
    from penchant.app.derive import Deriver
    from penchant.app.lock import WorkerLock
    from penchant.app.ranking import RankSession
    from penchant.app.store import doctor

    context.start_log()

    def publish(store: Store) -> Any:
        session = RankSession(context.paths.archive)
        session.load()
        try:
            return session.publish(store)
        finally:
            session.close()

    with WorkerLock(context.paths.lock_file):
        return doctor.rebuild(
            context.paths.archive, show, derive=lambda store: Deriver(store).catch_up(), publish=publish
        )


class _Progress:
    """One line on a terminal that is written over; silent elsewhere."""

    def __init__(self) -> None:
        self.tty = sys.stderr.isatty()
        self.used = False

    def __call__(self, topic: str, done: int, total: int) -> None:
        if self.tty:
            self.used = True
            sys.stderr.write(f"\r{plain(topic, 30):30} {done:>8} / {total:<8}")
            sys.stderr.flush()

    def end(self) -> None:
        if self.used:
            sys.stderr.write("\r" + " " * 60 + "\r")
            sys.stderr.flush()
