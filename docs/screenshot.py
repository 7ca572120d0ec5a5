"""Draw docs/screenshot.svg: the reader itself, without a terminal, on the sample feed.

    python docs/screenshot.py

Fetches the sample feed into a temporary archive, judges items as one reader
would (birds, compilers and databases, but not everyday life), and exports
what the screen then shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

COLUMNS, ROWS = 110, 32
TARGET = Path(__file__).with_name("screenshot.svg")
#: Authors of the sample feed this reader likes, and those they pass over.
LIKED = ("hanne", "ravi", "tomasz", "rosalind", "greta")
SKIPPED = ("wendell", "vera", "leonie", "dana")
EACH = 3


def command(*words: str) -> str:
    """What `penchant WORDS` prints."""
    from penchant.app.cli import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(list(words))
    if code:
        raise SystemExit(f"penchant {' '.join(words)} ended with {code}")
    return out.getvalue()


def judged(cards: list[dict[str, Any]], authors: tuple[str, ...]) -> list[str]:
    """The first `EACH` items of each of `authors`, as the commands name them."""
    chosen = []
    for author in authors:
        theirs = [c for c in cards if c["author_key"].endswith(author)]
        chosen += [str(c["item_id"]) for c in theirs[-EACH:]]
    return chosen


async def draw() -> str:
    """The SVG of the screen once it shows what was learned."""
    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.tui.app import PenchantApp

    app = PenchantApp(Config(), Paths.from_environment().ensure(), worker=False)
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        for _ in range(200):
            await pilot.pause(0.05)
            if app.last_order:
                break
        await pilot.press("l", "j", "s", "j", "j")
        await pilot.pause(0.5)
        return app.export_screenshot(title="penchant")


def tidy(svg: str) -> str:
    """Without fonts from elsewhere: a page that shows the picture must not have to fetch them."""
    svg = re.sub(r"<!-- Generated.*?-->", "", svg)
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: ui-monospace, Menlo, monospace")
    return re.sub(r"\n\s*\n+", "\n", svg)


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PENCHANT_HOME"] = home
        command("add", "sample")
        command("sync", "--quiet")
        cards = [json.loads(line) for line in command("list", "--json", "--limit", "1000").splitlines()]
        command("like", *judged(cards, LIKED))
        command("skip", *judged(cards, SKIPPED))
        command("sync", "--quiet")
        svg = tidy(asyncio.run(draw()))
    TARGET.write_text(svg, encoding="utf-8")
    print(f"{TARGET.name}: {len(svg) // 1024} KB")


if __name__ == "__main__":
    main()
