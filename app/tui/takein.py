"""An import started from a screen: in a process of its own, since reading an export computes for seconds."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from penchant.app.errors import PenchantError

from . import words

#: Summaries and messages are short; the rest of a longer one is not read.
MOST_BYTES = 1 << 20


class Taking:
    """One run of `penchant import PATH`. It goes on when the screen is left; killed, it can be run again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def report(self) -> str:
        """What it did, in a line. Raises `PenchantError` in the command's own words."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "penchant.app.cli", "import", str(self.path.absolute()), "--json",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            limit=MOST_BYTES, start_new_session=True,
        )  # fmt: skip
        out, err = await child.communicate()
        if child.returncode:
            message, _, hint = err.decode("utf-8", "replace").strip().removeprefix("penchant: ").partition("\n")
            raise PenchantError(words.one_line(message), hint=words.one_line(hint))
        return told(json.loads(out))


def told(report: dict) -> str:
    """The summary of an import as one line."""
    if report["feeds"]:
        new = len(report["new_feeds"])
        return f"{words.many(report['feeds'], 'feed')} in the file, {new} of them new; they are being fetched"
    acts = ", ".join(f"{count:,} {act}" for act, count in report["acts"].items())
    said = f"{report['title']}: {words.many(report['found'], 'entry', 'entries')} ({acts}), {report['new']:,} of them new"
    left_out = sum(report["skipped"].values())
    said += f"; {left_out:,} left out" if left_out else ""
    return f"{said}; damaged: {report['troubles'][0]}" if report["troubles"] else said
