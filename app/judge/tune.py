"""Tunes virtual tokens that stand behind a text and make the model answer whether this reader likes it.

A text is read once and kept; a step then costs the tokens behind it alone. The words of the answer are found first:
those that become likelier behind liked texts than behind skipped ones. Then the tokens are moved, by forward passes
only (`tuning`), until texts that were held out are no better answered for. While they move, each text is answered for
by words that were found without it: by words that know it already, nothing would be left to learn. The best tokens are
adopted where they answer better than what is there.

A run is kept in its checkpoint every few steps, and goes on from there as if it had never stopped.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from . import carried, tuning_kept
from .behind import MOST, line, opening
from .llama import NO, YES
from .tuning import Plan, State, Words, answering, area, begin, centre, drawn, held_out, loss, parted, stepped
from .tuning_items import TEXTS, Items

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .llama import Judge
    from .virtual import Virtual

#: What the virtual tokens are at first; texts of either side below which nothing can be held out.
FIRST, FEWEST = " Topic:", 6


class Tuning:
    """One run over a job: {"liked", "skipped": texts, "path", "against": files, "cpu", "slice": seconds, plan...}."""

    def __init__(
        self,
        judge: Judge,
        virtual: Virtual,
        maker: Mapping[str, str],
        job: Mapping[str, Any],
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        import numpy as np

        self._since = time.process_time()  # reading the texts counts, too
        virtual.check()
        known = {field.name for field in fields(Plan)}
        self.plan = Plan(**{key: value for key, value in job.items() if key in known})
        self.judge, self.maker, self.job = judge, maker, job
        liked, skipped = (list(job[side]) for side in ("liked", "skipped"))
        if min(len(liked), len(skipped)) < FEWEST or len(liked) + len(skipped) > TEXTS:
            raise PenchantError(
                f"{len(liked)} liked and {len(skipped)} skipped texts cannot be tuned on",
                hint=f"It takes {FEWEST} of either, and {TEXTS} together at most.",
            )
        if not 1 <= self.plan.tokens <= MOST:
            raise PenchantError(f"{self.plan.tokens} virtual tokens", hint=f"From 1 to {MOST} can be tuned.")
        texts = [*liked, *skipped]
        self.y = np.array([1.0] * len(liked) + [0.0] * len(skipped))
        self.learn: dict[str, list[int]] = {}
        self.held: list[int] = []
        for side, first, count in (("liked", 0, len(liked)), ("skipped", len(liked), len(skipped))):
            mine, out = held_out(self.plan, count)
            self.learn[side] = [first + at for at in mine]
            self.held += [first + at for at in out]
        self.first, self.spread = _first(virtual, judge, self.plan.tokens)
        rows = [[*opening(judge), *line(judge, text)] for text in texts]
        self.items = Items(judge.model, rows, alive)
        said = json.dumps([liked, skipped, asdict(self.plan), dict(maker)])
        self.digest = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
        self.words, self.parts = Words([], []), [Words([], [])]

    @property
    def learning(self) -> list[int]:
        """All texts that are learned from."""
        return [*self.learn["liked"], *self.learn["skipped"]]

    def run(self, checkpoint: Path, say: Callable[[str], object], go_on: Callable[[], bool]) -> None:
        """Go on until it is done, the slice is over or it is told to stop; `say` gets progress as JSON, "" between."""
        state, spent = self._begun(checkpoint)
        before = self._since - spent
        until = spent + float(self.job.get("slice", math.inf))
        why = ""
        while not (why := self._ended(state, spent)) and go_on() and spent < until:
            state = self._step(state)
            spent = time.process_time() - before
            say("")
            if state.step % self.plan.every == 0:
                state = self._look(state, spent)
                self._keep(checkpoint, state, spent)
                say(json.dumps(self._progress(state, spent)))
        self._keep(checkpoint, state, spent)
        last = self._progress(state, spent)
        if why:
            last |= {"done": True, "why": why, "adopted": self._adopt(state, spent)}
        say(json.dumps(last))

    def _keep(self, checkpoint: Path, state: State, spent: float) -> None:
        tuning_kept.save(checkpoint, self.digest, tuning_kept.Kept(state, [self.words, *self.parts], spent))

    def _begun(self, checkpoint: Path) -> tuple[State, float]:
        for left in checkpoint.parent.glob(f".{glob.escape(checkpoint.name)}.*.part"):  # of a run that was killed
            with contextlib.suppress(OSError):
                left.unlink()
        kept = tuning_kept.load(checkpoint, self.digest)
        if kept is not None:
            self.words, *self.parts = kept.words
            return kept.state, kept.cpu
        state = begin(*self.first.shape)
        self.words = Words(_single(self.judge, YES), _single(self.judge, NO))
        self.parts = [self.words] * len(self.learning)
        unled = self._look(state, 0.0).looks[-1]
        told = self.items.words(self._tokens(state.point), self.learning)
        y = self.y[self.learning]
        self.words, self.parts = answering(told, y), parted(told, y)
        state = self._look(begin(*self.first.shape), time.process_time() - self._since)
        looks = ({**unled, "step": -1}, *state.looks)
        return replace(state, looks=looks), 0.0

    def _tokens(self, point: NDArray[np.float64]) -> NDArray[np.float32]:
        return (self.first + self.spread * point).astype(self.first.dtype)

    def _scores(self, point: NDArray[np.float64], which: list[int]) -> NDArray[np.float64]:
        """By the words found with all that is learned from."""
        return self.items.answers(self._tokens(point), which, [self.words] * len(which))

    def _parted(self, point: NDArray[np.float64], which: list[int]) -> NDArray[np.float64]:
        """By words found without each text."""
        words = dict(zip(self.learning, self.parts, strict=True))
        return self.items.answers(self._tokens(point), which, [words[text] for text in which])

    def _step(self, state: State) -> State:
        texts, signs = drawn(self.plan, state.step, self.learn["liked"], self.learn["skipped"], state.point.shape)
        y = self.y[texts]
        losses = []
        for sign in (1.0, -1.0):
            scores = self._parted(state.point + sign * self.plan.reach * signs, texts)
            losses.append(loss(scores - centre(scores, y), y))
        return stepped(state, self.plan, signs, *losses)

    def _look(self, state: State, spent: float) -> State:
        """Score everything: learned texts from their own centre, held-out ones from the centre of the learned."""
        mine, other = self._scores(state.point, self.learning), self._scores(state.point, self.held)
        apart = self._parted(state.point, self.learning)
        y, held = self.y[self.learning], self.y[self.held]
        middle = centre(mine, y)
        look = {
            "step": state.step, "cpu": round(spent, 1), "loss": loss(mine - middle, y), "area": area(mine, y),
            "apart_loss": loss(apart - centre(apart, y), y),
            "held_loss": loss(other - middle, held), "held_area": area(other, held), "centre": middle,
        }  # fmt: skip
        changed: dict[str, Any] = {"looks": (*state.looks, look)}
        if look["held_loss"] < state.best_loss:
            changed |= {"best": state.point, "best_step": state.step, "best_loss": look["held_loss"]}
        return replace(state, **changed)

    def _ended(self, state: State, spent: float) -> str:
        if state.step >= self.plan.steps:
            return "all steps are made"
        if spent >= float(self.job.get("cpu", math.inf)):
            return "its time is used up"
        waited = (state.step - state.best_step) // self.plan.every
        return "texts that it did not learn from are answered for no better" if waited >= self.plan.patience else ""

    def _progress(self, state: State, spent: float) -> dict[str, Any]:
        look = {key: value for key, value in state.looks[-1].items() if key != "centre"}
        start = {f"start_{key}": state.looks[0][key] for key in ("loss", "area", "held_loss", "held_area")}
        more = {"step": state.step, "steps": self.plan.steps, "cpu": round(spent, 1), "best_step": state.best_step}
        return {**look, **start, **more, "best_loss": state.best_loss, "done": False, "adopted": False, "why": ""}

    def _adopt(self, state: State, spent: float) -> bool:
        """Write the best tokens where they answer for held-out texts better than those that are there, or than none.

        Those that are there may be this run's own, from before a kill: then the rest of it is made up for.
        """
        there = Path(self.job["path"])
        before = math.log(2)
        with contextlib.suppress(PenchantError, KeyError, TypeError, ValueError):  # not there, or none of tuning
            facts, rows = carried.read(there, carried.SOFT, self.maker["model"])
            if facts.get("run") != self.digest and rows.shape[1] == self.first.shape[1] and len(rows) <= MOST:
                words = Words(facts["yes"], facts["no"], float(facts["scale"]))
                scores = self.items.answers(rows, self.held, [words] * len(self.held))
                before = min(before, loss(scores - float(facts["centre"]), self.y[self.held]))
        if state.best is None or state.best_loss > before - self.plan.better:
            return False
        found = {look["step"]: look for look in state.looks}[state.best_step]
        for path, answer in ((there, "yes"), (Path(self.job["against"]), "no")):
            carried.save(
                path, carried.SOFT, self.maker["model"], self._tokens(state.best), behind=answer,
                **self.words._asdict(), centre=found["centre"], held_area=found["held_area"], cpu=round(spent, 1),
                run=self.digest,
            )  # fmt: skip
        return True


def _first(virtual: Virtual, judge: Judge, count: int) -> tuple[NDArray[np.float32], float]:
    """What the tokens are at first, the embeddings of FIRST, the last of them last; and how far embeddings spread."""
    rows = virtual.of(judge.model.tokens(FIRST))
    import numpy as np

    return np.concatenate([rows[:1]] * max(0, count - len(rows)) + [rows])[-count:], float(rows.std())


def _single(judge: Judge, words: tuple[str, ...]) -> list[int]:
    return sorted({ids[0] for word in words if len(ids := judge.model.tokens(word)) == 1})


@contextlib.contextmanager
def opened(
    judge: Judge, virtual: Virtual, maker: Mapping[str, str], job: Mapping[str, Any], alive: Callable[[], object]
) -> Iterator[Tuning]:
    """A run whose memory is given back at the end; `alive` is called now and then while the texts are read."""
    tuning = Tuning(judge, virtual, maker, job, alive)
    try:
        yield tuning
    finally:
        tuning.items.close()
