"""People around you, from statuses as a server sends them: boosts, links to one address, quotations one level deep."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from penchant.adapters.base import Item, Page
from penchant.adapters.mastodon_items import Via, convert
from penchant.app.derive import Deriver
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event

HOME = Via("https://home.example", followed=True)
PAPER = "https://paper.example/moon-rocks"


def status(n: int, who: str, content: str, **more):  # type: ignore[no-untyped-def]
    at = datetime.fromtimestamp(time.time() - 60.0 * n, UTC).isoformat()
    url = f"https://home.example/@{who}/{n}"
    account = {"id": who, "acct": who, "username": who, "url": f"https://home.example/@{who}", "display_name": who}
    return {"id": str(n), "uri": url, "url": url, "created_at": at, "content": content, "account": account, **more}


def link(n: int, who: str, text: str, tail: str = ""):  # type: ignore[no-untyped-def]
    return status(n, who, f'<p>{text} <a href="{PAPER}{tail}">paper.example</a></p>')


@pytest.fixture
def order(tmp_path):  # type: ignore[no-untyped-def]
    """Stores statuses, an article and 30 others; answers with the ranking and the ids by native id."""
    path = tmp_path / "people.db"

    def make(statuses: list[dict], *, article: bool = False, events: tuple[Event, ...] = ()):  # type: ignore[no-untyped-def, type-arg]
        with Store.open(path, role="worker") as store:
            sub = store.subscriptions.add("mastodon", "https://home.example/home", title="Home")
            store.items.put_page(sub, Page(convert(statuses, HOME).items, {}), time.time())
            feed = store.subscriptions.add("rss", "https://paper.example/feed", title="Paper")
            words = ("owl", "tram", "rye", "index", "loom", "chess")
            other = [
                Item(f"o{n}", f"https://paper.example/{n}", title=f"{words[n % 6]} {n}", text=f"{words[n % 6]} " * 9,
                     published=time.time() - n)
                for n in range(30)
            ]  # fmt: skip
            own = [Item("rocks", PAPER, title="Moon rocks", text="", published=time.time() - 9e4)] if article else []
            store.items.put_page(feed, Page(tuple(other + own), {}), time.time())
            deriver = Deriver(store)
            while deriver.step():
                pass
            store.events.append(list(events))
        session = RankSession(path, seed=2)
        session.load()
        ranking = session.order((), time.time())
        names = {row[1]: row[0] for row in session.store.db.rows("SELECT item_id, native_id FROM aliases")}
        session.close()
        return ranking, names

    return make


SAID = ("Look at this", "Fifty years in a drawer!", "My colleagues did it", "wow")


def test_four_who_link_to_one_article_count_together_whether_it_is_here_or_not(order) -> None:
    posts = [link(n, who, text) for n, (who, text) in enumerate(zip(("ada", "bo", "cy", "di"), SAID, strict=True), 1)]
    ranking, names = order(posts)
    mine = {names[post["uri"]] for post in posts}
    (card,) = [i for i in ranking.ids if i in mine]
    assert set(ranking.stories[card]) == mine - {card}
    assert ranking.people[card] == 4 and ranking.notes[card] == "people" and ranking.ids.index(card) < 10


def test_an_article_from_a_feed_is_one_story_with_those_who_link_to_it(order) -> None:
    posts = [link(n, who, text, "?utm_source=m") for n, (who, text) in enumerate(zip("abc", SAID, strict=False), 1)]
    ranking, names = order(posts, article=True)
    mine = {names[post["uri"]] for post in posts} | {next(i for n, i in names.items() if n.endswith("rocks"))}
    (card,) = [i for i in ranking.ids if i in mine]
    assert set(ranking.stories[card]) == mine - {card} and ranking.people[card] == 3


def test_who_quotes_a_post_brings_it_too(order) -> None:
    first = status(50, "zoe", "<p>I weighed the moon rocks again, here is the whole table of numbers</p>")
    quotes = [
        status(n, who, f"<p>{SAID[n]}</p>", quote={"state": "accepted", "quoted_status": first})
        for n, who in enumerate(("ada", "bo"), 1)
    ]
    ranking, names = order([first, *quotes])
    mine = {names[post["uri"]] for post in (first, *quotes)}
    (card,) = [i for i in ranking.ids if i in mine]
    assert ranking.people[card] == 3 and set(ranking.stories[card]) == mine - {card}


def test_one_who_links_to_a_page_of_his_own_in_every_post_is_no_crowd(order) -> None:
    said = (
        "Today the kestrel came back to the tower with three young and a very loud partner",
        "Baked twice the usual amount of rye, and gave most of it to the neighbours downstairs",
        "Learning to splice rope took me a whole winter and I would do all of it again",
    )
    posts = [link(n, "ada", text) for n, text in enumerate(said, 1)]
    ranking, names = order(posts)
    mine = {names[post["uri"]] for post in posts}
    assert mine <= set(ranking.ids) and "people" not in ranking.notes.values()


def test_five_boosts_of_a_post_by_a_stranger_and_none_once_it_was_seen(order) -> None:
    strange = status(80, "stranger", "<p>The harbour clock runs four minutes slow since 1903</p>")
    boosts = [status(n, f"f{n}", "", reblog=strange) for n in range(1, 6)]
    ranking, names = order(boosts)
    boosted = names[strange["uri"]]
    assert ranking.ids.index(boosted) < 8 and ranking.people[boosted] == 5
    seen, _ = order(boosts, events=(Event("impression", boosted, {"dwell": 1.0}),))
    assert boosted not in seen.ids
