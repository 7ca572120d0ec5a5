"""Made-up feeds of realistic size: the sample feed's English word frequencies, HTML bodies of some 1.5 KB."""

from __future__ import annotations

import email.utils
import hashlib
import itertools
import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

FORMATS = ("rss", "atom", "json")
TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


@dataclass(frozen=True)
class Made:
    """One feed document. `modified` is Unix seconds."""

    path: str
    format: str
    title: str
    body: bytes
    etag: str
    modified: float

    @property
    def content_type(self) -> str:
        return f"{TYPES[self.format]}; charset=utf-8"


@dataclass(frozen=True)
class Entry:
    ident: str
    link: str
    title: str
    html: str
    author: str
    tags: tuple[str, ...]
    published: float


def make_feeds(
    count: int, items: int, *, formats: tuple[str, ...] = FORMATS, seed: int = 1, now: float | None = None
) -> list[Made]:
    """`count` feeds of `items` entries each; equal arguments give equal bytes."""
    anchor = float(int(time.time())) if now is None else now
    return [
        _feed(n, items, formats[n % len(formats)], random.Random(f"{seed}/{n}"), anchor) for n in range(count)
    ]


class Voice:
    """Draws words: four fifths as often as English has them, the rest from a few subjects of the text's own.

    Without subjects all texts would look nearly the same to a detector of near-duplicates: 58 of 10,000 items
    per item, where real feeds have 0.3.
    """

    def __init__(self, rng: random.Random, subjects: list[str]) -> None:
        self.rng = rng
        self.subjects = subjects

    def words(self, count: int) -> list[str]:
        words, sums = _vocabulary()
        drawn = self.rng.choices(words, cum_weights=sums, k=count)
        return [self.rng.choice(self.subjects) if self.rng.random() < 0.18 else word for word in drawn]

    def narrowed(self, count: int) -> Voice:
        """The same voice on `count` of its subjects, the first of them by far the most frequent."""
        chosen = self.rng.sample(self.subjects, count)
        return Voice(
            self.rng, [word for rank, word in enumerate(chosen, 1) for _ in range(1 + count // rank)]
        )


@cache
def _vocabulary() -> tuple[list[str], list[int]]:
    """Words of the sample feed's English items and how often each and those before it occur."""
    words: Counter[str] = Counter()
    for entry in (files("penchant.adapters") / "sample_data").iterdir():
        if entry.name.endswith(".jsonl"):
            for line in entry.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                if record.get("lang", "en") == "en":
                    words.update(re.findall(r"[a-z\u2019]{2,}", record.get("text", "").lower()))
    return list(words), list(itertools.accumulate(words.values()))


def _feed(number: int, items: int, kind: str, rng: random.Random, now: float) -> Made:
    host = f"site{number}.example"
    voice = Voice(rng, rng.sample(_vocabulary()[0], 300))
    people = [" ".join(voice.words(2)).title() for _ in range(rng.randint(1, 4))]
    entries = [_entry(host, i, people, voice.narrowed(12), now) for i in range(items)]
    title = " ".join(voice.words(3)).title()
    build = {"rss": _rss, "atom": _atom, "json": _json}[kind]
    body = build(title, host, entries).encode()
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    return Made(f"/feed/{number}.{kind}", kind, title, body, etag, entries[0].published if entries else now)


def _entry(host: str, number: int, people: list[str], voice: Voice, now: float) -> Entry:
    rng = voice.rng
    title = " ".join(voice.words(rng.randint(3, 11))).capitalize()
    link = f"https://{host}/{number}/{'-'.join(voice.words(3))}".replace("\u2019", "")
    published = now - number * rng.uniform(2, 6) * 3600
    tags = tuple(voice.words(rng.randint(0, 4)))
    return Entry(f"{host}-{number}", link, title, _html(voice, host), rng.choice(people), tags, published)


def _html(voice: Voice, host: str) -> str:
    """Paragraphs with links, emphasis, a picture, a list or a quotation: about 1.5 KB."""
    rng = voice.rng
    parts: list[str] = []
    size = 0
    while size < 1250:
        sentences = " ".join(_sentence(voice, host) for _ in range(rng.randint(2, 4)))
        shape = rng.random()
        if shape < 0.75:
            part = f"<p>{sentences}</p>"
        elif shape < 0.87:
            rows = "".join(f"<li>{_sentence(voice, host)}</li>" for _ in range(3))
            part = f"<ul>{rows}</ul>"
        else:
            part = f"<blockquote><p>{sentences}</p></blockquote>"
        parts.append(part)
        size += len(part)
    if rng.random() < 0.3:
        alt, name = escape(" ".join(voice.words(5)), quote=True), rng.randrange(10**6)
        parts.insert(1, f'<p><img src="https://{host}/i/{name}.jpg" alt="{alt}" width="800"/></p>')
    return "\n".join(parts)


def _sentence(voice: Voice, host: str) -> str:
    rng = voice.rng
    words = voice.words(rng.randint(6, 18))
    words[0] = words[0].capitalize()
    at = rng.randrange(1, len(words))
    shape = rng.random()
    if shape < 0.2:
        words[at] = f'<a href="https://{host}/{words[at]}?id={rng.randrange(999)}&amp;v=1">{words[at]}</a>'
    elif shape < 0.35:
        words[at] = f"<em>{words[at]}</em>"
    elif shape < 0.4:
        words[at] += " &mdash; &amp;"
    return " ".join(words) + "."


def _rss(title: str, host: str, entries: list[Entry]) -> str:
    rows = "".join(
        f"<item><title>{escape(e.title)}</title><link>{e.link}</link>"
        f'<guid isPermaLink="false">{e.ident}</guid><dc:creator>{escape(e.author)}</dc:creator>'
        f"<pubDate>{email.utils.formatdate(e.published)}</pubDate>"
        + "".join(f"<category>{escape(tag)}</category>" for tag in e.tags)
        + f"<description><![CDATA[{e.html[:200].rpartition('<')[0]}]]></description>"
        f"<content:encoded><![CDATA[{e.html}]]></content:encoded></item>\n"
        for e in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(title)}</title><link>https://{host}/</link><description>{escape(title)}</description>\n"
        f"{rows}</channel></rss>\n"
    )


def _atom(title: str, host: str, entries: list[Entry]) -> str:
    rows = "".join(
        f'<entry><title>{escape(e.title)}</title><link rel="alternate" href="{e.link}"/>'
        f"<id>tag:{e.ident}</id>"
        f"<updated>{_iso(e.published)}</updated><published>{_iso(e.published)}</published>"
        f"<author><name>{escape(e.author)}</name></author>"
        + "".join(f'<category term="{escape(tag)}"/>' for tag in e.tags)
        + f'<content type="html">{escape(e.html)}</content></entry>\n'
        for e in entries
    )
    updated = _iso(entries[0].published) if entries else _iso(0)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(title)}</title><id>tag:{host}</id><updated>{updated}</updated>"
        f'<link rel="alternate" href="https://{host}/"/>\n{rows}</feed>\n'
    )


def _json(title: str, host: str, entries: list[Entry]) -> str:
    rows = [
        {
            "id": e.ident,
            "url": e.link,
            "title": e.title,
            "content_html": e.html,
            "date_published": _iso(e.published),
            "authors": [{"name": e.author}],
            "tags": list(e.tags),
        }
        for e in entries
    ]
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": f"https://{host}/",
    }
    return json.dumps({**head, "items": rows}, ensure_ascii=False)


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
