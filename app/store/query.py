"""The search language, as a value. Pure: text in, `Query` out, and no text makes it fail.

    rust "borrow checker" -beginner async*      words, phrase, without, word beginnings
    linux OR freebsd                            either
    title:penguin text:"long read"              only there
    author:ada source:lobsters tag:space lang:de kind:rss site:example.org
    in:"important papers"                       inside a collection
    is:liked is:saved is:later is:unseen is:seen is:read is:skipped
    has:image has:video has:audio has:media has:link has:poll
    picture:"red square"                        what a picture shows, by a model of pictures
    like:4711                                   items like that one, in words or in their pictures
    near:"memory safety"                        near in meaning, whatever the words; words beside it are required
    sort:newest sort:likely sort:relevance      another order
    before:2025-01 after:7d on:yesterday     2025, 2025-01, 2025-01-31, today, yesterday, 12h, 7d, 2w, 3m, 1y

`-` before any of them means "not". What does not fit (an unknown `name:`, a
date that is none, a quote without its end) is searched as words.
"""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import dataclass, replace

from .when import Period, period

#: What one query may hold; the rest of a longer text (a paste by accident) is not searched.
MAX_LENGTH = 2_000
MAX_CLAUSES = 32
#: Letters from which the word being typed counts as a beginning: everything has a word that begins with "s".
MIN_OPEN = 2

FIELDS = ("title", "text", "alt")
TEXT_FILTERS = ("author", "source", "tag", "lang", "kind", "site", "in")
DATE_FILTERS = ("before", "after", "on")
#: Every spelling of a mark, and the one name that the store knows.
MARKS = {
    "liked": "liked",
    "saved": "saved",
    "later": "later",
    "skipped": "skipped",
    "seen": "seen",
    "unseen": "unseen",
    "new": "unseen",
    "unread": "unread",
    "read": "read",
    "opened": "read",
    "draft": "draft",
}
HAVING = {
    "image": "image",
    "picture": "image",
    "video": "video",
    "audio": "audio",
    "media": "media",
    "link": "link",
    "poll": "poll",
}
ALIASES = {
    "by": "author",
    "from": "source",
    "language": "lang",
    "since": "after",
    "until": "before",
    "date": "on",
}
#: What is looked for by vectors: what pictures show, and items like one.
LOOK, LIKE, NEAR = "picture", "like", "near"
#: Every spelling of an order, and its one name.
ORDERS = {
    "relevance": "relevance",
    "best": "relevance",
    "newest": "newest",
    "new": "newest",
    "date": "newest",
    "likely": "likely",
    "probability": "likely",
}
OPERATORS = (*FIELDS, *TEXT_FILTERS, *DATE_FILTERS, "is", "has", "sort", NEAR, LOOK, LIKE)

_TOKEN = re.compile(
    r"""(?P<minus>-(?=[^\s-]))?
        (?:(?P<name>[A-Za-z]+):(?=[^\s]))?
        (?: "(?P<phrase>[^"]*)" (?P<star>\*)? | (?P<word>\S+) )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word or phrase to find, in every field or only in `field`."""

    text: str
    phrase: bool = False
    prefix: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """Any one of these words is enough; with `negated` none of them may occur."""

    words: tuple[Word, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on the item itself. `value` is for text, marks and media, `period` for dates."""

    name: str
    value: str = ""
    period: Period | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for: all clauses and all filters hold. `notes` say what was read as plain words."""

    clauses: tuple[Clause, ...] = ()
    filters: tuple[Filter, ...] = ()
    notes: tuple[str, ...] = ()
    #: What pictures are to show, in words; the item (its id) that others are to be like, 0 for none.
    look: str = ""
    like: int = 0
    #: What items are to be near in meaning, in words; and one of ORDERS, "" where none was asked for.
    near: str = ""
    sort: str = ""

    @property
    def text(self) -> str:
        """The words asked for as plain text, for an embedder."""
        return " ".join(word.text for clause in self.clauses if not clause.negated for word in clause.words)

    @property
    def positive(self) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clauses if not clause.negated)

    def __bool__(self) -> bool:
        return bool(self.clauses or self.filters or self.look or self.like or self.near)

    @property
    def excluded(self) -> Query:
        """Only what must not occur."""
        return Query(tuple(clause for clause in self.clauses if clause.negated))

    def in_words(self) -> Query:
        """The same with what pictures are to show among the words."""
        return replace(self, clauses=self._with(self.look), look="")

    def near_in_words(self) -> Query:
        """The same with what was to be near in meaning among the words."""
        return replace(self, clauses=self._with(self.near), near="")

    def _with(self, text: str) -> tuple[Clause, ...]:
        words = tuple(Clause((Word(word),)) for word in re.split(r"[\s\":]+", text) if searchable(word))
        return (*self.clauses, *words)[:MAX_CLAUSES]


def parse(text: str, *, typing: bool = False, now: float | None = None) -> Query:
    """Read `text` as a query. Never raises.

    With `typing` the last word is taken as the beginning of one, unless a
    space or a quote closed it. `now` (Unix seconds) is what dates are relative to.
    """
    source = text[:MAX_LENGTH]
    reader = _Reader(time.time() if now is None else now)
    for match in _TOKEN.finditer(source):
        reader.take(match)
    clauses = tuple(reader.clauses[:MAX_CLAUSES])
    notes = list(reader.notes)
    if len(text) > MAX_LENGTH or len(reader.clauses) > MAX_CLAUSES:
        notes.append("the query is very long: only its beginning is searched")
    elif typing and source and not source[-1].isspace() and source[-1] != '"':
        clauses = _open_ended(clauses, source)
    return Query(
        clauses,
        tuple(reader.filters[:MAX_CLAUSES]),
        tuple(dict.fromkeys(notes)),
        " ".join(reader.sought[LOOK]),
        reader.like,
        " ".join(reader.sought[NEAR]),
        reader.sort,
    )


def searchable(text: str) -> bool:
    """Whether full text can find any of it: letters, digits and private use, as unicode61 has them."""
    return any(unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "Co" for char in text)


class _Reader:
    """Collects what the tokens mean."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.clauses: list[Clause] = []
        self.filters: list[Filter] = []
        self.notes: list[str] = []
        self.sought: dict[str, list[str]] = {LOOK: [], NEAR: []}
        self.like = 0
        self.sort = ""
        self._or = False

    def take(self, match: re.Match[str]) -> None:
        name = (match["name"] or "").lower()
        name = ALIASES.get(name, name)
        negated = match["minus"] is not None
        value = match["phrase"] if match["word"] is None else match["word"]
        if name in FIELDS:
            self._words(match, value, name, negated)
        elif name in (LOOK, LIKE, NEAR) and self._vectors(name, value.strip('"'), negated):
            pass
        elif name == "sort" and not negated and value.strip('"').lower() in ORDERS:
            self.sort = ORDERS[value.strip('"').lower()]
        elif name in OPERATORS:
            self._filter(match, name, value.strip('"'), negated)
        elif name:
            self._plain(match[0][1:] if negated else match[0], negated)
        elif match["word"] == "OR":
            self._or = bool(self.clauses) and not self.clauses[-1].negated
        else:
            self._words(match, value, "", negated)

    def _filter(self, match: re.Match[str], name: str, value: str, negated: bool) -> None:
        made = _condition(name, value, self.now)
        if made is None:
            self.notes.append(_complaint(name, value))
            self._plain(f"{name} {value}", negated)
        else:
            self.filters.append(replace(made, negated=negated))

    def _vectors(self, name: str, value: str, negated: bool) -> bool:
        """Take in what is looked for by vectors; False where it cannot be, and is searched as words."""
        if negated or not searchable(value) or (name == LIKE and not _is_id(value)):
            return False
        if name == LIKE:
            self.like = int(value)
        else:
            self.sought[name].append(value)
        return True

    def _words(self, match: re.Match[str], value: str, field: str, negated: bool) -> None:
        if match["word"] is None:
            if searchable(value):
                self._add(Clause((Word(value.strip(), True, match["star"] is not None, field),), negated))
            return
        if value.count('"'):
            self.notes.append("a quote without its end: searched as words")
        prefix = value.endswith("*")
        for word in value.replace('"', " ").split():
            plain = word.rstrip("*")
            if searchable(plain):
                self._add(Clause((Word(plain, False, prefix and word.endswith("*"), field),), negated))

    def _plain(self, text: str, negated: bool) -> None:
        for word in re.split(r"[\s\":]+", text):
            if searchable(word):
                self._add(Clause((Word(word.rstrip("*"), prefix=word.endswith("*")),), negated))

    def _add(self, clause: Clause) -> None:
        if self._or and not clause.negated:
            last = self.clauses.pop()
            clause = Clause((*last.words, *clause.words))
        self._or = False
        self.clauses.append(clause)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:20]) < 1 << 63


def _condition(name: str, value: str, now: float) -> Filter | None:
    """The filter that `name:value` names, or None where it names none."""
    folded = value.strip().lower()
    if name in (LOOK, LIKE, NEAR, "sort"):
        return None
    if name in DATE_FILTERS:
        found = period(folded, now)
        return None if found is None else Filter(name, value, found)
    if name == "is":
        return Filter("is", MARKS[folded]) if folded in MARKS else None
    if name == "has":
        kind = HAVING.get(folded) or HAVING.get(folded.removesuffix("s"))
        return Filter("has", kind) if kind else None
    value = value.strip().lstrip("#@") if name in ("tag", "author") else value.strip()
    return Filter(name, value) if value else None


def _complaint(name: str, value: str) -> str:
    if name in DATE_FILTERS:
        return f"{name}:{value} is no date (2025, 2025-01, 2025-01-31, today, 7d): searched as words"
    if name in (LOOK, LIKE, NEAR):
        wanted = {LOOK: "what is to be seen", LIKE: "the number of an item", NEAR: "words to be near to"}[name]
        return f"{name}: takes {wanted}, and no minus before it: searched as words"
    known = {"is": MARKS, "has": HAVING, "sort": ORDERS}.get(name)
    if known is None:
        return f"{name}: needs a value: searched as words"
    return f"{name}:{value} is not known ({', '.join(dict.fromkeys(known.values()))}): searched as words"


def _open_ended(clauses: tuple[Clause, ...], source: str) -> tuple[Clause, ...]:
    """Make the last word a beginning when it is what the text ends with."""
    if not clauses:
        return clauses
    last = clauses[-1].words[-1]
    if clauses[-1].negated or last.phrase or not source.endswith(last.text):
        return clauses
    if last.text.isascii() and len(last.text) < MIN_OPEN:
        return clauses
    words = (*clauses[-1].words[:-1], replace(last, prefix=True))
    return (*clauses[:-1], replace(clauses[-1], words=words))
