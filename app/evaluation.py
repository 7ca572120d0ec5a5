"""`penchant evaluate`: the ranking beside simple recipes, on a folder of ratings or the reader's own events."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PenchantError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from .evaluation_data import Sentence, folders_in, from_folder, from_store
from .evaluation_sentence import SentenceVectors
from .evaluation_table import curve_lines, replay_lines
from .rank import baselines
from .rank.evaluate import STEPS, Curve, Method, curve, orders, ours
from .rank.evaluate_replay import measures, replay, resample
from .rank.evaluate_step import HEAD
from .rank.metrics import calibration_curve, calibration_error, calibration_error_debiased
from .rank.model import OPINIONS

if TYPE_CHECKING:
    from .commands.context import Context
    from .store import Store

#: Fewer decisions than this say nothing about a ranking.
ENOUGH = 8
MISSING = (
    "scikit-learn is not installed, so TF-IDF + SVM, Rocchio and logistic regression are left out:"
    " pip install 'penchant[test]' adds them."
)
JUDGED = (
    "The judge's opinions were formed with your history of today, each without the item itself: of decisions further"
    " back it knows more than it did then."
)
Say = Callable[[str], None]


@dataclass
class Report:
    """What was measured; `lines` is the table for people, `as_json` the same for programs."""

    curves: list[Curve] = field(default_factory=list)
    own: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)

    def lines(self, *, colour: bool = False) -> list[str]:
        out: list[str] = []
        for each in self.curves:
            out += [*curve_lines(each, colour=colour), ""]
        if self.own is not None:
            out += [*replay_lines(self.own), ""]
        return [*out, *self.notes]

    def plots(self, *, colour: bool = False) -> list[str]:
        from .evaluation_plot import plots

        return plots(self.curves, self.own, colour=colour)

    def as_json(self) -> dict[str, Any]:
        return _finite({"sets": [asdict(c) for c in self.curves], "own": self.own, "notes": self.notes})


def measured(args: Any, context: Context, note: Say, progress: Say) -> Report:
    """What the command was asked for. Raises `PenchantError` where there is nothing to measure."""
    if not args.data:
        return evaluate_store(context.store, progress=progress)
    folder = Path(args.data)
    folders_in(folder)
    cache = Path(args.cache).expanduser() if args.cache else context.paths.cache / "vectors"
    sentence = SentenceVectors(args.sentence, models=context.paths.models, cache=cache, progress=progress)
    if sentence.why and args.sentence != "none":
        note(sentence.why)
    return evaluate_folder(folder, sentence=sentence, progress=progress)


def rivals() -> tuple[tuple[Method, ...], tuple[Method, ...], list[str]]:
    """Recipes without a library, those of scikit-learn if it is installed, and a note where it is not."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return baselines.SIMPLE, (), [MISSING]
    return baselines.SIMPLE, baselines.LEARNED, []


def evaluate_folder(
    folder: Path,
    *,
    sentence: Sentence | None = None,
    steps: Sequence[int] = STEPS,
    repeats: int = 0,
    quick: bool = False,
    progress: Say | None = None,
) -> Report:
    """Learning curves of a data set folder, or of every one in a folder of folders: in random orders and,
    where there are times, in time order. Raises `UsageError`.
    """
    simple, learned, notes = rivals()
    report = Report(notes=notes)
    for each in folders_in(folder):
        for order, data in orders(from_folder(each, sentence)):
            report.curves.append(
                curve(
                    data,
                    (ours, *simple, *learned),
                    order=order,
                    steps=steps,
                    repeats=repeats,
                    quick=quick,
                    progress=progress,
                )
            )
    return report


def evaluate_store(store: Store, *, progress: Say | None = None) -> Report:
    """Replay the reader's own events, each predicted before it is learned. Raises `PenchantError` if too few."""
    data, past, chances = from_store(store)
    decisions = sum(label.weight >= 0.5 and label.whole for label in past.labels)
    if decisions < ENOUGH:
        raise PenchantError(
            f"you have judged {decisions} items; a measurement needs {ENOUGH} or more",
            hint="Like and skip some items, or measure on a data set with --data DIR.",
        )
    simple, learned, notes = rivals()
    bare = int(np.sum(~np.any(data.vectors["static"] != 0, axis=1)))
    if bare:
        notes.append(f"{bare} of {len(data.batch)} items have no vectors yet: `penchant sync` makes them.")
    if set(OPINIONS) & set(data.batch.blocks):
        notes.append(JUDGED)
    found = replay(data, past, simple, learned, progress)
    p = np.asarray(found.said[HEAD][1])
    bins = calibration_curve(p, found.y, found.weight)
    samples = resample(found.visit)
    methods = {
        name: {key: {"mean": mean, "half": half} for key, (mean, half) in measures(found, name, samples).items()}
        for name in found.said
    }
    own = {
        "labels": len(past.labels),
        "decisions": decisions,
        "liked": float(np.average(found.y, weights=found.weight)),
        "visits": len(np.unique(found.visit)),
        "methods": methods,
        "calibration_error": calibration_error(bins),
        "calibration_error_debiased": calibration_error_debiased(bins),
        "calibration": [asdict(b) for b in bins],
        "places": {"chance": chances.chance.tolist(), "shown": chances.shown.tolist()},
        "learning": _learning(found.said[HEAD][0], found.y, found.weight),
    }
    return Report(own=own, notes=notes)


def _learning(score: np.ndarray, y: np.ndarray, weight: np.ndarray) -> list[dict[str, float]]:
    """AUC of the labels between one number of labels and the next, each twice the last."""
    from .rank.metrics import auc_interval

    out = []
    start = 0
    while start < len(y):
        end = min(len(y), max(2 * start, 16))
        if len(y) - end < end // 4:
            end = len(y)
        mean, half = auc_interval(score[start:end], y[start:end], weight[start:end])
        out.append({"labels": end, "auc": mean, "half": half})
        start = end
    return out


def _finite(value: Any) -> Any:
    """NaN is not JSON: null stands for what does not apply."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value
