"""`m`: mute the author, the source or a word of an item."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from penchant.app.types import Card

from . import words
from .dialog import Box

#: What is muted, the key that the archive compares, and its name for the reader.
Choice = tuple[str, str, str]


def choices(card: Card) -> list[Choice]:
    """What of this card can be muted without typing."""
    found: list[Choice] = []
    if card.author_key:
        found.append(("author", card.author_key, card.author or card.author_key))
    if card.subscription_id is not None:
        found.append(("source", str(card.subscription_id), card.source))
    return found


class MuteScreen(Box[Choice]):
    """Answers with a choice, or None."""

    AUTO_FOCUS = "OptionList"

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.choices = choices(card)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("Mute: it goes from For you; u undoes", classes="head", markup=False)
            yield OptionList(
                *(
                    Option(Content(f"{what}: {words.fit(words.one_line(name), 60).rstrip()}"))
                    for what, _, name in self.choices
                ),
                Option(Content("a word or phrase ...")),
            )
            yield Input(placeholder="word or phrase, then enter", classes="hidden")

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        if message.option_index < len(self.choices):
            self.dismiss(self.choices[message.option_index])
            return
        field = self.query_one(Input)
        field.remove_class("hidden")
        field.focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        word = words.one_line(message.value).strip()
        if word:
            self.dismiss(("word", word, f"“{word}”"))

    def on_key(self, event: events.Key) -> None:
        if self.query_one(OptionList).has_focus and event.key in ("j", "k"):
            options = self.query_one(OptionList)
            options.action_cursor_down() if event.key == "j" else options.action_cursor_up()
