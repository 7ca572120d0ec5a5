"""The gate replayed in time order: of the items liked later, how many keep their bodies when half are dropped?

    python bench/gate.py [DIR] [--readers N] [--sentence MODEL] [--cache DIR] [--json]

DIR holds the data sets (default: ../shared/datasets, or PENCHANT_SHARED/datasets). Each reader's ratings
up to a moment (65 %) are learned, with what was never rated by then as never looked at. Then half of everything
not acted on is dropped, and what was liked afterwards is looked up. Two populations:

  archive   the later ratings and everything else of the set that this reader never rated: as in a real
            archive, most of it is never looked at. Sets of one reader have nothing else; "mixed" takes the other
            sets as their background, everything cut to titles. That is easier in one way (other subjects) and
            harder in another (a title is all that is known).
  rated     the later ratings alone. People like 40-50 % of what they rated, so dropping half must hit nearly
            every dislike: a ranking without any fault would keep the "ceiling", ours cannot.

Beside it: the oldest half (by the first rating of anybody; - where there are no times), a random half, and the half
with the fewest other ratings before the moment (points on HN; - where neither is known). "own limit" is what the
gate would drop by itself and what it keeps then: that is how it runs. Red below 95 % kept; exit code 1 where an
archive row is red. Orders are random where a set has no times (jester5k, rss). Sentence vectors take part
where their model is installed (--sentence none: leave them out).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from penchant.app.evaluation_data import from_folder
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.paths import Paths
from penchant.app.rank import gate
from penchant.app.rank.batch import Batch
from penchant.app.rank.evaluate import DataSet, Reader

ROOT = Path(__file__).resolve().parent.parent
#: Part of the ratings that is learned, unseen items taken as labels, part that must be kept.
LEARNED, UNSEEN, MUST = 0.65, 600, 0.95
#: Random orders of a single reader without times.
ORDERS = 5
RED, PLAIN = "\x1b[31m", "\x1b[0m"


@dataclass(frozen=True)
class Row:
    """Means over readers; parts of the later likes that keep their bodies at half dropped."""

    name: str
    population: str
    readers: int
    items: int
    liked: float
    ceiling: float
    gate: float
    oldest: float
    random: float
    fewest: float
    own_dropped: float
    own_kept: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--readers", type=int, default=20, help="of each set at most (all: 0)")
    parser.add_argument("--sentence", default="auto", help="auto, minilm, none or a GGUF file")
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cache = options.cache.expanduser()
    sentence = SentenceVectors(options.sentence, models=cache / "models", cache=cache / "vectors", progress=None)
    folders = sorted(each.parent for each in options.folder.glob("*/items.jsonl"))
    if not folders:
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    sets = [from_folder(each, sentence) for each in folders]
    rows = []
    for place, data in enumerate(sets):
        readers = data.readers[: options.readers or None]
        rows.append(measure(data, readers, np.zeros(0, np.intp), "rated"))
        if len(data.readers) == 1:
            mixed, background = with_titles_of_others(folders, place, sentence)
            rows.append(measure(mixed, mixed.readers, background, "archive, mixed"))
        elif len(data.batch) > 2 * max(len(reader.rows) for reader in readers):
            rows.append(measure(data, readers, np.arange(len(data.batch)), "archive"))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print(f"sentence vectors: {sentence.space or 'none'}")
        report(rows)
    return int(any(row.gate < MUST for row in rows if row.population.startswith("archive")))


def with_titles_of_others(
    folders: Sequence[Path], place: int, sentence: SentenceVectors
) -> tuple[DataSet, np.ndarray]:
    """The set and the other sets' items as one, all cut to a title (or the beginning of the text), nothing else
    known of them; and the rows of the others. Else length, form and the presence of points would tell them apart.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        target = Path(made) / folders[place].name
        target.mkdir()
        own = 0
        with (target / "items.jsonl").open("w", encoding="utf-8") as out:
            for folder in [folders[place], *(f for i, f in enumerate(folders) if i != place)]:
                for line in (folder / "items.jsonl").read_text(encoding="utf-8").splitlines():
                    entry = json.loads(line)
                    title = str(entry.get("title") or entry.get("text") or "")[:90]
                    name = str(entry["id"]) if folder == folders[place] else f"{folder.name}/{entry['id']}"
                    out.write(json.dumps({"id": name, "title": title, "text": ""}) + "\n")
                    own += folder == folders[place]
        (target / "ratings.csv").write_bytes((folders[place] / "ratings.csv").read_bytes())
        data = from_folder(target, sentence)
    return data, np.arange(own, len(data.batch))


def measure(data: DataSet, readers: Sequence[Reader], background: np.ndarray, population: str) -> Row:
    """One row of the table."""
    alone = len(readers) == 1 and readers[0].at is None
    found = np.array(
        [one_reader(data, reader, background, seed) for reader in readers for seed in range(ORDERS if alone else 1)]
    )
    mean = np.array([column.mean() for column in found.T])
    return Row(data.name, population, len(readers), int(mean[0]), *(float(v) for v in mean[1:]))


def one_reader(data: DataSet, reader: Reader, background: np.ndarray, seed: int) -> list[float]:
    """The figures of `Row` from `items` on; `seed` is of the order where there are no times."""
    rng = np.random.default_rng(seed)
    noise = rng.random(len(reader.rows))
    order = np.argsort(noise) if reader.at is None else np.lexsort((noise, reader.at))
    rows, y = reader.rows[order], reader.y[order] > 0
    cut = int(LEARNED * len(rows))
    moment = np.inf if reader.at is None else float(reader.at[order][cut])
    first, before = others(data, reader, moment)
    later = rows[cut:]
    crowd = np.setdiff1d(background, rows)
    people = np.concatenate([later, crowd])
    liked = np.concatenate([y[cut:], np.zeros(len(crowd), bool)])
    if not len(crowd):  # of the rated alone, nothing is known to be unseen but what is yet to be rated
        crowd = later
    unseen = rng.permutation(np.union1d(crowd, later))[:UNSEEN]
    labels = [gate.label(int(row), "liked" if good else "skipped", n)
              for n, (row, good) in enumerate(zip(rows[:cut], y[:cut], strict=True))]  # fmt: skip
    labels += [gate.label(int(row), "unseen", float(rng.integers(cut))) for row in unseen]
    labels.sort(key=lambda each: each.at)
    batch = popular(data.batch, before) if np.isfinite(moment) and len(data.readers) > 1 else data.batch
    taught = batch.take([each.item_id for each in labels])
    model = gate.fit(labels, taught, against=len(people))
    score = model.score(batch.take(people))
    share = gate.safe_share(gate.run(gate.percentiles(labels, taught)))
    limit = gate.limit_at(model.score(batch.take(unseen)), min(share, 0.5))
    own = gate.choose(score, limit, len(people) // 2)
    half = len(people) // 2
    return [
        len(people), liked.mean(), min(1.0, (len(people) - half) / max(liked.sum(), 1)),
        kept(score, liked, half), kept(first[people], liked, half), 1.0 - half / len(people),
        kept(before[people] + 1e-6 * rng.random(len(people)), liked, half),
        len(own) / len(people), 1.0 - liked[own].sum() / max(liked.sum(), 1),
    ]  # fmt: skip


def others(data: DataSet, reader: Reader, moment: float) -> tuple[np.ndarray, np.ndarray]:
    """Of every item: when anybody rated it first, and how many others had rated it by then; NaN where unknown."""
    known = np.full(len(data.batch), np.inf)
    count = np.zeros(len(data.batch))
    for each in data.readers:
        if each.at is not None:
            np.minimum.at(known, each.rows, each.at)
            if each.name != reader.name:
                np.add.at(count, each.rows[each.at < moment], 1.0)
    if len(data.readers) == 1:
        points = data.batch.blocks["popular"][:, 0]  # type: ignore[call-overload,index]
        count = np.asarray(points, float)
    if reader.at is None or not count.any():
        count[:] = np.nan
    known[~np.isfinite(known)] = np.inf if len(data.readers) > 1 and reader.at is not None else np.nan
    return known, count


def popular(batch: Batch, count: np.ndarray) -> Batch:
    """The items with so many points, as a source would tell them at that moment."""
    logs = np.log1p(count)
    value = np.clip((logs - logs.mean()) / max(float(logs.std()), 1e-9), -2.5, 2.5)
    column = np.stack([value, np.zeros_like(value), np.zeros_like(value)], axis=1).astype(np.float32)
    return replace(batch, blocks={**batch.blocks, "popular": column})


def kept(score: np.ndarray, liked: np.ndarray, half: int) -> float:
    """Part of the liked ones that survive when the lowest half goes; NaN where the score of any is unknown."""
    if np.isnan(score).any():
        return float("nan")
    gone = np.argsort(score, kind="stable")[:half]
    return 1.0 - float(liked[gone].sum()) / max(int(liked.sum()), 1)


def report(rows: Sequence[Row]) -> None:
    """The table."""
    heads = ("gate", "ceiling", "oldest", "random", "fewest", "own limit drops", "and keeps")
    print(f"{'data set':24} {'population':15} {'readers':>7} {'items':>6} {'liked':>6} | " + " | ".join(heads))
    for row in rows:
        values = (row.gate, row.ceiling, row.oldest, row.random, row.fewest, row.own_dropped, row.own_kept)
        cells = [("-" if v != v else f"{100 * v:.1f} %").rjust(len(h)) for h, v in zip(heads, values, strict=True)]
        if row.gate < MUST and sys.stdout.isatty():
            cells[0] = RED + cells[0] + PLAIN
        print(f"{row.name:24} {row.population:15} {row.readers:7} {row.items:6} {100 * row.liked:5.1f}% | "
              + " | ".join(cells))  # fmt: skip
    archives = [row for row in rows if row.population.startswith("archive")]
    for row in archives:
        if row.gate < MUST:
            print(f"below {100 * MUST:.0f} %: {row.name}, {row.population}")
    if archives:
        half, own = (100 * np.mean([getattr(row, name) for row in archives]) for name in ("gate", "own_kept"))
        print(f"mean of the archives: {half:.1f} % kept at half dropped, {own:.1f} % at the gate's own limit")


if __name__ == "__main__":
    sys.exit(main())
