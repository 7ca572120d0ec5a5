"""The judge's eyes: a text model with an mmproj file that turns pictures into its embeddings.

Lives in the judge's child process, as everything of llama.cpp. A picture is encoded once, whatever is asked of it
afterwards; what a prompt shares with the one before it is not computed again. Without an mmproj file the same questions
are asked about descriptions.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.adapters.text_clean import clean_line
from penchant.app.errors import PenchantError

from . import eyes_picture, eyes_prompt
from .eyes_context import BATCH, PictureContext
from .eyes_format import check_eyes
from .eyes_library import Projector, width
from .eyes_prompt import Example, Part, Theirs
from .eyes_sight import Piece, Seen, Sight, Sights, size
from .library import Model, library
from .llama import NO, YES, log_sum

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .eyes_picture import Pixels

#: Tokens of a description at most, and of a row of them that must not come twice.
DESCRIPTION, REPEATED = 80, 8
#: Tokens of a text of somebody else at most: in some vocabularies every character is three.
_THEIRS = 80
#: Tokens kept free for a caption, a question and what stands around them.
_WORDS = 2 * _THEIRS + 80
#: Ends of keys: a picture as large as has room, its overview.
_WHOLE, _BRIEF = "0", "1"
#: Tokens of marks around a picture at most.
_MARKS = 40
_SENTENCE = re.compile("[.!?\u2026\u3002\uff01\uff1f]['\"\u201d\u2019)]*(?=\\s)")


class Eyes:
    """Questions about pictures. Belongs to one thread.

    `model` must outlive this; `name` names its content. Half the context is for the reader's history, half for the
    picture asked about. Raises `PenchantError` where the mmproj file is missing, damaged or another model's.
    """

    def __init__(
        self,
        model: Model,
        mmproj: Path | None,
        *,
        name: str = "",
        cache: Path | None = None,
        n_ctx: int = 2048,
        threads: int = 1,
    ) -> None:
        self.model = model
        facts = check_eyes(mmproj, width(model)) if mmproj else None
        self.name = f"{facts.name}:{facts.digest}" if facts else ""
        made = f"{name}\n{self.name}\n{library().__version__}\n{n_ctx}"
        self._maker = hashlib.blake2b(made.encode(), digest_size=6).hexdigest()
        before, after = model.around(eyes_prompt.SYSTEM) if model.chat else (model.opening(), [])
        self.projector: Projector | None = None
        self.context = PictureContext(model, n_ctx=n_ctx, threads=threads)
        if mmproj is not None:
            try:
                most = max(1, self.picture_room - _MARKS)
                self.projector = Projector(mmproj, model, threads=threads, together=BATCH, most=most)
            except BaseException:
                self.context.close()
                raise
        self._before, self._after = tuple(before), tuple(after)
        self._sights = Sights(cache)
        self._answers: tuple[list[int], list[int]] | None = None

    def close(self) -> None:
        """Free the vision part and the context; the text model stays."""
        if self.projector is not None:
            self.projector.close()
        self.context.close()

    @property
    def encoded(self) -> int:
        """How many pieces of pictures went through the vision model."""
        return self.projector.encoded if self.projector else 0

    @property
    def picture_room(self) -> int:
        """Tokens that one picture may take."""
        return max(0, (self.context.room - _WORDS) // 2)

    def see(self, picture: Path | NDArray[np.uint8], *, brief: bool = False) -> Sight:
        """A picture as the model takes it in: the path of a JPEG that penchant made, or RGB [height, width, 3].

        `brief` takes only the overview where the model cuts pictures in parts: a history holds more of those.
        Raises `PenchantError`: unreadable, no vision part, too large for the context.
        """
        if self.projector is None:
            raise PenchantError(
                "this judge has no eyes", hint="Set `eyes` in [models] to the mmproj file of its model."
            )
        if isinstance(picture, Path):
            data = eyes_picture.read(picture)
            key = self._maker + eyes_picture.file_key(data)
            return self._kept(key, brief) or self._look(key, eyes_picture.decode(data), brief)
        high, wide = picture.shape[:2]
        pixels = eyes_picture.Pixels(wide, high, picture.tobytes())
        key = self._maker + pixels.key
        return self._kept(key, brief) or self._look(key, eyes_picture.bounded(pixels), brief)

    def _kept(self, key: str, brief: bool) -> Sight | None:
        """A whole picture that was not cut is its own overview."""
        whole = self._sights.get(f"{key}{_WHOLE}")
        if not brief or (whole is not None and sum(isinstance(piece, Seen) for piece in whole.pieces) == 1):
            return whole
        return self._sights.get(f"{key}{_BRIEF}")

    def _look(self, key: str, pixels: Pixels, brief: bool) -> Sight:
        assert self.projector is not None
        pieces, whole = self.projector.look(pixels, self.picture_room, brief=brief)
        sight = Sight(f"{key}{_BRIEF if brief and not whole else _WHOLE}", pieces)
        self._sights.put(sight)
        return sight

    def describe(self, sight: Sight, on_text: Callable[[str], bool | None] = lambda text: None) -> str:
        """The model's own description: one line, two sentences at most, always the same for the same picture.

        `on_text` gets what there is so far after each token; False ends it.
        """
        asked = eyes_prompt.description(sight, chat=self.model.chat)
        pieces = joined([self._before, *self._pieces(asked), self._after])
        logits = self.context.run(pieces, self.projector)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text, lengths = "", [0]
        ids: list[int] = []
        while not self.model.ends(token := int(logits.argmax())) and not finished(text):
            if repeats(ids):
                text = text[: lengths[-1 - REPEATED]]
            if len(ids) == DESCRIPTION or repeats(ids) or self.context.used >= self.context.room:
                return told(text, whole=False)
            ids.append(token)
            text += decoder.decode(self.model.piece(token))
            lengths.append(len(text))
            if on_text(told(text)) is False:
                return told(text, whole=False)
            logits = self.context.more(token)
        return told(text)

    def ask(self, history: Sequence[Example], sight: Sight | str, question: str) -> float:
        """Log odds (nats) of yes against no, to a question about a picture, or about words in its place."""
        return self._asked(history, eyes_prompt.question(sight, question, chat=self.model.chat))

    def interleaved(self, history: Sequence[Example], picture: Sight | str, caption: str) -> float:
        """Log odds (nats) that the reader of these examples likes this post.

        Examples that do not fit are left out from the first on, the same ones for every post.
        """
        return self._asked(history, eyes_prompt.would_like(picture, caption, chat=self.model.chat))

    def fitting(self, history: Sequence[Example]) -> Sequence[Example]:
        """The last examples of a history, as many as have room."""
        costs = [size(self._pieces(eyes_prompt.example(each))) for each in history]
        room = self.context.room - self.picture_room - _WORDS
        return history[eyes_prompt.first_that_fits(costs, room) :]

    def _asked(self, history: Sequence[Example], last: Sequence[Part]) -> float:
        if self._answers is None:
            self._answers = self._beginnings(YES), self._beginnings(NO)
        told: list[Part] = [eyes_prompt.OPENING] if history else []
        for each in self.fitting(history):
            told += eyes_prompt.example(each)
        # two parts: the first one is kept for the next question, whatever the second begins with
        first, second = [self._before, *self._pieces(told)], [*self._pieces(last), self._after]
        logits = self.context.run([*joined(first), *joined(second)], self.projector)
        yes, no = self._answers
        return log_sum(logits[yes]) - log_sum(logits[no])

    def _pieces(self, prompt: Sequence[Part]) -> list[Piece]:
        """Tokens and embeddings. In texts of others, control tokens are mere letters."""
        pieces: list[Piece] = []
        for part in prompt:
            if isinstance(part, Sight):
                pieces += part.pieces
            else:
                own = not isinstance(part, Theirs)
                pieces.append(tuple(self.model.tokens(part, special=own)[: None if own else _THEIRS]))
        return pieces

    def _beginnings(self, words: Sequence[str]) -> list[int]:
        found = {ids[0] for word in words if len(ids := self.model.tokens(word)) == 1}
        if not found:
            raise PenchantError("the model has no word for yes and no", hint="Another model can be asked.")
        return sorted(found)


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same, with neighbouring texts in one piece and no empty ones."""
    found: list[Piece] = []
    for piece in pieces:
        if not isinstance(piece, Seen) and found and not isinstance(found[-1], Seen):
            found[-1] = (*found[-1], *piece)
        elif isinstance(piece, Seen) or piece:
            found.append(piece)
    return found


def finished(text: str) -> bool:
    """One line and at most two sentences are enough."""
    text = text.lstrip()
    return "\n" in text or len(_SENTENCE.findall(text)) >= 2


def repeats(ids: Sequence[int]) -> bool:
    """Its last tokens were said before: a small model that turns in circles."""
    tail, before = tuple(ids[-REPEATED:]), len(ids) - 2 * REPEATED + 1
    return any(tuple(ids[n : n + REPEATED]) == tail for n in range(before))


def told(text: str, *, whole: bool = True) -> str:
    """The first line, two sentences at most, clean; with an ellipsis where it was cut short."""
    text = text.lstrip()
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    kept = clean_line(text[: ends[1]] if len(ends) > 1 else text.partition("\n")[0], 500)
    return kept if whole or not kept or finished(text) else f"{kept} \u2026"
