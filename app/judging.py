"""The judge in the worker: a language model's opinions of what matters first, within a budget, resumable.

A lane of the worker. The model runs in a child process (`judge.runner`); what is missing is always asked of the
archive, so a kill costs one batch. A question of the reader ("reason") goes before everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from . import judging_opinion as opinion
from . import power
from .errors import PenchantError, StoreError
from .judging_keep import Keeper, Read
from .judging_look import Looker, Outlook
from .judging_plan import CALM, FEWEST, Item, calm_in
from .judging_reason import STILL_ASKED, SYSTEM, TOKENS, Question, answer, asked_of, finish
from .judging_seen import Seeing
from .models.choice import chosen, name_of
from .store import judging as asked

if TYPE_CHECKING:
    from .config import Config
    from .judge.runner import Ready, Runner
    from .judging_opinion import Deal
    from .judging_plan import History
    from .paths import Paths
    from .store.control import Request
    from .sync import Call

log = logging.getLogger(__name__)

#: Seconds: before the first look, between looks when nothing waits.
BEGIN, LOOK = 3.0, 10.0
#: Texts at a time at most, and the CPU seconds that they should take.
BATCH, SECONDS = 16, 4.0
#: Seconds after a failure of the model or of the archive until the next attempt.
AGAIN, STORE_PAUSE = 300.0, 30.0
#: An idle model is given back after so many seconds.
IDLE = 60.0
#: The ranking hears of new opinions at most so often (seconds): it orders anew each time.
TELL = 60.0
#: Tokens of history that the model has room for, at least, and beyond what the reader asks for.
CONTEXT, ROOM = 1024, 128
#: Parameters of a chat model that "auto" asks for a yes or no.
LARGE = 1e9


class Judging:
    """`run` it as a task until the end; `hear` letters. `changed` is called when the ranking has more to read."""

    def __init__(self, config: Config, paths: Paths, call: Call, changed: Callable[[], None]) -> None:
        self._config, self._paths, self._call, self._changed = config, paths, call, changed
        self._looker, self._keeper = Looker(), Keeper(60.0 * config.judge.minutes_per_hour)
        self._seeing = Seeing(paths, call)
        self._questions: asyncio.Queue[Question] = asyncio.Queue()
        self._known: set[Question] = set()
        self._choosing = asyncio.Lock()
        self._rings = asyncio.Event()
        self._chosen: str | None = None
        self._runner: Runner | None = None
        self._outlook: Outlook | None = None
        self._deal: Deal | None = None
        self._centres: list[float] = []
        self._moment, self._more = (-1, -1, -1), True
        self._size = 4
        self._looked_at = self._told_at = self._worked_at = self._billed = 0.0
        self._fresh = self._answering = 0

    def hear(self, letter: Request) -> None:
        """Take a letter: a question of the reader, or that another model may be chosen."""
        if letter.kind == "reason":
            item_id, name = letter.payload.get("item_id"), letter.payload.get("answer")
            if isinstance(item_id, int) and isinstance(name, str):
                self._ask(Question(name, item_id))
        elif letter.kind == "models":
            self._chosen = None
            self._rings.set()

    def _ask(self, question: Question) -> None:
        if question not in self._known:
            self._known.add(question)
            self._questions.put_nowait(question)

    async def run(self) -> None:
        """Work until cancelled; failures are told in the status and tried again later."""
        answers = asyncio.create_task(self._answers())
        try:
            await self._rest(BEGIN)
            while True:
                await self._rest(await self._careful())
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            if self._runner is not None:
                await self._runner.close(final=True)

    async def _rest(self, seconds: float) -> None:
        """Wait, but not once the bell rings."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for of Python 3.11 can lose a cancellation
                await self._rings.wait()
        self._rings.clear()

    async def _answers(self) -> None:
        """Questions go before the next texts of a batch, since calls of the model queue up."""
        since = time.time() - STILL_ASKED
        with contextlib.suppress(StoreError):
            for name, item_id in await self._call(lambda store: store.answers.waiting("reason", since)):
                self._ask(Question(name, item_id))
        while True:
            question = await self._questions.get()
            self._answering += 1
            try:
                await self._answer(question)
            except StoreError as error:
                log.error("the archive refuses: %s", error)
            except Exception:
                log.exception("no reason given")
            finally:
                self._answering -= 1
                self._known.discard(question)

    async def _careful(self) -> float:
        """A step; returns the seconds to wait, whatever went wrong."""
        runner = self._runner
        try:
            return await self._step()
        except StoreError as error:
            log.error("the archive refuses: %s", error)
            return STORE_PAUSE
        except PenchantError as error:
            if runner is not None and self._runner is not runner:
                return 0.0  # another model was chosen meanwhile
            log.error("no judge: %s", error)
            return await self._failed(str(error), error.hint)
        except Exception:
            log.exception("no judge")
            return await self._failed("a fault of penchant's own", "The log has the details.")

    async def _failed(self, note: str, hint: str) -> float:
        self._outlook = None
        if self._runner is not None:
            await self._runner.close()
        with contextlib.suppress(StoreError):
            await self._call(partial(self._keeper.tell, note=note, hint=hint))
        return AGAIN

    async def _step(self) -> float:
        """An answer, a batch or a look. Raises `PenchantError`."""
        await self._choose()
        if (runner := self._runner) is None:
            return AGAIN
        wait, doing = await self._hindered()
        if wait <= 0.0:
            outlook = await self._look()
            dealt = await self._dealt(outlook.history)
            if dealt is not None and outlook.due:
                return await self._judge(runner, dealt, outlook)
            if await self._describe(runner, busy=False):
                return 0.0
            wait, doing = LOOK, "" if dealt is not None else _too_few(outlook)
            await self._tell_ranking(TELL)
        await self._idle(runner)
        if doing is not None:
            await self._call(partial(self._keeper.tell, doing=doing, note=self._seeing.note, hint=self._seeing.hint))
        return wait

    async def _choose(self) -> None:
        """Find out which model is wanted, once. Another than before is another child."""
        async with self._choosing:
            if self._chosen is not None:
                return
            wanted = chosen("judge", self._config.models, self._paths) or ""
            before, self._runner = self._runner, None
            if before is not None:
                await before.close(final=True)  # whoever is using it hears so
                await self._spent(before)
            self._outlook, self._deal = None, None
            if wanted:
                name = Path(name_of("judge", self._config.models, self._paths.models)).name.removesuffix(".gguf")
                copy = await self._call(partial(self._keeper.begin, wanted, name))
                await self._call(self._keeper.tell)
                self._runner, self._billed = child_of(wanted, self._config, self._paths, copy), 0.0
            else:
                await self._call(self._keeper.switch_off)
            self._chosen = wanted

    async def _hindered(self) -> tuple[float, str | None]:
        """Seconds to wait and why; words None: too short to tell of."""
        now, keeper = time.time(), self._keeper
        wait = keeper.budget.wait(now, keeper.allowed)
        if keeper.allowed <= 0.0:
            return AGAIN, "it judges nothing by itself: minutes_per_hour is 0"
        if wait > 0.0:
            then = time.strftime("%H:%M", time.localtime(now + wait))
            used = f"its {keeper.allowed / 60:g} CPU minutes an hour are used"
            return min(wait, 6 * LOOK), f"{used}; it goes on at {then}"
        if await asyncio.to_thread(power.on_battery):
            return power.HOLDS, "it waits while this machine runs on its battery"
        last = await self._call(lambda store: asked.last_event_at(store.db))
        return min(CALM, calm_in(last, now)), None

    async def _look(self) -> Outlook:
        """What waits, looked up now and then and when nothing does."""
        outlook = self._outlook
        if outlook is None or not outlook.due or time.monotonic() - self._looked_at >= LOOK:
            moment = await self._call(self._looker.moment)
            if outlook is not None and moment == self._moment and not self._more:
                return outlook
            aside, now = frozenset(self._keeper.aside), time.time()
            outlook = await self._call(lambda store: self._looker.look(store, self._keeper.model, now, aside))
            self._outlook, self._looked_at, self._moment, self._more = outlook, time.monotonic(), moment, False
            if await self._call(partial(self._keeper.seen, outlook)):
                self._fresh += 1
        return outlook

    async def _dealt(self, history: History | None) -> Deal | None:
        """The history as the model reads it; None where it is too small."""
        if history is None:
            return None
        if self._deal is None or self._deal.version != history.version:
            tokens = self._config.judge.history_tokens
            self._deal = await self._call(partial(opinion.deal, history, tokens))
            self._centres = []
        return self._deal if self._deal.usable else None

    async def _judge(self, runner: Runner, dealt: Deal, outlook: Outlook) -> float:
        """One batch; returns the seconds of rest that it earned."""
        if not self._centres:
            await self._call(partial(self._keeper.tell, doing="it reads your history"))
        if not await self._opened(runner):
            return 0.0
        started = time.monotonic()
        try:
            said = {} if self._centres else await self._find_centres(runner, dealt)
            batch, before = outlook.due[: self._size], runner.cpu
            # the history's own items have their opinions already
            batch = [item for item in outlook.due if item.item_id in said] or batch
            read = await self._read(runner, dealt, batch, said)
            took = max(runner.cpu - before, 1e-3)
        finally:
            await self._bill(runner)
        if runner is not self._runner:
            return 0.0  # what it said would be taken for the words of the model that was chosen meanwhile
        self._size = self._size if said else max(1, min(BATCH, 2 * self._size, int(len(batch) * SECONDS / took)))
        outlook.due[:] = [item for item in outlook.due if item not in batch]
        self._fresh, self._more = self._fresh + len(batch), True
        await self._call(partial(self._keeper.keep, dealt.version, batch, read))
        await self._call(partial(self._keeper.tell, note=self._seeing.note, hint=self._seeing.hint))
        await self._tell_ranking(TELL)
        await self._describe(runner, busy=True)
        return (self._worked_at - started) * (1.0 / self._config.models.cpu_share - 1.0)

    async def _describe(self, runner: Runner, *, busy: bool) -> bool:
        """A few pictures, where the model sees."""
        try:
            return bool(await self._seeing.describe(SECONDS, busy=busy))
        finally:
            if runner.cpu > self._billed:
                await self._bill(runner)

    async def _bill(self, runner: Runner) -> None:
        """Write down what the model has computed since the last time; `_choose` does so for one that it puts away."""
        if runner is self._runner:
            await self._spent(runner)

    async def _spent(self, runner: Runner) -> None:
        self._worked_at, spent, self._billed = time.monotonic(), runner.cpu - self._billed, runner.cpu
        await self._call(partial(self._keeper.spend, spent))

    async def _opened(self, runner: Runner) -> bool:
        """Load the model; False where it is another than was thought, and everything must be looked up again."""
        ready = await runner.ready()
        await self._seeing.begin(runner)
        self._looker.kinds = ("likelihood", "yes") if self._asks(ready) else ("likelihood",)
        if ready.name == self._keeper.model:
            return True
        await self._call(partial(self._keeper.named, ready.name))
        self._outlook, self._centres = None, []
        return False

    def _asks(self, ready: Ready) -> bool:
        wish = self._config.judge.ask
        return wish == "on" or (wish == "auto" and ready.chat and (self._seeing.open or ready.parameters >= LARGE))

    async def _find_centres(self, runner: Runner, dealt: Deal) -> dict[int, float]:
        """Learn what each fold says of any text; returns the opinions of items that came with it."""
        known = await self._call(partial(self._keeper.centres, dealt.version))
        said: dict[int, float] = {}
        if known is None or len(known) != len(dealt.folds):
            known, said = await opinion.centres(runner, dealt)
            await self._call(partial(self._keeper.keep_centres, dealt.version, known))
        self._centres = known
        return said

    async def _read(self, runner: Runner, dealt: Deal, batch: list[Item], said: Mapping[int, float]) -> Read:
        """Opinions (but for those `said` already), answers and hidden states of a batch."""
        ids = [item.item_id for item in batch]
        known = await self._call(lambda store: opinion.lines_of(store, ids))
        lines = [known.get(item_id, "") for item_id in ids]
        before = runner.cpu
        asked_for = [n for n, item_id in enumerate(ids) if item_id not in said]
        found = await opinion.opinions(runner, dealt, self._centres, [lines[n] for n in asked_for])
        seconds = runner.cpu - before if asked_for else 0.0
        fresh = dict(zip(asked_for, found, strict=True))
        ratios = [said.get(item_id, fresh.get(n)) for n, item_id in enumerate(ids)]
        answers: list[float | None] | None = None
        if "yes" in self._looker.kinds:
            seen = self._seeing
            answers = await (seen.answers(dealt, ids, lines) if seen.open else opinion.answers(runner, dealt, lines))
        states = await runner.hidden(lines)
        return Read(ratios, answers, states, seconds)

    async def _answer(self, question: Question) -> None:
        """Stream a reason to whoever asked; a failure is told there too."""
        name, item_id = question.answer, question.item_id
        if not await self._call(lambda store: store.answers.begin(name, time.time())):
            return  # taken back meanwhile
        try:
            await self._choose()
            if (runner := self._runner) is None:
                raise PenchantError("no language model is at work", hint="`penchant judge` says what would help.")
            text = await self._call(lambda store: asked_of(store, item_id, self._looker.decisions(store)))
            await answer(self._call, question, runner.reason(SYSTEM, text, TOKENS))
            await self._bill(runner)
        except PenchantError as error:
            log.warning("no reason given: %s", error)
            await self._call(partial(finish, name, "", str(error), error.hint))
        except Exception:
            await self._call(partial(finish, name, "", "a fault of penchant's own", "The log has the details."))
            raise

    async def _tell_ranking(self, often: float) -> None:
        """Let the ranking read what is new, when nothing more waits or often enough."""
        more = self._outlook is not None and bool(self._outlook.due)
        if self._fresh and (not more or time.monotonic() - self._told_at >= often):
            self._fresh, self._told_at = 0, time.monotonic()
            self._changed()

    async def _idle(self, runner: Runner) -> None:
        """Give an unused model back."""
        if self._worked_at and not self._answering and time.monotonic() - self._worked_at > IDLE:
            self._worked_at = 0.0
            await runner.close()


def child_of(model: str, config: Config, paths: Paths, copy: int) -> Runner:
    """The runner of a model; its child starts on first use. `copy`: bytes that a faster copy of it may take."""
    from .judge.runner_eyes import SeeingRunner

    eyes = chosen("eyes", config.models, paths)
    return SeeingRunner(
        model,
        eyes=Path(eyes) if eyes else None,
        sights=paths.cache / "sights",
        threads=config.models.threads,
        context_tokens=max(CONTEXT, config.judge.history_tokens + ROOM),
        states=paths.cache / "judge",
        copies=paths.models,
        copy_bytes=copy,
    )


def _too_few(outlook: Outlook) -> str:
    if outlook.likes >= FEWEST:
        return "it waits for more texts that differ"
    return f"it waits until you have liked {FEWEST} items ({outlook.likes} so far)"
