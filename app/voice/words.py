"""How a reader is told to a model in words: the same lists for scoring and for writing (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penchant.app.judge import history

from .values import Text

#: What stands before a text where nothing is told: the beginning of a list, so that a text is the next line of one.
PLAIN = history.prefix(history.HEADING, ())
TASTE = "You write for one reader. They like posts such as these:\n"
DISLIKED = "\nThey pass over posts such as these:\n"
#: Characters of one line of a list.
CHARACTERS = history.CHARACTERS
#: Bytes of a usual token, on the careful side.
PER_TOKEN = 3.0


def scored(text: str) -> str:
    """A text as it goes on from `PLAIN` or another list: what `Voice.loglik` is given."""
    return history.candidate(history.line(text, CHARACTERS))


def tokens(text: str) -> int:
    """About how many tokens a text takes, rather too many."""
    return int(len(text.encode()) / PER_TOKEN) + 1


def lines(texts: Sequence[Text], room: int, most: int, count: Callable[[str], int] = tokens) -> list[str]:
    """Different lines of the latest texts that fit into `room` tokens, at most `most`, the latest last."""
    found = dict.fromkeys(history.line(text.text, CHARACTERS) for text in texts)
    return fitting([line for line in found if line], room, most, count)[::-1]


def fitting(some: Sequence[str], room: int, most: int, count: Callable[[str], int] = tokens) -> list[str]:
    """The first of these lines that fit into a list of `room` tokens, at most `most`, in their order."""
    for place, line in enumerate(some[:most]):
        room -= count(f"- {line}\n")
        if room < 0:
            return list(some[:place])
    return list(some[:most])


def listed(some: Sequence[str]) -> str:
    """Lines as a history in which a text is scored as the next line."""
    return history.prefix(history.HEADING, some)


def taste(liked: Sequence[str], skipped: Sequence[str] = ()) -> str:
    """The reader's taste, said in a chat."""
    said = TASTE + "".join(f"- {each}\n" for each in liked)
    return said + (DISLIKED + "".join(f"- {each}\n" for each in skipped) if skipped else "")


def described(description: str) -> str:
    """What a reader says of themselves, said in a chat."""
    return f"You write for one reader. They say what they like to read: {description}\n"


def headed(description: str) -> str:
    """The same before a list, where a text is scored."""
    return f"What this reader likes to read: {description}\n\n{PLAIN}"
