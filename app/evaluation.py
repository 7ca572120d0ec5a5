"""`penchant evaluate`: the ranking beside simple recipes, on a folder of ratings or the reader's own events."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import PenchantError, UsageError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from . import embed
from .embed.base import item_text
from .evaluation_table import curve_lines, replay_lines
from .rank import baselines
from .rank.batch import build_batch
from .rank.evaluate import (
    Curve,
    DataSet,
    Figure,
    Fit,
    Reader,
    auc,
    bootstrap,
    calibration_error,
    curve,
    log_loss,
    ours,
    replay,
)
from .rank.features import decode_words, encode_words
from .rank.labels import labels_from_events
from .rank.stats import fit_stats
from .rank.types import RankItem

if TYPE_CHECKING:
    from .commands.context import Context
    from .store import Store

#: Fewer decisions than this say nothing about a ranking.
ENOUGH = 8
MISSING = (
    "scikit-learn is not installed, so TF-IDF + SVM and logistic regression are left out:"
    " pip install 'penchant[test]' adds them."
)
Methods = dict[str, Callable[[DataSet], Fit]]


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

    def as_json(self) -> dict[str, Any]:
        return _finite({"sets": [asdict(c) for c in self.curves], "own": self.own, "notes": self.notes})


def run(args: Any, context: Context, say: Callable[[str], None], dumps: Callable[[Any], str]) -> None:
    """The command. Raises `PenchantError` where there is nothing to measure."""
    report = evaluate_folder(Path(args.data)) if args.data else evaluate_store(context.store)
    if args.json:
        say(dumps(report.as_json()))
        return
    for line in report.lines():
        say(line)


def rivals() -> tuple[Methods, list[str]]:
    """The recipes that can run here, and a note where some cannot."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return dict(baselines.SIMPLE), [MISSING]
    return {**baselines.SIMPLE, **baselines.LEARNED}, []


def evaluate_folder(
    folder: Path, *, repeats: int = 0, progress: Callable[[str], None] | None = None
) -> Report:
    """Learning curves of a data set folder, or of every one in a folder of folders. Raises `UsageError`."""
    folders = [folder] if (folder / "items.jsonl").is_file() else sorted(folder.glob("*/"))
    folders = [each for each in folders if (each / "items.jsonl").is_file()]
    if not folders:
        raise UsageError(
            f"no data set in {folder}",
            hint="A data set is a folder with items.jsonl (id, title, text) and ratings.csv (user, item, rating).",
        )
    simple, notes = rivals()
    report = Report(notes=notes)
    for each in folders:
        report.curves.append(
            curve(
                from_folder(each),
                {"penchant": ours, **simple},
                rivals=[name for name in baselines.LEARNED if name in simple],
                repeats=repeats,
                progress=progress,
            )
        )
    return report


def from_folder(folder: Path) -> DataSet:
    """Read items.jsonl and ratings.csv; liked means above the person's own median. Raises `UsageError`."""
    try:
        with (folder / "items.jsonl").open(encoding="utf-8") as lines:
            raw = [json.loads(line) for line in lines if line.strip()]
        with (folder / "ratings.csv").open(encoding="utf-8", newline="") as file:
            ratings = list(csv.DictReader(file))
        place = {str(entry["id"]): i for i, entry in enumerate(raw)}
        readers = _readers(ratings, place)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"cannot read the data set {folder}: {type(error).__name__}: {error}",
            hint="items.jsonl has one JSON object a line, with an id; ratings.csv has user, item, rating.",
        ) from error
    items = [_item(i, entry) for i, entry in enumerate(raw)]
    texts = [str(entry.get("text") or "") for entry in raw]
    return _data_set(folder.name, items, texts, readers)


def _item(i: int, entry: dict[str, Any]) -> RankItem:
    tags = tuple(str(t) for key in ("genres", "keywords", "tags") for t in entry.get(key) or ())
    return RankItem(
        i,
        b"",
        title=str(entry.get("title") or ""),
        text_len=len(str(entry.get("text") or "")),
        tags=tags,
        domain=(urlsplit(str(entry.get("url") or "")).hostname or "").removeprefix("www."),
        points=entry.get("hn_score"),
        comments=entry.get("hn_comments"),
    )


def _readers(ratings: Sequence[dict[str, str]], place: dict[str, int]) -> list[Reader]:
    of: dict[str, list[tuple[int, float, float]]] = {}
    for row in ratings:
        if row["item"] in place:
            at = float(row.get("timestamp") or 0.0)
            of.setdefault(row["user"], []).append((place[row["item"]], float(row["rating"]), at))
    out = []
    for name, rows in of.items():
        rating, times = np.array([r for _, r, _ in rows]), np.array([t for _, _, t in rows])
        middle = float(np.median(rating))
        liked = rating > middle if np.any(rating > middle) else rating >= middle
        timed = len(np.unique(times)) > 1
        out.append(Reader(name, np.array([i for i, _, _ in rows]), liked.astype(float), times if timed else None))
    return out


def _data_set(
    name: str,
    items: Sequence[RankItem],
    texts: Sequence[str],
    readers: Sequence[Reader],
    more: Mapping[str, np.ndarray] | None = None,
) -> DataSet:
    read = [item_text(i.title, t) for i, t in zip(items, texts, strict=True)]
    vectors = {"static": embed.load().embed_batch(read), **(more or {})}
    blobs = [encode_words(i.title, t, i.tags) for i, t in zip(items, texts, strict=True)]
    stats = fit_stats(items, [decode_words(blob)[0] for blob in blobs], vectors)
    whole = [" ".join([i.title, t, *i.tags]) for i, t in zip(items, texts, strict=True)]
    published = np.array([i.at for i in items])
    return DataSet(name, build_batch(items, blobs, vectors, stats), whole, vectors, readers, published)


def from_store(store: Store, limit: int = 5_000) -> tuple[DataSet, list[Any], list[int]]:
    """(items judged, their labels in time order, the row of each label's item), the newest `limit` labels."""
    labels = labels_from_events(event for _, event in store.events.live())[-limit:]
    items = store.items.rank_items([label.item_id for label in labels])
    row = {item.item_id: i for i, item in enumerate(items)}
    kept = [label for label in labels if label.item_id in row]
    found = store.items.texts(list(row))
    texts = [found.get(item.item_id, ("", "", ()))[1] for item in items]
    return _data_set("your events", items, texts, []), kept, [row[label.item_id] for label in kept]


def evaluate_store(store: Store) -> Report:
    """Replay the reader's own events, each predicted before it is learned. Raises `PenchantError` if too few."""
    data, labels, rows = from_store(store)
    decisions = sum(label.weight >= 0.5 for label in labels)
    if decisions < ENOUGH:
        raise PenchantError(
            f"you have judged {decisions} items; a measurement needs {ENOUGH} or more",
            hint="Like and skip some items, or measure on a data set with --data DIR.",
        )
    simple, notes = rivals()
    found = replay(data, labels, rows, simple)
    ece = calibration_error(found.predicted["penchant"], found.y)
    methods: dict[str, dict[str, Any]] = {}
    for name, score in found.ranked.items():
        chance = found.predicted.get(name)
        methods[name] = {
            "auc": asdict(bootstrap(auc, score, found.y)),
            "log_loss": asdict(Figure(math.nan, math.nan) if chance is None else bootstrap(log_loss, chance, found.y)),
        }
    own = {"labels": len(labels), "decisions": decisions, "liked": float(found.y.mean()), "methods": methods}
    return Report(own={**own, "calibration_error": ece}, notes=notes)


def _finite(value: Any) -> Any:
    """NaN is not JSON: null stands for what does not apply."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value
