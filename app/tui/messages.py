"""What happened, for whoever cares: posted by the screens, asserted on by the tests."""

from __future__ import annotations

from textual.message import Message

from penchant.app.types import Event


class Durable(Message):
    """An event is on disk; only now may the screen say so."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class Reordered(Message):
    """What has not been on screen stands in a new order."""

    def __init__(self, view: str, moved: int) -> None:
        super().__init__()
        self.view = view
        self.moved = moved


class Loaded(Message):
    """A view shows its items; `count` is how many ids it holds."""

    def __init__(self, view: str, count: int) -> None:
        super().__init__()
        self.view = view
        self.count = count


class Found(Message):
    """The results of the newest search are on screen."""

    def __init__(self, text: str, count: int) -> None:
        super().__init__()
        self.text = text
        self.count = count


class Failed(Message):
    """Something could not be done; `text` and `hint` are words for the reader."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__()
        self.text = text
        self.hint = hint
