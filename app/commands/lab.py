"""`penchant lab`: experiments on how a reader's taste is carried into a model, and the judge that may abstain."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import UsageError

from .context import Context
from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.lab.experiment import Say
    from penchant.app.lab.values import Plan


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "  penchant lab run --experiment arms         every arm on readers whose taste is known\n"
        "  penchant lab run --experiment topics       topics captured by number of likes\n"
        "  penchant lab run --experiment past         your own past, split by time\n"
        "  penchant lab report --experiment arms      print the report of what there is so far\n"
        "  penchant lab audit                         the judge that may abstain, on your later likes"
    )
    parser.add_argument("do", choices=("run", "report", "list", "audit"), help="see below")
    parser.add_argument("--experiment", default="arms", metavar="NAME", help="arms, topics, past, or a name of yours")
    parser.add_argument("--model", default="", metavar="FILE", help="a GGUF file, a model's name, or http://HOST:PORT")
    parser.add_argument("--texts", action="append", type=Path, default=[], metavar="FILE",
                        help="texts that readers are made of (again for more; default: the archive)")  # fmt: skip
    parser.add_argument("--arms", metavar="A,B", help="only these arms")
    parser.add_argument("--k", type=_numbers, metavar="N,N", help="numbers of hidden topics (default: 3)")
    parser.add_argument("--n", type=_numbers, metavar="N,N", help="numbers of likes (default: 20)")
    for name, words in (
        ("seeds", "readers of each kind"), ("posts", "posts written for each"), ("tokens", "tokens of a post at most"),
        ("test", "texts scored for each"), ("judged", "other labels of the head that judges"),
        ("topics", "topics that the texts are sorted into"),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, metavar="N", help=words)
    parser.add_argument("--verbal", action="store_true", help="ask the model yes or no, too")
    parser.add_argument("--fresh", action="store_true", help="begin anew, without what is there")
    parser.add_argument("--risk", type=float, default=0.2, metavar="P",
                        help="audit: the share of wrong verdicts that is promised (default: 0.2)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="list, report, audit: one JSON object")


def run(args: argparse.Namespace, context: Context) -> None:
    {"run": _run, "report": _report, "list": _list, "audit": _audit}[args.do](args, context)


def _run(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.lab import experiment
    from penchant.app.store_thread import StoreThread

    folder = experiment.folder_of(context.paths.ensure(), args.experiment)
    plan = _plan(args).checked()
    if args.fresh:
        experiment.remove(folder)
    wish = experiment.Wish(args.experiment, plan, folder, args.model, tuple(args.texts))

    async def measured(told: Say) -> Path:
        async with StoreThread(context.paths.archive) as store:
            return await experiment.run(wish, context.config, context.paths, store, told)

    try:
        with _progress() as told:
            path = asyncio.run(measured(told))
    except KeyboardInterrupt:
        note("what was measured is kept: the same command goes on from there")
        raise
    for line in path.read_text(encoding="utf-8").splitlines():
        say(plain(line))
    note(f"the report is in {path}")


def _plan(args: argparse.Namespace) -> Plan:
    from penchant.app.lab.experiment import EXPERIMENTS
    from penchant.app.lab.values import Plan

    given: dict[str, Any] = dict(EXPERIMENTS.get(args.experiment, {}))
    given |= {key: getattr(args, key) for key in ("k", "n", "seeds", "posts", "tokens", "test", "judged", "topics")
              if getattr(args, key) is not None}  # fmt: skip
    if args.arms is not None:
        given["arms"] = tuple(arm.strip() for arm in args.arms.split(",") if arm.strip())
    return replace(Plan(**given), verbal=args.verbal)


def _report(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.lab import experiment, results

    folder = experiment.folder_of(context.paths, args.experiment)
    about, records = results.load(folder)
    if args.json:
        found = [{"arm": r.arm, "k": r.k, "n": r.n, "seed": r.seed, "error": r.error, **_finite(r.values),
                  "cost": _finite(r.cost), "posts": [post.text for post in r.posts]}
                 for r in experiment.latest(records)]  # fmt: skip
        say(dumps({**about, "records": found}))
        return
    for line in experiment.write(folder).read_text(encoding="utf-8").splitlines():
        say(plain(line))


def _list(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.lab import experiment, results

    found = []
    for name in experiment.names(context.paths):
        about, records = results.load(experiment.folder_of(context.paths, name))
        records = experiment.latest(records)
        found.append({"name": name, "model": about["model"], "texts": about["texts"], "records": len(records),
                      "failed": sum(bool(r.error) for r in records)})  # fmt: skip
    if args.json:
        say(dumps({"experiments": found}))
    elif not found:
        say("No experiments yet: `penchant lab run --experiment arms` makes one.")
    else:
        table(["experiment", "model", "texts", "records", "failed"],
              [[str(value) for value in each.values()] for each in found], flexible=1)  # fmt: skip


def _audit(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.lab import auditing, judges, plots

    if not 0.0 < args.risk < 0.5:
        raise UsageError("--risk is a share of wrong verdicts", hint="Something between 0 and 0.5, such as 0.2.")
    found = auditing.decided(context.store)
    rows = auditing.audited(found, args.risk)
    if args.json:
        say(dumps({"decisions": len(found.y), "risk": args.risk, "judges": [
            {"judge": r.name, "texts": r.known, **_finite({"coverage": r.audit.coverage, "error": r.audit.error}),
             "verdicts": r.audit.spoken, "curve": [[p.coverage, p.error, p.high] for p in r.curve]}
            for r in rows]}))  # fmt: skip
        return
    if not rows:
        say(f"{len(found.y)} decisions are too few to audit a judge: it takes 24 with a probability on the card.")
        return
    said = [[r.name, str(r.known), f"{r.audit.coverage:.0%}" if math.isfinite(r.audit.coverage) else "-",
             f"{r.audit.error:.0%}" if r.audit.spoken else "-", f"{r.curve[-1].error:.0%}" if r.curve else "-"]
            for r in rows]  # fmt: skip
    table(["judge", "decisions", "speaks of", "then wrong", "wrong if it always spoke"], said, flexible=0)
    steps = [step / 10 for step in range(1, 11)]
    curves = {r.name: [judges.at(r.curve, step) for step in steps] for r in rows}
    for line in plots.lines("share of wrong verdicts by coverage", curves, steps, "coverage", share=True)[1:-1]:
        say(plain(line))


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 10,20") from None


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}


@contextmanager
def _progress() -> Iterator[Say]:
    """A bar on a terminal, a line for each record elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, of: note(plain(f"{what}: {done} of {of}" if of else what))
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task, last = bar.add_task("texts", total=None), ""

        def told(what: str, done: int, of: int) -> None:
            nonlocal last, task
            stage = "texts" if what == "reading texts" else "records"
            if stage != last:
                bar.remove_task(task)
                task, last = bar.add_task(plain(what), total=of or None), stage
            bar.update(task, description=plain(what, 60), completed=done, total=of or None)

        yield told
