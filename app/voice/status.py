"""How every carrier stands for this reader, without loading a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import reader as reading
from . import shelf, words
from .carriers import ALL
from .carriers.told import MOST

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.store import Store

    from .shelf import Kept
    from .values import Reader

WHAT = {
    "none": "the model as it is", "typed": "your own description", "summary": "what the model makes of your likes",
    "history": "your latest likes as a list", "vector": "a direction in the model", "map": "virtual tokens by a map",
    "soft": "virtual tokens tuned on your likes", "deep": "a memory of your likes", "lora": "an adapter of your own",
}  # fmt: skip


def told(store: Store) -> dict[str, Any]:
    """What is known of the reader, in numbers and their own words."""
    found = reading.of(store)
    return {
        "liked": len(found.liked), "skipped": sum(text.act == "skipped" for text in found.skipped),
        "assumed": found.assumed,
        "authored": len(found.authored), "description": found.description, "dial": found.dial,
    }  # fmt: skip


def rows(store: Store, config: Config, paths: Paths) -> list[dict[str, Any]]:
    """One for each carrier: name, what, state in words, tokens of context that it takes, whether it could be used."""
    known = reading.of(store, 64)
    kept = {each.name: each for each in sorted(shelf.rows(store), key=lambda each: each.made_at)}
    return [_row(name, known, kept.get(name), config) for name in ALL]


def _row(name: str, known: Reader, kept: Kept | None, config: Config) -> dict[str, Any]:
    ready, state, tokens = _state(name, known, kept, config)
    made_at = kept.made_at if kept is not None else None
    return {
        "name": name, "what": WHAT.get(name, ""), "ready": ready, "state": state, "tokens": tokens, "made_at": made_at,
    }  # fmt: skip


def _state(name: str, known: Reader, kept: Kept | None, config: Config) -> tuple[bool, str, int]:
    liked = len(known.liked)
    if name == "none":
        return True, "always works", 0
    if name == "typed":
        said = bool(known.description)
        return (
            said,
            "ready" if said else "say what you like: `penchant voice describe`",
            words.tokens(known.description) if said else 0,
        )
    if name == "lora":
        if not config.voice.lora:
            return False, "no file is named: `lora` in [voice]", 0
        there = Path(config.voice.lora).expanduser().is_file()
        return there, "ready" if there else "its file is not there", 0
    if not liked:
        return False, "like something first", 0
    if name == "history":
        told = words.lines(known.liked, config.judge.history_tokens, MOST)
        return True, f"ready: your latest {len(told)} likes", words.tokens(words.listed(told))
    if kept is None:
        return True, "made when it is first used, or by `penchant voice update`", 0
    return True, _about(kept), int(kept.facts.get("takes", 0) or 0)


def _about(kept: Kept) -> str:
    facts = kept.facts
    if "text" in facts:
        return f"“{facts['text']}”"
    if "skipped" in facts:
        return f"from {facts.get('liked')} likes and {facts['skipped']} skips"
    return str(facts.get("state") or f"from {facts.get('liked', 0)} likes")
