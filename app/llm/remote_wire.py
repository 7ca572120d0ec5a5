"""What OpenAI-compatible servers are asked and what they answer (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: Characters of a streamed line, and of an answer, at most; models, of which the first is taken.
LINE, MOST, MODELS = 1 << 20, 4 << 20, 1_000
#: Characters that a token may have, and events (some hold no text) for each, generously; and some for nothing.
WIDE, EVENTS, SOME = 32, 4, 1_000
#: What is no log-probability of a token any more, in nats either way; JSON has numbers that are no float.
SURPRISED = 1e6
DONE = "[DONE]"


def chat(
    model: str, system: str, turns: Sequence[tuple[str, str]], user: str, tokens: int, *, stop: str, temperature: float,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """The body of a streamed request for a chat's next answer."""
    said = [{"role": "system", "content": system}] if system else []
    for asked, answered in turns:
        said += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    body: dict[str, Any] = {
        "messages": [*said, {"role": "user", "content": user}], "stream": True, "max_tokens": tokens,
        "temperature": temperature, "seed": seed,
    }  # fmt: skip
    return {**body, **({"model": model} if model else {}), **({"stop": [stop]} if stop else {})}


def scored(model: str, text: str) -> dict[str, Any]:
    """The body of a request for the log-probabilities of a text's own tokens (`echo`), as vLLM answers it."""
    body: dict[str, Any] = {"prompt": text, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
    return {**body, **({"model": model} if model else {})}


class Lines:
    """Server-sent events out of bytes as they come. Raises `ValueError` for a line without end."""

    def __init__(self) -> None:
        self._left = b""
        self._other = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        """The data of each event that is whole now; several data lines of one event come one by one."""
        *lines, self._left = (self._left + data).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            if text.startswith("data:"):
                yield text[5:].strip()
            elif len(self._other) < LINE:
                self._other += line + b"\n"
        if len(self._left) > LINE:
            raise ValueError("a line without end")

    def rest(self) -> str:
        """After the end: what came and was no event, such as the whole answer of a server that does not stream."""
        return (bytes(self._other) + self._left).decode("utf-8", "replace").strip()


class Heard:
    """Counts what a server says to a request for so many tokens. Raises `ValueError` where it does not keep to it."""

    def __init__(self, tokens: int) -> None:
        self._room = self._characters = min(MOST, WIDE * tokens + SOME)
        self._events = EVENTS * tokens + SOME
        self.events, self.over = 0, False

    def take(self, data: str) -> str:
        """The text of an event; `over` from the last one on, and where more was said than asked for."""
        self.events += 1
        text, last = piece(data)
        self._characters -= len(text)
        self.over = last or self._characters < 0 or self.events > self._events
        if self.over and not last and self._characters == self._room:
            raise ValueError("it says nothing on and on")
        return text

    def end(self, rest: str) -> str:
        """At the end of the connection: the answer where it came whole; "" where it came in events, to their end."""
        if self.over:
            return ""
        if self.events:
            raise ValueError("the answer has no end")
        if not rest.startswith("{"):
            raise ValueError("no answer at all")
        return self.take(rest)


def piece(data: str) -> tuple[str, bool]:
    """(text, whether it was the last) of one event. Raises `ValueError` for what is none, or says an error."""
    if data == DONE:
        return "", True
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("an event that is no JSON") from error
    if not isinstance(said, dict) or said.get("error"):  # some servers say that there is none, every time
        raise ValueError(words(said) or "an event that is no answer")
    first = _first(said)
    delta = first.get("delta") if isinstance(first.get("delta"), dict) else first.get("message")
    text = delta.get("content") if isinstance(delta, dict) else first.get("text")
    return (text if isinstance(text, str) else ""), bool(first.get("finish_reason"))


def mean_after(answer: Any, prefix: int) -> float | None:
    """Mean log p of the tokens of an echoed text from character `prefix` on; None where they are not told.

    A token that begins before `prefix` and ends after it belongs to the prefix.
    """
    first = _first(answer) if isinstance(answer, dict) else {}
    told = first.get("logprobs")
    usage = answer.get("usage") if isinstance(answer, dict) else None
    if not isinstance(told, dict):
        return None
    values, places = told.get("token_logprobs"), told.get("text_offset")
    if not isinstance(values, list) or not isinstance(places, list) or len(values) != len(places):
        return None
    read = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    if not isinstance(read, int) or not 0 < read <= len(values):
        return None
    kept = [
        value for value, place in zip(values[:read], places[:read], strict=True) if _whole(place) and place >= prefix
    ]
    if not kept or not all(isinstance(value, int | float) and -SURPRISED <= value <= SURPRISED for value in kept):
        return None
    return float(sum(kept) / len(kept))


def first_model(answer: Any) -> str:
    """The first model that a server lists; "" where it lists none."""
    listed = answer.get("data") if isinstance(answer, dict) else None
    for each in listed[:MODELS] if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("id"), str):
            return str(each["id"])
    return ""


def words(answer: Any) -> str:
    """What an error says, on one line."""
    error = answer.get("error") if isinstance(answer, dict) else None
    said = error.get("message") if isinstance(error, Mapping) else error
    return " ".join(said.split())[:200] if isinstance(said, str) else ""


def _first(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answer.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
