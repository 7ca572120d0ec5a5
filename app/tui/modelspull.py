"""Pulling a model from the screen: asking, the thread, how far it is. It goes on when the screen is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from penchant.app.errors import PenchantError

from . import words
from .dialog import Box
from .outreach import elsewhere

if TYPE_CHECKING:
    from penchant.app.models.installed import Installed
    from penchant.app.models.pull import Plan

    from .app import PenchantApp


class Pull:
    """One at a time. The numbers are written by its thread and read by the screen."""

    def __init__(self, agreed: Plan) -> None:
        self.agreed = agreed
        self.name = agreed.offer.name
        self.done, self.total = agreed.there, agreed.offer.size
        self._stop = threading.Event()

    def cancel(self) -> None:
        """Stop at the next byte; what arrived is kept."""
        self._stop.set()

    async def run(self, app: PenchantApp, changed: Callable[[], None]) -> None:
        """Fetch, and tell the worker. Says on the screen how it ended; `changed` is called then."""
        agreed, hub = self.agreed, app.config.models.hub

        async def work() -> Installed:
            from penchant.app.models.pull import pull

            return await pull(agreed, hub, self._note, self._stop.is_set)

        started = time.monotonic()
        try:
            model = await elsewhere(work)
        except PenchantError as error:
            stopped = type(error).__name__ == "Stopped"
            text = f"{self.name} was stopped" if stopped else f"{self.name} was not pulled: {error}"
            said = words.one_line(words.sentences(text, error.hint))
            app.notify(said, title="penchant", severity="information" if stopped else "error", markup=False)
        except Exception as error:
            said = words.one_line(f"{self.name} was not pulled, by a fault of penchant's own: {error!r}")
            app.notify(said, title="penchant", severity="error", markup=False)
        else:
            await app.bridge.clerk.do(lambda store: store.control.request("models", {}))
            took = f" in {time.monotonic() - started:.0f} s"
            app.notify(words.one_line(f"{model.name} is installed{took}"), title="penchant", markup=False)
        finally:
            app.pull = None
            changed()

    def _note(self, done: int, total: int, name: str) -> None:
        self.done, self.total = done, total


async def plan(app: PenchantApp, name: str) -> Plan:
    """What pulling `name` would do. Raises `PenchantError`."""
    folder, hub = app.paths.models, app.config.models.hub

    async def ask() -> Plan:
        from penchant.app.models import pull

        return await pull.plan(name, folder, hub)

    return await elsewhere(ask)


class AskBox(Box[bool]):
    """Some lines, and a question with two answers, of which the first is no."""

    AUTO_FOCUS = "OptionList"

    def __init__(self, head: str, lines: list[str], no: str, yes: str) -> None:
        super().__init__()
        self._head, self._lines, self._answers = head, lines, (no, yes)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(words.one_line(self._head), classes="head", markup=False)
            for line in self._lines:
                yield Static(words.one_line(line), markup=False)
            yield OptionList(*(Content(each) for each in self._answers))

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option_index == 1)


class NameBox(Box[str]):
    """Asks for a name that is not on the list."""

    AUTO_FOCUS = "Input"

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("Pull another model", classes="head", markup=False)
            yield Static(
                "OWNER/REPOSITORY:FILE of the hub (a .gguf file), OWNER/REPOSITORY of open_clip, or an https address.",
                markup=False,
            )
            yield Input(placeholder="such as bartowski/SmolLM2-360M-Instruct-GGUF:SmolLM2-360M-Instruct-Q8_0.gguf")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.dismiss(message.value.strip() or None)
