"""What is muted stays out of For you, in every size of question, and comes back by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Page
from penchant.app.store import Store, views
from penchant.app.store.gate import Decision
from penchant.app.types import Event, View

NOW = 1_700_000_000.0
DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="worker") as opened:
        yield opened


def fill(store: Store, *items: Item) -> list[int]:
    source = store.subscriptions.add("rss", "https://example.org/feed", "Example")
    return store.items.put_page(source, Page(items, {}), NOW).item_ids


def item(number: int, **fields) -> Item:
    defaults = {
        "native_id": f"n{number}",
        "url": f"https://example.org/{number}",
        "title": f"Title {number}",
        "published": NOW - 1_000 * number,
    }
    return Item(**(defaults | fields))


def mute(what: str, key: str, until: float | None = None, at: float = NOW) -> Event:
    return Event("mute", value={"what": what, "key": key} | ({} if until is None else {"until": until}), at=at)


def shown(store: Store, now: float = NOW) -> list[int]:
    """For you; the same by page, whole, by count and as candidates."""
    whole = store.items.ids(View.FOR_YOU, limit=10**6, now=now)
    assert store.items.ids(View.FOR_YOU, now=now) == whole == store.items.candidates(100, now)
    assert store.items.count(View.FOR_YOU, now=now) == len(whole)
    return whole


@pytest.mark.parametrize(
    ("what", "key", "gone"),
    [
        ("domain", "example.org", [1, 2]),
        ("domain", "news.example.org", [2]),
        ("domain", "ple.org", []),
        ("domain", "org", [1, 2, 3]),
        ("domain", "münchen.example", [4]),
        ("domain", "xn--mnchen-3ya.example", [4]),
        ("language", "de", [2, 3, 6]),
        ("language", "de-at", [3, 6]),
        ("language", "d", []),
        ("language", "%", []),
        ("phrase", "climate change", [1, 5]),
        ("phrase", "change climate", []),
        ("phrase", "écosystème marin", [6]),
        ("phrase", "écosystème", [6, 7]),
        ("word", "ecosysteme", [6, 7]),
        ("word", "owl", [4]),
        ("word", "c++", [5]),
        ("word", "#space", [3]),
        ("word", '"; DROP TABLE items', []),
        ("word", 'NEAR("', []),
        ("word", "a\0b", []),
        ("word", "🎉", [7]),
        ("word", "東京", [7]),
    ],
)
def test_what_is_muted(store: Store, what: str, key: str, gone: list[int]) -> None:
    fill(
        store,
        item(1, url="https://www.example.org/1", title="Climate, Change and us"),
        item(2, url="https://news.example.org/2", lang="de", text="ecosystems"),
        item(3, url="https://simple.org/3", lang="de-AT", text="to #Space, spaceward"),
        item(4, url="https://münchen.example/4", lang="den", title="OWL and owlet", text="a c+ b"),
        item(5, url="https://a.example/5", text="On climate change. And C++!", lang="en"),
        item(6, url="https://b.example/6", title="Un écosystème  marin", lang="de_AT"),
        item(7, url="https://c.example/7", title="L'Écosystème 🎉", text="今日は東京に行きました"),
    )
    event = mute(what, key)
    store.events.append([event])
    assert [n for n in range(1, 8) if n not in shown(store)] == gone
    store.events.append([Event("undo", undoes=event.id)])
    assert shown(store) == [1, 2, 3, 4, 5, 6, 7]


def test_a_mute_ends_by_itself_and_the_latest_says_when(store: Store) -> None:
    fill(store, item(1, lang="de"), item(2))
    store.events.append([mute("language", "de", until=NOW + DAY)])
    assert shown(store, NOW + DAY - 1) == [2]
    assert shown(store, NOW + DAY) == [1, 2]
    store.events.append([mute("language", "de")])
    assert shown(store, NOW + 10 * DAY) == [2]
    store.events.append([mute("language", "de", until=NOW + 5 * DAY)])
    assert shown(store, NOW + 4 * DAY) == [2]
    assert shown(store, NOW + 6 * DAY) == [1, 2]


def test_the_published_order_loses_them_too(store: Store, monkeypatch) -> None:
    fill(store, *(item(n, author=Author(f"a:{n % 3}", "Ada")) for n in range(1, 10)))
    store.scores.publish([], [9, 3, 5, 1, 2], 1)
    store.events.append([mute("author", "a:0"), Event("impression", 5)])
    assert shown(store) == [1, 2, 4, 7, 8]
    monkeypatch.setattr(views, "_PAGE", 0)
    assert shown(store) == [1, 2, 4, 7, 8]


def test_what_is_muted_and_dropped_is_counted_once(store: Store) -> None:
    fill(store, item(1, text="long " * 50), item(2, text="long " * 50), item(3))
    assert store.gate.drop([Decision(1, 0.1, "dull"), Decision(3, 0.1, "dull")], NOW, "") == 2
    store.events.append([mute("domain", "example.org")])
    assert shown(store) == []
    store.events.append([mute("domain", "example.org", until=NOW)])
    assert shown(store) == [2]


def test_very_many_mutes(store: Store) -> None:
    fill(store, item(1), item(2, url="https://blog.site999.example/2", lang="de"))
    store.events.append(mute("domain", f"site{n}.example") for n in range(1_500))
    store.events.append(mute("word", f"word{n}") for n in range(500))
    assert shown(store) == [1]


WORDS = st.sampled_from(["owl", "Owl", "owls", "tram", "tram-line", "über", "ÜBER", "uber", "rye", "c++", "c"])
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
KEYS = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)


def stands_in(key: str, text: str) -> bool:
    """Plain words ignore what stands between them, others are looked for as they are written."""
    between = r"\W+" if key.isascii() and key.replace(" ", "").isalnum() else r"\s+"
    first = r"(?<![^\W_])" if key[0].isalnum() else ""
    last = r"(?![^\W_])" if key[-1].isalnum() else ""
    folded = text.replace("ü", "u").replace("Ü", "U") if key.isascii() else text
    return bool(re.search(first + between.join(map(re.escape, key.split())) + last, folded, re.I))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=5), st.lists(KEYS, min_size=1, max_size=3))
def test_words_against_reading_every_text(tmp_path_factory, texts, keys) -> None:
    with Store.open(tmp_path_factory.mktemp("words") / "archive.db", role="worker") as store:
        # Nothing joins: the second half of the title differs.
        ids = fill(store, *(item(n, title=f"no{n}", text=text) for n, text in enumerate(texts)))
        store.events.append(mute("phrase", key) for key in keys)
        found = shown(store)
        assert found == [
            id_ for id_, text in zip(ids, texts, strict=True) if not any(stands_in(key, text) for key in keys)
        ]
