"""An import started from a screen: in a process of its own, since reading an export computes for seconds."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import subprocess
import sys
import threading
from pathlib import Path

from penchant.app.errors import PenchantError

from . import words


def take_in(path: Path) -> asyncio.Future[str]:
    """Run `penchant import PATH`; what it did, in a line, or a `PenchantError` in the command's own words.

    The thread is a daemon and the process a session of its own: quitting waits for neither, and the import goes on.
    """
    answer: concurrent.futures.Future[str] = concurrent.futures.Future()

    def run() -> None:
        answer.set_running_or_notify_cancel()
        try:
            answer.set_result(_run(path))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="penchant-import", daemon=True).start()
    return asyncio.wrap_future(answer)


def _run(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "penchant.app.cli", "import", str(path.absolute()), "--json"],
        stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True,
    )  # fmt: skip
    if done.returncode:
        message, _, hint = done.stderr.decode("utf-8", "replace").strip().removeprefix("penchant: ").partition("\n")
        raise PenchantError(words.one_line(message), hint=words.one_line(hint))
    return told(json.loads(done.stdout))


def told(report: dict) -> str:
    """The summary of an import as one line."""
    if report["feeds"]:
        new = len(report["new_feeds"])
        return f"{words.many(report['feeds'], 'feed')} in the file, {new} of them new; they are being fetched"
    acts = ", ".join(f"{count:,} {act}" for act, count in report["acts"].items())
    found = words.many(report["found"], "entry", "entries")
    said = f"{report['title']}: {found} ({acts}), {report['new']:,} of them new"
    left_out = sum(report["skipped"].values())
    said += f"; {left_out:,} left out" if left_out else ""
    return f"{said}; damaged: {report['troubles'][0]}" if report["troubles"] else said
