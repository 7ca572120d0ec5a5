"""What the judge's parent may ask of its eyes: JSON objects whose "do" is one of DOES.

A picture is {"path": of a JPEG that penchant made, "words": what to say of it to a model without eyes}; a path that
cannot be looked at counts as its words. A post is {"picture": a picture or null, "caption": text}.

- eyes: writes the name of the vision part
- describe {"picture"}: writes a description; nothing where the model has nothing to say
- see {"texts": pictures, "brief": bool}: encodes each ahead of time, perhaps the overview only; the tokens that it
  takes, NaN for one that cannot be looked at
- question {"history", "picture", "texts": questions}: log odds of yes for each, in nats
- interleaved {"history", "texts": posts}: log odds that the reader likes each

"history" is a list of posts with "liked", the most telling ones last. All raise `PenchantError` in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .eyes_prompt import Example

if TYPE_CHECKING:
    from .eyes import Eyes
    from .eyes_sight import Sight
    from .library import Model

DOES = frozenset({"eyes", "see", "describe", "question", "interleaved"})
#: More than any context holds.
MOST_HISTORY = 256


class Looking:
    """The eyes of a judge, opened when first asked for. `mmproj` and `folder` (for kept pictures) may be ""."""

    def __init__(self, model: Model, name: str, mmproj: str = "", folder: str = "", threads: int = 1) -> None:
        self._model, self._name, self._mmproj, self._folder = model, name, mmproj, folder
        self._threads = threads
        self._eyes: Eyes | None = None

    def answer(
        self, request: Mapping[str, Any], say: Callable[[str], object], go_on: Callable[[], bool] = lambda: True
    ) -> list[float]:
        """Numbers for a request; `say` gets what is written, once. Where `go_on` says no, a description ends."""
        return answer(self._opened(), request, say, go_on)

    def _opened(self) -> Eyes:
        if self._eyes is None:
            from .eyes import Eyes

            self._eyes = Eyes(
                self._model,
                Path(self._mmproj) if self._mmproj else None,
                name=self._name,
                cache=Path(self._folder) if self._folder else None,
                threads=self._threads,
            )
        return self._eyes


def size_of(mmproj: str) -> int:
    """Bytes of a vision part; 0 where there is none."""
    try:
        return Path(mmproj).stat().st_size if mmproj else 0
    except OSError:
        return 0


def answer(
    eyes: Eyes, request: Mapping[str, Any], say: Callable[[str], object], go_on: Callable[[], bool] = lambda: True
) -> list[float]:
    """Do what a request says, as in `Looking.answer`."""
    match request["do"]:
        case "eyes":
            say(eyes.name)
        case "see":
            return [_tokens(eyes, Path(picture["path"]), bool(request["brief"])) for picture in request["texts"]]
        case "describe":
            sight = eyes.see(Path(request["picture"]["path"]))
            if text := eyes.describe(sight, lambda text: go_on()):
                say(text)
        case "question":
            picture, history = _shown(eyes, request["picture"]), _history(eyes, request["history"])
            return [eyes.ask(history, picture, question) for question in request["texts"]]
        case "interleaved":
            history = _history(eyes, request["history"])
            return [eyes.interleaved(history, _shown(eyes, p["picture"]), p["caption"]) for p in request["texts"]]
        case other:
            raise PenchantError(f"the judge's eyes do not know how to {other!r}")
    return []


def _tokens(eyes: Eyes, path: Path, brief: bool) -> float:
    try:
        return float(eyes.see(path, brief=brief).tokens)
    except PenchantError:
        if eyes.projector is None:
            raise
        return math.nan


def _history(eyes: Eyes, posts: Sequence[Mapping[str, Any]]) -> list[Example]:
    return [
        Example(_shown(eyes, post["picture"]), str(post["caption"]), bool(post["liked"]))
        for post in posts[-MOST_HISTORY:]
    ]


def _shown(eyes: Eyes, picture: Mapping[str, str] | None) -> Sight | str:
    """A sight, in brief; the picture's words where there are no eyes or no file."""
    if picture is None:
        return ""
    words = str(picture.get("words", ""))
    if eyes.projector is None or not picture.get("path"):
        return words
    try:
        return eyes.see(Path(picture["path"]), brief=True)
    except PenchantError:
        return words
