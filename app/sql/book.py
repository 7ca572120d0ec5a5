"""What models said, asked for once: a cache in the archive, a memory for what cannot be kept there, and counts."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from penchant.app.errors import StoreError
from penchant.app.store.model_answers import Answer, digest

from .model import VERSION, Model

if TYPE_CHECKING:
    from penchant.app.pictures.files import PictureFiles
    from penchant.app.store import Store

#: Bytes of a hash.
HASH = 16
#: Texts asked together: as many as the model reads side by side. More would only be heard of later.
BATCH = 8


class Question(NamedTuple):
    """One thing to ask about one text: its hash, or the text itself where no item has it."""

    kind: str
    words: str
    hash: bytes
    text: str | None = None


@dataclass(slots=True)
class Progress:
    """`asked` counts texts put to a model, `total` how many there may be (0: nobody knows), `seconds` the model's."""

    asked: int = 0
    total: int = 0
    seconds: float = 0.0
    exact: bool = False


@dataclass
class Book:
    """Answers by question. `tell` hears of progress, `aside` wraps the time that a model takes."""

    store: Store
    model: Model
    files: PictureFiles
    tell: Callable[[Progress], None]
    aside: Callable[[], AbstractContextManager[None]]
    progress: Progress = field(default_factory=Progress)
    notes: list[str] = field(default_factory=list)
    _known: dict[tuple[bytes, bytes], Answer | None] = field(default_factory=dict)
    _prompts: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    _full: bool = False

    def of(self, kind: str, subject: object, words: object = "") -> Question | None:
        """The question about a value of SQL; None for NULL and for empty texts."""
        if subject is None or words is None or subject in ("", b""):
            return None
        if isinstance(subject, bytes) and len(subject) == HASH:
            return Question(kind, str(words), subject)
        text = subject.decode("utf-8", "replace") if isinstance(subject, bytes) else str(subject)
        named = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=HASH, person=b"text").digest()
        return Question(kind, str(words), named, text)

    def knows(self, question: Question) -> bool:
        """Whether it was answered before, now or in another run; looks it up."""
        model, prompt = self._prompt(question)
        key = prompt, question.hash
        if key not in self._known:
            found = self.store.model_answers.get(model, prompt, [question.hash])
            self._known.update({(prompt, each): said for each, said in found.items()})
        return key in self._known

    def answer(self, questions: Sequence[Question]) -> Answer | None:
        """The answer to the first; the others, of the same kind and words, are asked along with it and kept."""
        first = questions[0]
        if not self.knows(first):
            others = (each for each in dict.fromkeys(questions[1:]) if each != first and not self.knows(each))
            self._ask([first, *others])
        return self._known[self._prompt(first)[1], first.hash]

    def known_of(self, questions: Sequence[Question]) -> int:
        """How many are answered already."""
        return sum(map(self.knows, questions))

    def _prompt(self, question: Question) -> tuple[str, bytes]:
        key = question.kind, question.words
        if key not in self._prompts:
            self._prompts[key] = self.model.name(question.kind), digest(*key, VERSION)
        return self._prompts[key]

    def _ask(self, questions: list[Question]) -> None:
        model, prompt = self._prompt(questions[0])
        kind, words = questions[0].kind, questions[0].words
        subjects = [self._subject(each) for each in questions]
        there = [(each, subject) for each, subject in zip(questions, subjects, strict=True) if subject]
        self._known.update({(prompt, each.hash): None for each in questions})
        if not there:
            return
        began = time.monotonic()
        self.tell(self.progress)
        try:
            with self.aside():
                said = self.model.answer(kind, words, [subject for _, subject in there])
        except BaseException:
            for each, _ in there:  # nothing was answered: whoever asks again must not take it for NULL
                self._known.pop((prompt, each.hash), None)
            raise
        self.progress.seconds += time.monotonic() - began
        self.progress.asked += len(there)
        answers = {each.hash: value for (each, _), value in zip(there, said, strict=True) if value is not None}
        self._known.update({(prompt, each): value for each, value in answers.items()})
        self._keep(model, prompt, kind, answers)
        for (each, _), value in zip(there, said, strict=True):
            if value is None:
                self.notes.append(f"the model died of {self._named(each)} twice: {kind} is NULL there")
        self.tell(self.progress)

    def _keep(self, model: str, prompt: bytes, kind: str, answers: dict[bytes, Answer]) -> None:
        """A disk that is full, or an archive that is locked, costs the memory of answers and nothing else."""
        if not answers or self._full:
            return
        try:
            self.store.model_answers.put(model, prompt, kind, answers)
        except StoreError as error:
            self._full = True
            self.notes.append(f"answers are not kept for the next time: {error}")

    def _subject(self, question: Question) -> str:
        """The text of a question, or the path of its picture; "" where there is none."""
        if question.kind == "describe":
            path = self.files.large(question.hash) if question.text is None else None
            return str(path) if path is not None and self.files.has(question.hash) else ""
        if question.text is not None:
            return question.text
        from penchant.app.embed.base import item_text

        row = self.store.db.row("SELECT title, text FROM items WHERE content_hash = ? LIMIT 1", (question.hash,))
        return item_text(*row).strip() if row else ""

    def _named(self, question: Question) -> str:
        if question.kind == "describe":
            return f"picture {question.hash.hex()}"
        row = self.store.db.row("SELECT id, title FROM items WHERE content_hash = ? LIMIT 1", (question.hash,))
        return f"item {row[0]} ({row[1][:60]})" if row else f"the text {(question.text or '')[:60]!r}"
