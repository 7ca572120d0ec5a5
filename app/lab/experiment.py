"""An experiment from its beginning to its report: texts, vectors, readers, a model, results. The thin shell."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.app.errors import PenchantError, UsageError
from penchant.app.models.choice import chosen

from . import past, report, results, running, simulated, texts, topics
from .cell import Bench
from .results import Results
from .running import Allow
from .values import Case, Plan, Pool, Record
from .vectors import Vectors

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.sync import Call

REPORT = "report.md"
#: Named experiments and what they vary; another name takes the options as they are given.
EXPERIMENTS: Mapping[str, Mapping[str, Any]] = {
    "arms": {},
    "topics": {"k": (1, 3, 7), "n": (10, 20, 50, 100)},
    "past": {"past": True},
}
#: Told of progress: what is being done, how much of how much.
Say = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True)
class Wish:
    """`name`: of the experiment and its folder; `model` as `llm.choose.open_voice` takes it; `files` of texts."""

    name: str
    plan: Plan
    folder: Path
    model: str = ""
    files: tuple[Path, ...] = ()
    cache: Path | None = None


def folder_of(paths: Paths, name: str) -> Path:
    """Where an experiment is kept. Raises `UsageError` for a name that is no name of a folder."""
    if not name or name.startswith(".") or not all(c.isalnum() or c in "-_." for c in name) or len(name) > 60:
        raise UsageError(f"{name[:60]!r} is no name of an experiment", hint="Letters, numbers, - and _ make one.")
    return paths.data / "lab" / name


def names(paths: Paths) -> list[str]:
    """Every experiment there is."""
    folder = paths.data / "lab"
    return sorted(each.parent.name for each in folder.glob(f"*/{results.FILE}")) if folder.is_dir() else []


async def run(wish: Wish, config: Config, paths: Paths, call: Call, say: Say) -> Path:
    """Do what is left of an experiment and write its report; the file's path. Raises `PenchantError` in words."""
    plan = wish.plan.checked()
    reader, found = await _texts(wish, plan, call)
    own = [past.case(plan, reader)] if plan.past else []
    async with Vectors(chosen("sentence", config.models, paths), wish.cache or paths.cache / "lab") as vectors:
        made = await vectors.of(found, keep=True, say=lambda done, of: say("reading texts", done, of))
        name = await vectors.name()
        await vectors.rest()
        seen = np.linalg.norm(made, axis=1) > 0.5
        if plan.past and not seen.all():
            raise PenchantError(
                "the model of sentences cannot read some of your texts", hint="Simulated readers do without them."
            )
        pool = topics.pool([t for t, ok in zip(found, seen, strict=True) if ok], made[seen], plan.topics)
        cases = own or list(simulated.cases(plan, pool))
        await _measured(wish, config, paths, call, say, pool, cases, vectors, name)
    return write(wish.folder)


async def _texts(wish: Wish, plan: Plan, call: Call) -> tuple[Any, list[str]]:
    """(the reader, whose past it is, and the texts); the reader is None for simulated ones."""
    if not plan.past:
        return None, await call(lambda store: texts.of(store, wish.files))
    from penchant.app.voice import reader as reading

    reader = await call(reading.of)
    return reader, past.texts(reader)


async def _measured(
    wish: Wish, config: Config, paths: Paths, call: Call, say: Say, pool: Pool, cases: Sequence[Case],
    vectors: Vectors, space: str,
) -> None:  # fmt: skip
    from penchant.app.llm.choose import open_voice
    from penchant.app.voice.arm import permit

    say("loading the model", 0, 0)
    async with open_voice(wish.model, config, paths) as voice:
        about = {
            "name": wish.name, "model": str(getattr(voice, "key", voice.name)), "vectors": space,
            "texts": len(pool.texts), "digest": pool.digest, "plan": asdict(wish.plan),
        }  # fmt: skip
        kept = Results(wish.folder, about)
        total = running.left(kept, cases, wish.plan.arms)
        allow: Allow = lambda carrier: permit(carrier, voice, call)  # noqa: E731
        done = 0
        say("measuring", done, total)
        async for record in running.run(Bench(wish.plan, pool, voice, vectors), cases, kept, allow):
            done += 1
            say(f"{record.arm}, k={record.k} n={record.n} reader {record.seed}", done, total)


def write(folder: Path) -> Path:
    """The report of what there is so far."""
    about, records = results.load(folder)
    path = folder / REPORT
    part = path.with_name(f".{REPORT}.{os.getpid()}.part")
    try:
        part.write_text("\n".join(report.lines(about, latest(records))).rstrip() + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise PenchantError(
            f"the report cannot be written to {path}: {error.strerror or error}", hint="The results are kept."
        ) from error
    return path


def latest(records: Sequence[Record]) -> list[Record]:
    """One record of each reader and arm, the last."""
    return list({record.key: record for record in records}.values())


def remove(folder: Path) -> None:
    """Begin anew: results, report and what carriers made go."""
    if (folder / results.FILE).exists():
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["EXPERIMENTS", "REPORT", "Wish", "folder_of", "names", "remove", "run", "write"]
