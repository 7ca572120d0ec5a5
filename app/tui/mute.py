"""`m`: mute the author, source, site or language of an item, or a word; for ever or for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from penchant.app.muting import DURATIONS, key_of
from penchant.app.types import Card, MuteTarget

from . import words
from .closing import is_there
from .dialog import Box

if TYPE_CHECKING:
    from .app import PenchantApp


class Choice(NamedTuple):
    """What to mute, the key that the archive compares, its name for the reader, and for how many seconds."""

    what: MuteTarget
    key: str
    name: str
    seconds: float | None = None

    @property
    def lasting(self) -> str:
        """ "for ever", "for a week"."""
        said = next(words for words, seconds in DURATIONS if seconds == self.seconds)
        return said if self.seconds is None else f"for {said}"


def choices(card: Card) -> list[Choice]:
    """What of this card can be muted without typing and without asking the archive."""
    found: list[Choice] = []
    if card.author_key:
        found.append(Choice("author", card.author_key, card.author or card.author_key))
    if card.subscription_id is not None:
        found.append(Choice("source", str(card.subscription_id), card.source))
    host = words.domain(card.url)
    if host:
        found.append(Choice("domain", host, host))
    return found


def typed(text: str) -> Choice:
    """A word or a phrase, by whether there is a blank in it. ValueError: it cannot be either."""
    what: MuteTarget = "phrase" if len(text.split()) > 1 else "word"
    key = key_of(what, words.one_line(text))
    return Choice(what, key, f"“{key}”")


class MuteScreen(Box[Choice]):
    """Answers with a choice, or None."""

    app: PenchantApp
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [("tab", "lasting(1)", "Longer"), ("shift+tab", "lasting(-1)", "Shorter")]

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.card = card
        self.choices = choices(card)
        self.lasting = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("Mute: it goes from For you; u undoes", classes="head", markup=False)
            yield OptionList(
                *(Option(_line(choice), id=str(number)) for number, choice in enumerate(self.choices)),
                Option(Content("language: looking ..."), id="language", disabled=True),
                Option(Content("a word or phrase ..."), id="typed"),
                Option(Content("what is muted now ..."), id="list"),
            )
            yield Input(placeholder="word or phrase, then enter", classes="hidden")
            yield Static("", id="lasting", markup=False)
            yield Static("", id="wrong", classes="hidden", markup=False)

    def on_mount(self) -> None:
        self._say_lasting()
        self.app.spawn(self._find_language())

    async def _find_language(self) -> None:
        number = self.card.item_id
        found = await self.app.bridge.reader.do(lambda store: store.items.rank_items([number]))
        if not is_there(self):
            return
        options = self.query_one(OptionList)
        code = words.one_line(found[0].lang).replace("_", "-").split("-")[0].lower() if found else ""
        if not code:
            options.replace_option_prompt("language", Content("language: not known"))
            return
        options.replace_option_prompt("language", _line(Choice("language", code, code)))
        options.enable_option("language")
        self.choices.append(Choice("language", code, code))

    # -- how long
    def action_lasting(self, step: int) -> None:
        self.lasting = (self.lasting + step) % len(DURATIONS)
        self._say_lasting()

    def _say_lasting(self) -> None:
        said = "  ".join(
            f"[{name}]" if number == self.lasting else f" {name} " for number, (name, _) in enumerate(DURATIONS)
        )
        self.query_one("#lasting", Static).update(Content(f"{said}   (tab changes)"))

    def _answer(self, choice: Choice) -> None:
        self.dismiss(choice._replace(seconds=DURATIONS[self.lasting][1]))

    # -- what
    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        chosen = message.option_id or ""
        if chosen == "list":
            from .mutelist import MuteListScreen

            self.app.push_screen(MuteListScreen())
        elif chosen == "typed":
            field = self.query_one(Input)
            field.remove_class("hidden")
            field.focus()
        else:
            found = [c for n, c in enumerate(self.choices) if chosen in (str(n), c.what)]
            self._answer(found[0])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        if not message.value.strip():
            return
        try:
            self._answer(typed(message.value))
        except ValueError as error:
            wrong = self.query_one("#wrong", Static)
            wrong.remove_class("hidden")
            wrong.update(Content(words.one_line(str(error))))

    def on_key(self, event: events.Key) -> None:
        options = self.query_one(OptionList)
        if not options.has_focus:
            if event.key == "up" and self.focused is self.query_one(Input):
                options.focus()
            return
        if event.key in ("j", "k"):
            options.action_cursor_down() if event.key == "j" else options.action_cursor_up()
        elif event.key in ("left", "right", "h", "l"):
            self.action_lasting(1 if event.key in ("right", "l") else -1)


def _line(choice: Choice) -> Content:
    return Content(f"{choice.what}: {words.fit(words.one_line(choice.name), 60).rstrip()}")
