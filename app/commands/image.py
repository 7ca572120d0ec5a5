"""`penchant image idea|draw`: what a picture for this reader would show, and the picture."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from pathlib import Path

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import dumps, note, plain, say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "draw asks the program or the service that [generated] in the configuration names; docs/generated.md says how."
        " `penchant arms add image` has pictures drawn for the feed."
    )
    parser.add_argument("do", nargs="?", choices=("idea", "draw"), default="idea", help="what to do (default: idea)")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="draw: what it shows (default: an idea in your taste)")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="idea: how many (default: 1)")
    parser.add_argument("--seed", type=int, metavar="N", help="the same number gives the same idea")
    parser.add_argument("--model", default="", metavar="FILE", help="have a model word it (default: none)")
    parser.add_argument("--out", metavar="FILE", help="draw: where to (default: into the feed, as a draft)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, context: Context) -> int | None:
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 31)
    if args.do == "idea":
        if not 1 <= args.count <= 100:
            raise UsageError("--count goes from 1 to 100")
        for n in range(args.count):
            prompt, by = _idea(context, random.Random(seed + n), args.model)
            say(dumps({"prompt": prompt, "by": by, "seed": seed + n}) if args.json else plain(prompt))
        return None
    _draw(args, context, seed)
    return None


def _idea(context: Context, draw: random.Random, model: str) -> tuple[str, str]:
    from penchant.app import generating_images as images

    known = images.taste(context.store)
    found = asyncio.run(_worded(context, known, draw, model))
    if found is None:
        raise PenchantError(
            "nothing is known of your taste yet", hint="Like some items first (l in the feed): best some with pictures."
        )
    return found


async def _worded(context: Context, known: object, draw: random.Random, model: str) -> tuple[str, str] | None:
    from penchant.app import generating_images as images
    from penchant.app.voice.values import Carried

    assert isinstance(known, images.Taste)
    if not model:
        found = await images.worded(known, draw, None, None)
    else:
        from penchant.app.llm.choose import open_voice

        async with open_voice(model, context.config, context.paths) as voice:
            found = await images.worded(known, draw, voice, Carried())
    return None if found is None else (found.prompt, found.by)


def _draw(args: argparse.Namespace, context: Context, seed: int) -> None:
    from penchant.app import generating_draw as drawing
    from penchant.app.generating import IMAGE
    from penchant.app.store.drafts import Draft

    text, by = (" ".join(args.text), "") if args.text else _idea(context, random.Random(seed), args.model)
    note(f"Drawing: {plain(text)}")
    data = asyncio.run(drawing.draw(text, seed, context.config.generated))
    if args.out:
        _write(Path(args.out).expanduser(), data)
        return
    media = drawing.keep(context.store.path, data, text)
    draft = Draft("image", text, arm=IMAGE, model=by, facts={"seed": seed}, made_at=_now())
    with context.store.db.write():
        item_id = context.store.drafts.as_item(context.store.drafts.add(draft), media=(media,))
    say(dumps({"item": item_id, "prompt": text, "picture": media.url}) if args.json else f"drawn  {item_id}")
    note("It waits for its place in For you once generated items are on (`penchant arms`).")


def _now() -> float:
    import time

    return time.time()


def _write(target: Path, data: bytes) -> None:
    try:
        with target.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise PenchantError(f"{target} exists already", hint="Choose another name.") from None
    except OSError as error:
        raise PenchantError(f"{target} cannot be written: {error.strerror}") from None
    print(f"written: {target} ({len(data):,} bytes)", file=sys.stderr)
