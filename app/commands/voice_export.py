"""`penchant voice export FILE`: your own words as an instruction-tuning file, for those who train elsewhere."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import dumps, note, say

if TYPE_CHECKING:
    from penchant.app.store import Store

HELP = "your own words as ChatML JSON Lines, for those who train elsewhere"
#: Share of the dated examples, the newest, that validate.
VALIDATION = 0.1


def configure(parser: argparse.ArgumentParser) -> None:
    """Options beside those of `penchant voice` (--json); the file is the word behind `export`."""
    group = parser.add_argument_group("export FILE", f"{HELP}; - is standard output")
    group.add_argument(
        "--validation", type=float, default=VALIDATION, metavar="SHARE",
        help=f"share of the newest, kept in NAME.validation.jsonl ({VALIDATION})",
    )  # fmt: skip
    group.add_argument("--taste", action="store_true", help="also what you liked, passed on and saved")
    group.add_argument("--parents", action="store_true", help="replies and quotes only with what they answer")
    group.add_argument("--duels", action="store_true", help="instead: duels as preference pairs")
    group.add_argument("--text", action="store_true", help="conversations spelled out as ChatML in a field text")
    group.add_argument("--force", action="store_true", help="write over files that are there")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.voice import mine, mine_export

    if len(args.words) != 1:
        raise UsageError("`penchant voice export` takes one file", hint="`penchant voice export mine.jsonl`, or -.")
    if not 0.0 <= args.validation <= 0.5:
        raise UsageError("--validation is a share from 0 to 0.5", hint="0.1 keeps the newest tenth apart.")
    if args.duels:
        records = list(mine_export.preferences(_duels(context.store)))
        held: list[dict[str, Any]] = []
    else:
        examples = mine_export.chosen(mine.examples(context.store), taste=args.taste, parents=args.parents)
        share = 0.0 if args.words[0] == "-" else args.validation
        parts = mine_export.split(examples, share)
        records, held = ([mine_export.record(e) for e in part] for part in (parts.train, parts.validation))
    if args.text and not args.duels:
        records, held = ([{"text": mine_export.chatml(each)} for each in part] for part in (records, held))
    if not records and not held:
        raise PenchantError(
            "there is nothing to export", hint="`penchant import FILE` takes in your archive of Twitter, Mastodon, ..."
            if not args.duels else "J in the feed, or `penchant duel`, compares texts.",
        )  # fmt: skip
    if args.words[0] == "-":
        sys.stdout.writelines(mine_export.lines(records))
        return None
    path = Path(args.words[0]).expanduser()
    second = path.with_name(f"{path.stem}.validation{path.suffix}")
    for target, part in ((path, records), (second, held)):
        if part:
            _write(target, mine_export.lines(part), force=args.force)
    _tell(args, path, second, len(records), len(held))
    return None


def _tell(args: argparse.Namespace, path: Path, second: Path, train: int, held: int) -> None:
    if args.json:
        say(
            dumps(
                {"file": str(path), "train": train, "validation": held, "validation_file": str(second) if held else ""}
            )
        )
        return
    say(f"{path}: {train} examples" + (f"; {second}: {held} newer ones" if held else ""))
    note("They are your own words, readable by you alone; whoever gets the file gets them.")


def _duels(store: Store) -> Iterator[tuple[str, str, str, float]]:
    events = store.events.of_kind("duel")
    ids = [i for event in events for i in (event.item_id, event.value.get("other")) if isinstance(i, int)]
    texts = store.items.texts(sorted(set(ids)))
    for event in events:
        better, worse = texts.get(event.item_id or 0), texts.get(int(event.value.get("other") or 0))
        if better is not None and worse is not None:
            about = better[0] if better[0] == worse[0] else ""
            words = ["\n".join(p for p in ("" if about else title, text) if p) for title, text, _ in (better, worse)]
            yield about, words[0], words[1], event.at


def _write(path: Path, content: Iterator[str], *, force: bool) -> None:
    """Whole or not at all, readable by the reader alone."""
    if path.exists() and not force:
        raise PenchantError(f"{path} is there already", hint="Name another file, or --force writes over it.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PenchantError(
            f"cannot write {path}: {error.strerror or error}", hint="Name a file in a folder of yours."
        ) from error
