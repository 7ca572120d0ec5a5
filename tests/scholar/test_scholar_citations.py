"""Citations between archived items, found as texts come in any order, and found again when they change."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Link, Page
from penchant.app.store import Store
from penchant.app.store.citations import Citations
from penchant.app.store.doctor import rebuild

TITLE = "Attention Is All You Need"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "archive.db", role="cli") as found:
        yield found


def paper(number: str, title: str = "A paper", text: str = "We show it.", **fields: Any) -> Item:
    return Item(
        **{
            "native_id": f"arxiv:{number}", "url": f"https://arxiv.org/abs/{number}", "title": title, "text": text,
            "author": Author("arxiv:ada", "Ada Lovelace"), "published": 1_700_000_000.0, **fields,
        }
    )  # fmt: skip


def post(native: str, text: str, **fields: Any) -> Item:
    return Item(
        **{"native_id": native, "url": f"https://example.org/{native}", "title": native, "text": text, **fields}
    )


def put(store: Store, kind: str, *items: Item) -> list[int]:
    known = [each for each in store.subscriptions.all() if each.kind == kind]
    number = (
        known[0].id if known else store.subscriptions.add(kind, f"https://example.org/{kind}", kind, {"address": "x"})
    )
    return list(store.items.put_page(number, Page(items, {}), time.time()).item_ids)


def read(store: Store) -> Citations:
    found = Citations(store.db)
    while found.catch_up(2):
        pass
    return found


@pytest.mark.parametrize("first", [True, False])
def test_whichever_comes_first(store: Store, first: bool) -> None:
    cited = (paper("1706.03762", TITLE, extra={"doi": "10.1000/att.1"}),)
    citing = (
        post("by id", "As arXiv:1706.03762v5 says"), post("by doi", "see doi:10.1000/ATT.1."),
        post("by title", f"we read “{TITLE.upper()}” again"), post("not at all", "attention is all you have"),
        post("by link", "see [1]", links=(Link("https://arxiv.org/pdf/1706.03762", "PDF"),)),
    )  # fmt: skip
    if first:
        (target,) = put(store, "arxiv", *cited)
        read(store)
        ids = put(store, "rss", *citing)
    else:
        ids = put(store, "rss", *citing)
        read(store)
        (target,) = put(store, "arxiv", *cited)
    found = read(store)
    names = {item.native_id: item_id for item, item_id in zip(citing, ids, strict=True)}
    assert set(found.cited_by(target)) == {names[each] for each in ("by id", "by doi", "by title", "by link")}
    assert found.cites(names["by title"]) == [target] and found.cites(names["not at all"]) == []
    assert found.cites(target) == [] and found.cited_by(names["by id"]) == []


def test_an_edit_and_a_removal(store: Store) -> None:
    (target,) = put(store, "arxiv", paper("1706.03762", TITLE))
    (item,) = put(store, "rss", post("a", "As arXiv:1706.03762 says"))
    found = read(store)
    assert found.cites(item) == [target] and found.catch_up() == 0, "nothing is read twice"
    put(store, "rss", post("a", "It says nothing any more, at some length"))
    assert found.catch_up() == 1 and found.cites(item) == []
    put(store, "rss", post("a", "As arXiv:1706.03762 says"))
    read(store)
    store.db.run("DELETE FROM items WHERE id = ?", (item,))
    assert found.cited_by(target) == []
    assert store.db.value("SELECT count(*) FROM cited_names") == 0


def test_what_is_due_is_looked_for_once_and_what_changes_meanwhile_is_read_as_it_stands(store: Store) -> None:
    (target,) = put(store, "arxiv", paper("1706.03762", TITLE))
    read(store)
    ids = put(store, "rss", *(post(name, "nothing yet") for name in "abcd"))
    found, looks = Citations(store.db), []
    find = found._find
    found._find = lambda: looks.append(1) or find()  # type: ignore[method-assign,func-returns-value]
    assert found.catch_up(1) == 1
    put(store, "rss", *(post(name, "As arXiv:1706.03762 says") for name in "abc"))
    store.db.run("DELETE FROM items WHERE id = ?", (ids[3],))
    assert [found.catch_up(1) for _ in range(3)] == [1, 1, 1] and len(looks) == 1
    while found.catch_up(1):
        pass
    assert set(found.cited_by(target)) == set(ids[:3])
    assert store.db.value("SELECT count(*) FROM cite_texts WHERE item_id NOT IN (SELECT id FROM items)") == 0


def test_nothing_cites_itself_or_its_other_edition(store: Store) -> None:
    own = paper("1706.03762", TITLE, f"{TITLE}: arXiv:1706.03762, doi:10.1000/att.1", extra={"doi": "10.1000/att.1"})
    (a,) = put(store, "arxiv", own)
    (b,) = put(store, "rss", post("j", "The abstract. 10.1000/att.1", url="https://doi.org/10.1000/att.1"))
    found = read(store)
    assert found.cites(a) == found.cited_by(a) == found.cites(b) == []


def test_papers_cite_papers(store: Store) -> None:
    a, b = put(store, "arxiv", paper("2301.00001"), paper("2301.00002", text="We extend arXiv:2301.00001 [1]."))
    found = read(store)
    assert (found.cites(b), found.cited_by(a)) == ([a], [b])


def test_hostile_texts_and_titles(store: Store) -> None:
    titles = (
        '"; DROP TABLE items; -- and " more "words" here',
        "\x00\x1b]0;x\x07 five words after control bytes",
        "NEAR( a AND b OR c NOT d )*",
    )
    ids = put(store, "arxiv", *(paper(f"2301.0000{n}", title) for n, title in enumerate(titles)))
    put(store, "rss", post("all", " / ".join(titles)), post("big", "arXiv:2301.99999 " * 20_000))
    found = read(store)
    assert all(len(found.cited_by(each)) <= 1 for each in ids) and found.cited_by(ids[0])
    assert store.items.article(ids[0]) is not None


def test_works_of_items(store: Store) -> None:
    extra = {
        "authors": ["Ada Lovelace", 5, "Ben"],
        "version": 2,
        "primary": "cs.CL",
        "code": ["https://github.com/a/b"],
        "doi": 7,
    }
    (a,) = put(store, "arxiv", paper("2301.00001", extra=extra))
    (b,) = put(store, "rss", post("p", "text", title="", author=Author("x", "Grace")))
    first, second = Citations(store.db).works([a, b, 999])
    assert (first.authors, first.version, first.arxiv, first.doi) == (("Ada Lovelace", "Ben"), 2, "2301.00001", "")
    assert first.paper == "arXiv:2301.00001 · version 2 · cs.CL" and first.code == ("https://github.com/a/b",)
    assert second.authors == ("Grace",) and second.paper == "" and second.title == "text" and second.day is None


def test_a_rebuilt_archive_has_the_same_citations(store: Store) -> None:
    a, b = put(store, "arxiv", paper("2301.00001"), paper("2301.00002", text="We extend arXiv:2301.00001 [1]."))
    read(store)
    store.db.run("DELETE FROM cited_names")
    rebuild(store.path)
    assert read(store).cites(b) == [a]
