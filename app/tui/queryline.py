"""A query as the line that the reader typed: terms added, taken out and counted, the order turned. Pure."""

from __future__ import annotations

import re

from penchant.app.store.query import Query, parse

#: The order after this one, and what each is called on the status line.
NEXT = {"relevance": "newest", "newest": "likely", "likely": "relevance"}
ORDERS = {"relevance": "best match first", "newest": "newest first", "likely": "likeliest first"}
_TOKEN = re.compile(r'-?(?:[A-Za-z]+:)?(?:"[^"]*(?:"\*?|$)|\S+)')


def toggled(text: str, term: str) -> str:
    """The line without this term where it has it, however it is spelled, else with it at the end."""
    rest = [token for token in tokens(text) if not same(token, term)]
    if len(rest) == len(tokens(text)):
        rest.append(term)
    return " ".join(rest)


def has(text: str, term: str) -> bool:
    """Whether the line has this term."""
    return any(same(token, term) for token in tokens(text))


def narrowing(text: str) -> list[str]:
    """The terms of the line that are filters, in their order."""
    return [token for token in tokens(text) if parse(token).filters]


def order_of(text: str) -> str:
    """Which of ORDERS the line asks for."""
    return parse(text).sort or "relevance"


def turned(text: str) -> str:
    """The line with the next order."""
    wanted = NEXT[order_of(text)]
    rest = [token for token in tokens(text) if not (parse(token).sort and not parse(token))]
    return " ".join([*rest, *([f"sort:{wanted}"] if wanted != "relevance" else [])])


def tokens(text: str) -> list[str]:
    """The words and terms of a line."""
    return _TOKEN.findall(text)


def same(token: str, term: str) -> bool:
    """Whether both are the same filter: `author:Ada` and `by:"ada"`."""
    return token == term or _filter(parse(token)) == _filter(parse(term)) is not None


def _filter(query: Query) -> tuple[str, str, bool] | None:
    if len(query.filters) != 1 or query.clauses:
        return None
    (found,) = query.filters
    return found.name, found.value.casefold(), found.negated
