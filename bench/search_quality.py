"""Does search find the item that somebody has in mind? Known-item queries over real titles, MRR@10 of each part.

    PENCHANT_SHARED=... python bench/search_quality.py [--queries 400] [--seed 1]

One archive of the sample feed and, where PENCHANT_SHARED names them, articles, films and titles of
datasets/ (their texts are measured with and stay where they are). For an item drawn at random a query is made by rule,
of one of five classes, and the item is the only right answer:

    paraphrase     the title's content words, one left out, in another order, half of them replaced
    typo           two words of the title, each a letter changed, left out, added or swapped (long ones twice)
    other words    three or more words of the title, all replaced by words that the item does not have
    from the text  four words of the text that are not in the title
    partial        two words of the title, the last one only begun, as while typing

Words are replaced by the list SYNONYMS, else by the nearest word in the input table of all-MiniLM-L6-v2, which the
search itself does not use here (its vectors are wordllama's).
"words" searches without vectors, "plain words" also without putting misspelled words right, "meaning" by `near:`,
"hybrid" by both with equal weights, "learned" by both with the mix learned from the choices on the other half of the
items. Intervals are 95 %, bootstrap over queries; the margin is paired.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

from penchant.adapters import sample  # noqa: E402
from penchant.adapters.base import Item, Page  # noqa: E402
from penchant.app import embed  # noqa: E402
from penchant.app.embed import minilm  # noqa: E402
from penchant.app.embed.base import item_text  # noqa: E402
from penchant.app.store import Store, fusion, spelling  # noqa: E402

CLASSES = ("paraphrase", "typo", "other words", "from the text", "partial")
SETS = ("rss_one_user_sods17", "movielens_small_tmdb", "hn_one_user")
RAN = 10
_STOP = (
    "a about after all an and are as at be been but by can could did do does for from had has have he her his how i if"
    " in into is it its just may more most my new no not of on one or our out over she should so some such than that"
    " the their them then there these they this those to up us was we were what when where which who why will with"
    " would you your"
)
STOP = set(_STOP.split())
_SYNONYMS = (
    "film=movie movie=film car=automobile house=home home=house kill=murder killer=murderer job=work"
    " work=job big=large large=big small=little little=small start=begin begin=start end=finish buy=purchase"
    " company=firm firm=company money=cash war=conflict police=cops children=kids kids=children child=kid woman=lady"
    " man=guy young=youthful old=aged fast=quick quick=fast make=build build=make show=display help=assist"
    " people=persons city=town town=city girl=teenager boy=lad father=dad mother=mom doctor=physician story=tale"
    " tale=story love=romance world=earth night=evening death=dying dead=deceased doctor=physician study=research"
    " research=study data=information code=software software=programs learn=study teach=instruct learning=training"
    " google=alphabet phone=smartphone app=application apps=applications website=site web=internet internet=web"
    " free=gratis price=cost cost=price government=state law=legislation court=tribunal president=leader food=meals"
    " health=medicine scientists=researchers researchers=scientists report=study says=states said=stated"
    " attack=assault attacks=assaults bank=lender fight=battle battle=fight friends=companions"
)
SYNONYMS = dict(pair.split("=") for pair in _SYNONYMS.split())


def records() -> Iterator[tuple[str, str, str]]:
    """(source, title, text) of everything at hand."""
    folder = Path(sample.__file__).parent / "sample_data"
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.open(encoding="utf-8"):
            record = json.loads(line)
            if record.get("title"):
                yield "sample", record["title"], record.get("text", "")
    shared = os.environ.get("PENCHANT_SHARED", "")
    for name in SETS:
        path = Path(shared) / "datasets" / name / "items.jsonl"
        if not shared or not path.exists():
            print(f"without {name}: PENCHANT_SHARED names no folder that has datasets/{name}", file=sys.stderr)
            continue
        for line in path.open(encoding="utf-8"):
            record = json.loads(line)
            yield name, str(record.get("title") or ""), str(record.get("text") or "")


def fill(store: Store) -> dict[int, tuple[str, str]]:
    """Item id -> (title, text) of items whose title no other item has."""
    sub = store.subscriptions.add("rss", "https://bench.example/feed", "Bench")
    items = tuple(
        Item(f"{name}{number}", f"https://bench.example/{number}", title, text, None, 1_600_000_000.0 + number)
        for number, (name, title, text) in enumerate(records())
        if title
    )
    for start in range(0, len(items), 500):
        store.items.put_page(sub, Page(items[start : start + 500], {}), 1_700_000_000.0)
    model = embed.load()
    while rows := store.vectors.missing(model.name, 2_000):
        vectors = model.embed_batch([item_text(title, text) for _, _, title, text in rows])
        store.vectors.put(model.name, [(row[1], vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)])
    store.vectors.set_complete(model.name)
    seen: dict[str, int] = {}
    found = {int(i): (t, x) for i, t, x in store.db.rows("SELECT id, title, text FROM items ORDER BY id")}
    for title, _ in found.values():
        seen[title.lower()] = seen.get(title.lower(), 0) + 1
    return {item: pair for item, pair in found.items() if seen[pair[0].lower()] == 1}


def words_of(text: str, least: int = 3) -> list[str]:
    found = re.findall(r"[a-z]+", text.lower())
    return list(dict.fromkeys(word for word in found if len(word) >= least and word not in STOP))


def slip(word: str, chance: random.Random) -> str:
    """One letter changed, left out, added, or swapped with the next."""
    at, letter = chance.randrange(len(word) - 1), chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        [word[:at] + letter + word[at + 1 :], word[:at] + word[at + 1 :], word[:at] + letter + word[at:],
         word[:at] + word[at + 1] + word[at] + word[at + 2 :]]
    )  # fmt: skip


class Neighbours:
    """The nearest other word in the input table of all-MiniLM-L6-v2 that is no form of the same word."""

    def __init__(self) -> None:
        from safetensors.numpy import load_file

        folder = minilm.source()
        vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
        weights = load_file(folder / "model.safetensors")
        table = next(each for name, each in weights.items() if name.endswith("word_embeddings.weight"))
        self.words = sorted(word for word in vocabulary if re.fullmatch(r"[a-z]{4,}", word) and word not in STOP)
        self.vectors = table[[vocabulary[word] for word in self.words]].astype(np.float32)
        self.vectors -= self.vectors.mean(axis=0)
        self.vectors /= np.linalg.norm(self.vectors, axis=1, keepdims=True)
        self.place = {word: row for row, word in enumerate(self.words)}

    def of(self, word: str, text: str) -> str:
        """A word to say instead, none of `text`; "" where there is none near."""
        if word in SYNONYMS and SYNONYMS[word] not in text:
            return SYNONYMS[word]
        if word not in self.place:
            return ""
        cosines = self.vectors @ self.vectors[self.place[word]]
        for row in np.argsort(-cosines)[:12]:
            if self.words[row][:4] != word[:4] and cosines[row] > 0.4 and self.words[row] not in text:
                return self.words[row]
        return ""


def query(kind: str, title: str, text: str, chance: random.Random, near: Neighbours) -> str | None:
    """A query of this class for an item; None where the item is too short for one."""
    words = words_of(title)
    if kind == "paraphrase":
        if len(words) < 4:
            return None
        words.pop(chance.randrange(len(words)))
        chance.shuffle(words)
        half = len(words) // 2
        return " ".join([near.of(word, "") or word for word in words[:half]] + words[half:])
    if kind == "other words":
        whole = f"{title} {text}".lower()
        said = [other for word in words if (other := near.of(word, whole))]
        return " ".join(said) if len(said) >= 3 else None
    if kind == "typo":
        long = [word for word in words if len(word) >= 5]
        if len(long) < 2:
            return None
        chosen = [slip(word, chance) for word in chance.sample(long, 2)]
        return " ".join(slip(word, chance) if len(word) >= 9 else word for word in chosen)
    if kind == "from the text":
        others = [word for word in words_of(text[:600], 5) if word not in words]
        return " ".join(chance.sample(others, 4)) if len(others) >= 8 else None
    long = [word for word in words if len(word) >= 6]
    return f"{chance.choice(words)} {chance.choice(long)[:4]}" if long and len(words) >= 2 else None


def reciprocal(ids: list[int], wanted: int) -> float:
    return 1.0 / (ids.index(wanted) + 1) if wanted in ids else 0.0


def interval(values: np.ndarray, rng: np.random.Generator) -> str:
    means = values[rng.integers(0, len(values), (2_000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():6.3f} [{low:.3f} {high:.3f}]"


def measure(store: Store, asked: list[tuple[str, str, int]]) -> dict[str, np.ndarray]:
    """Reciprocal ranks of each way to search, one number a query."""
    model, search = embed.load(), store.search
    known: dict[str, np.ndarray] = {}

    def vector(text: str) -> np.ndarray:
        if text not in known:
            known[text] = model.embed_batch([text])[0]
        return known[text]

    def run(text: str, typing: bool, **more: object) -> list[int]:
        return [hit.item_id for hit in search(text, typing=typing, limit=RAN, **more).hits]  # type: ignore[arg-type]

    ways: dict[str, Callable[[str, bool], list[int]]] = {
        "words": lambda text, typing: run(text, typing),
        "meaning": lambda text, typing: run(f'near:"{text}"', False, embed=vector),
        "hybrid": lambda text, typing: run(text, typing, embed=vector),
    }
    last = int(store.db.value("SELECT max(seq) FROM events") or 0)
    search._mix = (last, {})
    found = {
        name: np.array([reciprocal(way(text, kind == "partial"), item) for kind, text, item in asked])
        for name, way in ways.items()
    }
    with mock.patch.object(spelling, "corrected", lambda *_: None):
        plain = [reciprocal(run(text, kind == "partial"), item) for kind, text, item in asked]
    choices = []
    for kind, text, item in asked:
        hits = search(text, typing=kind == "partial", embed=vector, limit=50).hits
        choices.append(next((dict(hit.ranks) for hit in hits if hit.item_id == item), {}))
    learned = np.zeros(len(asked))
    for half in (0, 1):
        mix = fusion.learned(ranks for (_, _, item), ranks in zip(asked, choices, strict=True) if item % 2 == half)
        print(f"  mix learned on half {half}: " + ", ".join(f"{part} {weight:.2f}" for part, weight in mix.items()))
        search._mix = (last, mix)
        for row, (kind, text, item) in enumerate(asked):
            if item % 2 != half:
                learned[row] = reciprocal(run(text, kind == "partial", embed=vector), item)
    return {"plain words": np.array(plain), **found, "learned": learned}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=400, help="of each class (default: 400)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance, rng = random.Random(args.seed), np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "a.db", role="worker") as store:
        items = fill(store)
        near = Neighbours()
        asked = []
        for kind in CLASSES:
            drawn = [
                (kind, text, item)
                for item in chance.sample(sorted(items), len(items))
                if (text := query(kind, *items[item], chance, near))
            ]
            asked += drawn[: args.queries]
        print(f"{len(items):,} items with a title of their own, {len(asked):,} queries")
        for kind in CLASSES:
            print(f"  {kind}: " + "; ".join(text for each, text, _ in asked if each == kind)[:110])
        found = measure(store, asked)
    kinds = np.array([kind for kind, _, _ in asked])
    print(f"\nMRR@10 {'':12}" + "".join(f"{name:>22}" for name in found) + f"{'hybrid - best part':>26}")
    for name, rows in [*((kind, kinds == kind) for kind in CLASSES), ("all", kinds != "")]:
        best = max(("words", "meaning"), key=lambda part: found[part][rows].mean())
        margin = interval(found["hybrid"][rows] - found[best][rows], rng)
        print(f"{name:19}" + "".join(f"{interval(each[rows], rng):>22}" for each in found.values()) + f"{margin:>26}")


if __name__ == "__main__":
    main()
