"""What Why says of the judge: its opinion, how far the ranking believes it, and its reason as it comes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from penchant.app.judging_said import Said, called, sentences

from . import words
from .awaited import Awaited
from .whylines import Line

#: Experts that come from the judge, and what each is called here.
EXPERTS = {"judge": "its comparison", "asked": "its answer", "hidden": "its reading"}
#: Seconds after which an untaken question stands behind something that takes long.
BUSY = 6.0


@dataclass(frozen=True, slots=True)
class Asking(Awaited):
    """A question for a reason on its way."""

    silence: ClassVar[float] = 130.0


def opinion_lines(said: Said, trust: Mapping[str, float], width: int, now: float) -> list[Line]:
    """The section about the judge; nothing where there is none."""
    if said.silent:
        return []
    model = called(said.status, said.opinions[0].model if said.opinions else "")
    head = f"The judge, {words.one_line(model)}" if model else "The judge"
    told = sentences(said)
    if said.opinions:
        age = words.age(said.opinions[0].at, now)
        told[-1] = f"said {'just now' if age == 'now' else age + ' ago'}, {told[-1]}".rstrip(", ")
    told += _believed(trust) if said.opinions else []
    told.append("press e for a reason in one sentence")
    lines = [Line(text, "meta") for each in told for text in words.wrap(_capital(each), width)]
    return [Line(""), Line(words.fit(head, width).rstrip(), "head"), *lines]


def _believed(trust: Mapping[str, float]) -> list[str]:
    """How far the ranking has come to believe it; 1 is where every part begins."""
    parts = [f"{name} {trust[key]:.1f}" for key, name in EXPERTS.items() if key in trust]
    return [f"how far the ranking believes it: {', '.join(parts)} (1 is where every part begins)"] if parts else []


def reason_lines(asking: Asking | None, width: int, now: float) -> list[Line]:
    """The answer as far as it has come, marked as what it is; why there is none."""
    if asking is None:
        return []
    answer, body = asking.answer, max(2, width)
    if answer is not None and answer.text:
        mark = "" if answer.done else " …"
        said = f"The model says, unchecked: {answer.text}{mark}"
        lines = [Line(text, "text") for text in words.wrap(said, body, 6)]
    else:
        lines = [] if answer is not None and answer.error else [Line(_waiting(asking, now), "meta")]
    if answer is not None and answer.error:
        error = words.sentences(_capital(answer.error), answer.hint)
        lines += [Line(text, "meta") for text in words.wrap(error, body, 4)]
    return [*lines, Line("")]


def _waiting(asking: Asking, now: float) -> str:
    if asking.gave_up(now):
        return "No answer came. Is a worker running? `penchant judge` says how the judge is doing."
    if asking.answer is not None and asking.answer.at != asking.asked_at:
        return "The model reads the question ... (esc takes it back)"
    if now - asking.asked_at < BUSY:
        return "Asking the model ... (esc takes it back)"
    return "The judge is at something else first ... (esc takes it back)"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
