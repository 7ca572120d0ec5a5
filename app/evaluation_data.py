"""What is measured: a folder of ratings, or the reader's own events."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from . import embed
from .embed.base import item_text
from .errors import UsageError
from .rank.batch import Batch, build_batch, code
from .rank.dials import Dials
from .rank.evaluate import DataSet, Reader
from .rank.evaluate_replay import Past
from .rank.features import decode_words, encode_words
from .rank.labels import LabelBook
from .rank.prior import Prior
from .rank.propensity import Propensity, estimate
from .rank.stats import fit_stats
from .rank.types import Label, RankItem
from .ranking_rows import RowReader
from .ranking_wishes import Wishes
from .types import Event, View

if TYPE_CHECKING:
    from .store import Store

#: Labels of the reader that are replayed at most, the newest.
LABELS = 20_000
#: Items from which the archive's statistics are taken, as the ranking does.
ITEMS = 10_000
#: Gives the vectors float32[n, d] of texts in the sentence space, or None where there is none.
Sentence = Callable[[Sequence[str]], "np.ndarray | None"]
ACTED = {"open", "dwell", "like", "skip", "save", "later"}


def folders_in(folder: Path) -> list[Path]:
    """The data set at `folder`, or every one in it. Raises `UsageError` where there is none."""
    found = [folder] if (folder / "items.jsonl").is_file() else sorted(folder.glob("*/"))
    found = [each for each in found if (each / "items.jsonl").is_file()]
    if not found:
        raise UsageError(
            f"no data set in {folder}",
            hint="A data set is a folder with items.jsonl (id, title, text) and ratings.csv (user, item, rating).",
        )
    return found


def from_folder(folder: Path, sentence: Sentence | None = None) -> DataSet:
    """Read items.jsonl and ratings.csv; liked means above the person's own median. Raises `UsageError`."""
    try:
        with (folder / "items.jsonl").open(encoding="utf-8") as lines:
            raw = [json.loads(line) for line in lines if line.strip()]
        with (folder / "ratings.csv").open(encoding="utf-8", newline="") as file:
            ratings = list(csv.DictReader(file))
        place = {str(entry["id"]): i for i, entry in enumerate(raw)}
        readers = _readers(ratings, place)
        items = [_item(i, entry) for i, entry in enumerate(raw)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"cannot read the data set {folder}: {type(error).__name__}: {error}",
            hint="items.jsonl has one JSON object a line, with an id; ratings.csv has user, item, rating.",
        ) from error
    if not readers:
        raise UsageError(
            f"the data set {folder} has no rating of any of its items",
            hint="The column item of ratings.csv names ids of items.jsonl.",
        )
    texts = [str(entry.get("text") or "") for entry in raw]
    read = [item_text(i.title, t) for i, t in zip(items, texts, strict=True)]
    vectors = {"static": embed.load().embed_batch(read)}
    meaning = sentence(read) if sentence is not None else None
    if meaning is not None:
        vectors["sentence"] = meaning
    blobs = [encode_words(i.title, t, i.tags) for i, t in zip(items, texts, strict=True)]
    stats = fit_stats(items, [decode_words(blob)[0] for blob in blobs], vectors)
    whole = [" ".join([i.title, t, *i.tags]) for i, t in zip(items, texts, strict=True)]
    batch = build_batch(items, blobs, vectors, stats)
    return DataSet(folder.name, batch, whole, vectors, readers, points=_points(items), source=_sources(items))


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


def _points(items: Sequence[RankItem]) -> np.ndarray | None:
    points = np.array([np.nan if i.points is None else float(i.points) for i in items])
    return points if np.isfinite(points).any() else None


def _sources(items: Sequence[RankItem]) -> np.ndarray:
    """A code for each item's source; its site where no source is known."""
    return np.array([code(i.source_key or i.domain) for i in items], np.int64)


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


def from_store(store: Store, limit: int = LABELS) -> tuple[DataSet, Past, Propensity]:
    """The items judged, the newest `limit` labels with what else counted when, and the chances of each place.

    Statistics, vectors and constants are those the ranking of this archive uses now.
    """
    drafts = store.drafts.item_ids()
    events = [(seq, event) for seq, event in store.events.live() if event.item_id not in drafts]
    wishes = Wishes()
    for _, event in events:
        if event.kind == "tune":
            wishes.take(event)
    recipe = wishes.recipe()
    book = LabelBook(recipe.label)
    for _, event in events:
        book.add(event)
    rows = RowReader(store)
    rows.fit(sorted(store.items.ids(View.NEWEST, limit=ITEMS)))
    judged = [label for label in book.labels if not label.other][-limit:]
    wanted = sorted({label.item_id for label in judged})
    block = rows.read(wanted)
    row = {item_id: i for i, item_id in enumerate(block.columns.ids.tolist())}
    labels = [label for label in judged if label.item_id in row]
    chances = _chances(events)
    past = _past(events, labels, row, chances, _turns(events, book, labels, rows, block.batch))
    kept = list(row)
    items = store.items.rank_items(kept)
    found = store.items.texts(kept)
    whole = [" ".join([i.title, found.get(i.item_id, ("", "", ()))[1], *i.tags]) for i in items]
    vectors = {key: store.vectors.get_matrix(space.name, kept)[0] for key, space in rows.stats.spaces.items()}
    published = np.array([i.at for i in items])
    data = DataSet(
        "your events", block.batch, whole, vectors, [], published, recipe, _points(items), _sources(items)
    )
    return data, past, chances


def _turns(
    events: Sequence[tuple[int, Event]],
    book: LabelBook,
    labels: Sequence[Label],
    rows: RowReader,
    held: Batch,
) -> list[tuple[int, Prior, Dials]]:
    """What the reader had said outright by each label, where it changed.

    An import counts from the first label on, whenever it was made: it says what it would have done. Its items that
    have labels of their own are left out, since they would foretell themselves.
    """
    place = {label.event_id: i for i, label in enumerate(labels)}
    wishes = Wishes()
    out: dict[int, tuple[int, Prior, Dials]] = {}
    judged = {label.item_id for label in labels}
    exported = {item_id: acts for item_id, acts in book.exported.items() if item_id not in judged}
    weight = wishes.recipe().label.exported
    changed = bool(exported)
    for _, event in events:
        changed |= bool(wishes.take(event))
        if event.id not in place:
            continue
        if changed:
            at = place[event.id]
            out[at] = (at, wishes.prior(rows, held, exported, weight), wishes.dials())
            changed = False
    return list(out.values())


def _past(
    events: Sequence[tuple[int, Event]],
    labels: Sequence[Label],
    row: Mapping[int, int],
    chances: Propensity,
    turns: Sequence[tuple[int, Prior, Dials]],
) -> Past:
    of = {event.id: event for _, event in events}
    stood = [of[label.event_id] for label in labels]
    position = np.array([-1 if e.position is None or e.view != View.FOR_YOU else e.position for e in stood], np.int64)
    shown = np.array([np.nan if e.shown_score is None else e.shown_score for e in stood])
    visits = {name: i for i, name in enumerate(dict.fromkeys(e.session for e in stood))}
    return Past(
        labels,
        [row[label.item_id] for label in labels],
        np.array([visits[e.session] for e in stood], np.int64),
        position,
        shown,
        chances.weight(position),
        turns,
    )


def _chances(events: Sequence[tuple[int, Event]]) -> Propensity:
    """From every showing in For you: one item in one visit, at the place where it was first met."""
    first: dict[tuple[str, int], tuple[int, float]] = {}
    acted: set[tuple[str, int]] = set()
    for _, event in events:
        if event.item_id is None or event.view != View.FOR_YOU:
            continue
        key = event.session, event.item_id
        if event.position is not None:
            score = float("nan") if event.shown_score is None else event.shown_score
            first.setdefault(key, (event.position, score))
        if event.kind in ACTED:
            acted.add(key)
    position = np.array([place for place, _ in first.values()], np.int64)
    scores = np.array([score for _, score in first.values()])
    return estimate(position, np.array([key in acted for key in first], bool), scores)
