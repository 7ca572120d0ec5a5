"""How well questions to the sample feed are answered: what is found, what is not there, citations, seconds.

    python bench/ask.py                       # retrieval and abstention: some seconds
    python bench/ask.py --model 12            # and the first 12 of each list with the installed model: minutes

Questions and right answers are in `ask_questions.py`. "Later" is the list that was written after the thresholds were
set. The likelihood columns ask the model whether passages hold the answer: how much likelier they make the question
(log p of it after them less without them), and its yes against no.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ask_questions import ANSWERABLE, LATER, LATER_WITHOUT, UNANSWERABLE, Asked

from penchant.adapters import load as adapter
from penchant.app import embed
from penchant.app.ask import answering, retrieve
from penchant.app.ask.asked import understand
from penchant.app.ask.retrieve import Found
from penchant.app.judge.runner import Runner
from penchant.app.models.choice import packaged_smollm2
from penchant.app.store import Store


async def fill(store: Store) -> None:
    """The sample feed, which needs no network."""
    source = store.subscriptions.add("sample", "sample", "The sample feed")
    async for page in adapter("sample").fetch(None, {}, {}):  # type: ignore[arg-type]
        store.items.put_page(source, page, time.time())


def rank_of(found: Found, asked: Asked) -> int:
    """The place (from 1) of the item that answers; 0 where it was not found."""
    order = list(dict.fromkeys(each.source for each in sorted(found.passages, key=lambda each: -each.score)))
    for place, n in enumerate(order, 1):
        if asked.item in f"{found.sources[n].title}\n{found.sources[n].text}":
            return place
    return 0


def without_model(name: str, asked: list[Asked], hopeless: list[str], find: Any) -> None:
    started, known = time.perf_counter(), [(each, find(each.question)) for each in asked]
    none = [find(each) for each in hopeless]
    each = 1000 * (time.perf_counter() - started) / (len(asked) + len(hopeless))
    ranks = [rank_of(found, question) for question, found in known]
    refused = sum(not found.evidence.enough for found in none)
    wrongly = sum(not found.evidence.enough for _, found in known)
    print(f"{name}: {len(asked)} with an answer, {len(hopeless)} without; {each:.0f} ms each")
    print(f"  the right item first {sum(r == 1 for r in ranks)}, among five {sum(1 <= r <= 5 for r in ranks)}")
    precision = refused / max(1, refused + wrongly)
    print(f"  'not in your archive': precision {precision:.2f}, recall {refused / len(hopeless):.2f}", end="")
    print(f" ({wrongly} of {len(asked)} wrongly refused)", flush=True)


def auc(good: list[float], bad: list[float]) -> float:
    pairs = [(g > b) + 0.5 * (g == b) for g in good for b in bad]
    return sum(pairs) / max(1, len(pairs))


async def with_model(asked: list[Asked], hopeless: list[str], find: Any, path: str) -> None:
    first, whole, right, cited, unmarked, sentences = [], [], 0, 0, 0, 0
    ratios: tuple[list[float], list[float]] = ([], [])
    yes: tuple[list[float], list[float]] = ([], [])
    vectors = embed.load().embed_batch
    async with Runner(path, threads=2, context_tokens=answering.CONTEXT) as runner:
        ready = await runner.ready()
        for question in [*asked, *hopeless]:
            text = question if isinstance(question, str) else question.question
            found = find(text)
            room, most = answering.room_of(ready, text, None)
            sizes = await answering.counted(runner, found)
            based = answering.basis(found, sizes, room, most, vectors, single=False)
            side = int(isinstance(question, str))
            passages = "\n".join(each.text for _, group in based.numbers for each in group)
            ratio = (await runner.ratio(f"{passages}\nQuestion:", "Some texts.\nQuestion:", [f" {text}"]))[0]
            said = await runner.ask("You are helpful.", f"{passages}\n", [f"Is this answered above? {text}"])
            ratios[side].append(ratio or 0.0)
            yes[side].append(said[0] or 0.0)
            if isinstance(question, str):
                continue
            started, begun, reply = time.perf_counter(), 0.0, None
            async for reply in answering.answer(runner, text, based):
                begun = begun or (time.perf_counter() - started if reply.text else 0.0)
            assert reply is not None
            first.append(begun)
            whole.append(time.perf_counter() - started)
            right += any(word.lower() in reply.text.lower() for word in question.answer)
            for each in reply.cited:
                sentences += 1
                unmarked += not each.numbers
                sources = [based.numbers[n - 1][0] for n in each.numbers]
                cited += any(question.item in f"{source.title}\n{source.text}" for source in sources)
            print(f"  {begun:5.1f} s  {text}\n           {reply.text[:200]}", flush=True)
    count = len(asked)
    print(f"{Path(path).name}, {count} questions with an answer, {len(hopeless)} without")
    middle = (sorted(first)[count // 2], sorted(whole)[count // 2])
    print(f"  seconds to the first word: median {middle[0]:.1f}, to the last {middle[1]:.1f}")
    print(f"  a word of a right answer in {right} of {count}")
    print(f"  {sentences} sentences: {cited} cite the right item, {unmarked} nothing", end="")
    print(f", {sentences - cited - unmarked} another item")
    print(f"  telling the two kinds apart: likelihood AUC {auc(*ratios):.2f}, yes against no {auc(*yes):.2f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=int, default=0, metavar="N", help="questions of each kind for the model")
    parser.add_argument("--gguf", default=str(packaged_smollm2() or ""), help="the model (default: SmolLM2-135M)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "a.db", role="cli") as store:
        await fill(store)
        vectors, now = embed.load().embed_batch, time.time()

        def find(text: str) -> Found:
            return retrieve.search(store, understand(text, now=now), vectors, {}, now)

        find("warm up")
        without_model("first list", list(ANSWERABLE), list(UNANSWERABLE), find)
        without_model("later list", list(LATER), list(LATER_WITHOUT), find)
        if args.model:
            await with_model(list(ANSWERABLE[: args.model]), list(UNANSWERABLE[: args.model]), find, args.gguf)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
