"""Is this mine, and who answers what: attribution of held-out texts of three authors, and replies below their parents.

    python bench/attribution.py [DIR] [--model GGUF] [--cache DIR] [--seeds N] [--cached] [--no-model] [--json]

DIR holds recordings (default: PENCHANT_SHARED/recordings): three people's feeds, and one discussion of 1,079
comments. Whole posts of an author are held out, any of them (over seeds) or the newest; a post's score is the mean of
its passages of 400 characters, and no post is on both sides. The discussion is the hard case: one subject, few and
short texts. A reply's true parent is the comment that it quotes; the quotation is taken out before anybody reads the
reply. The model is SmolLM2-135M in F16 unless another is named; what it says is kept in the cache folder. What does
not hold is marked with ! and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import voice_texts as texts

from penchant.app.paths import Paths
from penchant.app.rank.metrics import auc
from penchant.app.voice import mine_replies as replies
from penchant.app.voice.mine_style import HELD_OUT, rows, scores

#: What must hold: every author's mean AUC, and the share of replies likelier below their own parent.
AUTHORS, REPLIES = 0.80, 0.65
#: Comments that an author of the discussion has written at least, and false parents tried for each reply.
LEAST, FALSE = 8, 3


def main() -> int:
    options = _options()
    if not (options.folder / texts.THREAD).is_file():
        print(f"no recordings at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    found = {"authors": authors(options.folder, options.seeds), "thread": thread(options.folder, options.seeds)}
    found["replies"] = answers(options)
    wrong = [name for name, row in found["authors"].items() if row["auc"] < AUTHORS]
    model = found["replies"].get("model")
    if model is not None and model["share"] < REPLIES:
        wrong.append("replies")
    print(json.dumps(found, indent=1) if options.json else _report(found, wrong))
    return 1 if wrong else 0


def authors(folder: Path, seeds: int) -> dict[str, dict[str, float]]:
    """AUC of each author's posts against the two others' and those of feeds of several people."""
    own = {name: texts.posts(folder / file) for name, file in texts.BLOGS.items()}
    crowd = [post for file in texts.OTHERS for post in texts.posts(folder / file)]
    pool = _Pool([*(post for posts in own.values() for post in posts), *crowd], texts.passages)
    out, start = {}, 0
    for name, posts in own.items():
        mine = list(range(start, start + len(posts)))
        start += len(posts)
        out[name] = _over(pool, mine, [n for n in range(len(pool.pieces)) if n not in set(mine)], seeds)
    return out


def thread(folder: Path, seeds: int) -> dict[str, dict[str, float]]:
    """The same of the busiest authors of one discussion, comment by comment."""
    found = [each for each in sorted(texts.comments(folder), key=lambda c: c.id) if len(each.text) >= 20]
    pool = _Pool([each.text for each in found], lambda text: [text])
    of: dict[str, list[int]] = {}
    for n, comment in enumerate(found):
        of.setdefault(comment.author, []).append(n)
    busy = {name: mine for name, mine in of.items() if len(mine) >= LEAST}
    return {
        n: _over(pool, mine, [k for k in range(len(found)) if k not in set(mine)], seeds) for n, mine in busy.items()
    }


class _Pool:
    """Posts cut into passages: `pieces[post]` are places of rows."""

    def __init__(self, posts: list[str], cut: Callable[[str], list[str]]) -> None:
        pieces = [cut(post) or [post] for post in posts]
        ends = np.cumsum([len(each) for each in pieces])
        self.rows = rows([piece for each in pieces for piece in each])
        self.pieces = [list(range(end - len(each), end)) for each, end in zip(pieces, ends.tolist(), strict=True)]

    def area(self, mine: list[int], learn: list[int], asked: list[int], test: list[int]) -> float:
        """AUC of whole posts, each the mean of its passages."""
        places = [self.pieces[post] for post in (*asked, *test)]
        flat = [row for each in places for row in each]
        said = scores(self.rows, self._flat(mine), self._flat(learn), flat)
        owner = np.repeat(np.arange(len(places)), [len(each) for each in places])
        mean = np.bincount(owner, said) / np.bincount(owner)
        return auc(mean, np.append(np.ones(len(asked)), np.zeros(len(test))))

    def _flat(self, posts: list[int]) -> list[int]:
        return [row for post in posts for row in self.pieces[post]]


def _over(pool: _Pool, mine: list[int], rest: list[int], seeds: int) -> dict[str, float]:
    """Whole posts are held out: any (over seeds), and the newest (others' posts over seeds)."""
    keep = len(mine) - max(2, round(HELD_OUT * len(mine)))
    apart = len(rest) - round(HELD_OUT * len(rest))
    found: dict[str, list[float]] = {"any": [], "newest": []}
    for seed in range(seeds):
        rng = np.random.default_rng([11, seed])
        others, own = rng.permutation(rest).tolist(), rng.permutation(mine).tolist()
        for name, order in (("any", own), ("newest", mine)):
            found[name].append(pool.area(order[:keep], others[:apart], order[keep:], others[apart:]))
    return {"auc": float(np.mean(found["any"])), "worst": min(found["any"]), "newest": float(np.mean(found["newest"])),
            "posts": len(mine), "held out": len(mine) - keep}  # fmt: skip


def answers(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Replies below their own parent against those below others', by shared words and by the model."""
    pairs = texts.answered(texts.comments(options.folder))
    shared = replies.by_words(pairs)
    out = {"words": _of(pairs, lambda parent, said: [shared(parent, said)])}
    if not options.no_model:
        from judge_said import NotThere, Said
        from voice_model import smollm2

        cache = options.cache.expanduser()
        judge = Said(options.model or smollm2(cache), cache, lambda text: print(text, file=sys.stderr), options.cached)
        try:
            out["model"] = _of(
                pairs, lambda parent, said: judge.loglik(replies.told(parent), [replies.said(said)]).tolist()
            )
        except NotThere:
            print("the model was not asked yet: leave out --cached", file=sys.stderr)
    return out


def _of(pairs: list[tuple[str, str]], told) -> dict[str, float]:  # type: ignore[no-untyped-def]
    true = [told(parent, said)[0] for parent, said in pairs]
    own, other = [], []
    for by in range(1, FALSE + 1):
        own += true
        other += [told(pairs[wrong][0], pairs[n][1])[0] for n, wrong in enumerate(replies.shifted(len(pairs), by * 7))]
    found = replies.compare(own, other)
    # the comparisons of one reply are not independent: the interval counts replies
    low, high = replies.compare(own[: len(pairs)], other[: len(pairs)]).interval
    return {"share": found.share, "low": low, "high": high, "replies": len(pairs), "comparisons": found.pairs}


def _report(found: dict[str, dict[str, dict[str, float]]], wrong: list[str]) -> str:
    lines = ["is this mine? (AUC of held-out posts: mean and worst of the splits, and of the newest posts)"]
    for group in ("authors", "thread"):
        for name, row in found[group].items():
            mark = "!" if name in wrong else " "
            lines.append(
                f"{mark} {group:8} {name:18} {row['auc']:.3f} {row['worst']:.3f} {row['newest']:.3f}"
                f"  {row['posts']:3} posts, {row['held out']} of them held out"
            )
        mean = np.mean([row["auc"] for row in found[group].values()])
        lines.append(f"  {group:8} mean {mean:.3f}")
    lines.append("who answers what (the true parent against another one of the same discussion)")
    for name, row in found["replies"].items():
        mark = "!" if name == "model" and "replies" in wrong else " "
        lines.append(
            f"{mark} by {name:6} {row['share']:.1%} of {row['comparisons']} comparisons, {row['replies']} replies;"
            f" 95 % of one false parent each: {row['low']:.0%} to {row['high']:.0%}"
        )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    shared = os.environ.get("PENCHANT_SHARED", "")
    parser = argparse.ArgumentParser(description="Attribution and reply likelihood on real texts.")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(shared, "recordings") if shared else Path("recordings")
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cached", action="store_true", help="ask the model nothing that it was not asked before")
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
