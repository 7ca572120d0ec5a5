"""Stars and trending lists: READMEs as bodies, few requests, nothing shown that lost its README."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.github_items import to_repo
from penchant.adapters.github_shelf import NO_README, Kept, Shelf

STARS = "/users/bob/starred"


def star(repo: dict[str, Any], day: int = 1) -> dict[str, Any]:
    return {"starred_at": f"2026-03-{day:02d}T00:00:00Z", "repo": repo}


async def test_a_starred_repository_as_an_item(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    hub.lists[STARS] = [star(make.repo(1, homepage="https://engine.example/"))]
    hub.readme(
        "ada/engine-1",
        '<div><h1>Engine<a class="anchor" href="#engine"><svg></svg></a></h1>'
        '<p><img src="https://camo.githubusercontent.com/1" data-canonical-src="https://img.shields.io/x.svg"'
        ' alt="build">'
        '<img src="docs/plan.png" alt="A plan of the engine"></p><p>See <a href="docs/use.md">how</a>'
        ' or <a href="#usage">below</a>.</p><script>alert(1)</script></div>',
    )
    (item,) = items(await pages(client, hub.settings("github:starred/bob")))
    assert (item.native_id, item.url) == ("github:repo:1", "https://github.com/ada/engine-1")
    assert item.title == "ada/engine-1: Engine number 1"
    assert item.text == "Engine number 1\n\nEngine\n\nSee how [1] or below."
    assert [link.url for link in item.links] == [
        "https://github.com/ada/engine-1/blob/HEAD/docs/use.md", "https://engine.example/",
    ]  # fmt: skip
    assert [(m.url, m.alt) for m in item.media] == [
        ("https://github.com/ada/engine-1/raw/HEAD/docs/plan.png", "A plan of the engine")
    ]
    assert item.points == 100 and item.tags == ("steam", "looms", "Rust")
    assert item.extra["forks"] == 7 and item.extra["open_issues"] == 3 and item.extra["license"] == "MIT"
    assert item.author.key == "github:ada"
    (sighting,) = item.sightings
    assert (sighting.how, sighting.by.key, sighting.at) == ("boost", "github:bob", item.published)


async def test_nothing_new_costs_one_request(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    hub.lists[STARS] = [star(make.repo(n)) for n in (3, 2, 1)]
    hub.readme("ada/engine-1", "<p>One</p>")
    settings = hub.settings("github:starred/bob")
    first = await pages(client, settings)
    assert len(hub.asked("/repos")) == 3
    again = await pages(client, settings, first[-1].cursor)
    assert items(again) == [] and len(hub.asked()) == 5


async def test_a_push_checks_the_readme_by_its_validator(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    settings = hub.settings("github:starred/bob")
    hub.lists[STARS] = [star(make.repo(1))]
    hub.readme("ada/engine-1", "<p>One</p>")
    first = await pages(client, settings)
    hub.lists[STARS] = [star(make.repo(1, pushed_at="2026-03-01T00:00:00Z"))]
    second = await pages(client, settings, first[-1].cursor)
    assert items(second) == [] and hub.server.requests[-1].headers["if-none-match"]
    hub.lists[STARS] = [star(make.repo(1, pushed_at="2026-03-02T00:00:00Z"))]
    hub.readme("ada/engine-1", "<p>Two</p>")
    third = await pages(client, settings, second[-1].cursor)
    assert [i.text for i in items(third)] == ["Engine number 1\n\nTwo"]


async def test_stars_that_moved_are_refreshed_with_the_same_text(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    settings = hub.settings("github:starred/bob")
    hub.readme("ada/engine-1", "<p>One</p>")
    hub.lists[STARS] = [star(make.repo(1))]
    first = await pages(client, settings)
    hub.lists[STARS] = [star(make.repo(1, stargazers_count=103))]
    second = await pages(client, settings, first[-1].cursor)
    assert items(second) == []
    hub.lists[STARS] = [star(make.repo(1, stargazers_count=150))]
    (item,) = items(await pages(client, settings, second[-1].cursor))
    assert item.points == 150 and item.content_hash == items(first)[0].content_hash


async def test_what_the_budget_leaves_out_is_caught_up_later(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    settings = hub.settings("github:starred/bob", readmes=4)
    hub.lists[STARS] = [star(make.repo(n)) for n in range(10, 0, -1)]
    for n in range(1, 11):
        hub.readme(f"ada/engine-{n}", f"<p>Read me {n}</p>")
        hub.docs[f"/repos/ada/engine-{n}"] = make.repo(n)
    got = await pages(client, settings)
    texts = {i.native_id: i.text for i in items(got)}
    assert len(texts) == 10 and sum("Read me" in text for text in texts.values()) == 4
    for _ in range(4):
        before = len(hub.asked("/repos"))
        got = await pages(client, settings, got[-1].cursor)
        assert len(hub.asked("/repos")) - before <= 4
        texts |= {i.native_id: i.text for i in items(got)}
        assert all(i.published == 1772323200.0 for i in items(got)), "its place in time does not change"
    assert all("Read me" in text for text in texts.values())


async def test_no_readmes_when_switched_off_or_when_little_is_left(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.lists[STARS] = [star(make.repo(n)) for n in (2, 1)]
    assert len(items(await pages(client, hub.settings("github:starred/bob", readmes=0)))) == 2
    hub.left = 5
    assert len(items(await pages(client, hub.settings("github:starred/bob")))) == 2
    assert hub.asked("/repos") == []


async def test_a_failing_readme_costs_only_itself(
    hub: Any, make: Any, client: Any, pages: Any, items: Any, answers: Any
) -> None:
    hub.lists[STARS] = [star(make.repo(n)) for n in (3, 2, 1)]
    hub.docs["/repos/ada/engine-3/readme"] = answers.Answer(b"oops", 500)
    hub.docs["/repos/ada/engine-2/readme"] = answers.Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<p>")
    hub.readme("ada/engine-1", "<p>One</p>")
    got = await pages(client, hub.settings("github:starred/bob"))
    assert [i.text for i in items(got)] == ["Engine number 3", "Engine number 2", "Engine number 1\n\nOne"]
    kept = got[-1].cursor["repos"]
    assert kept["3"][1] == "" and kept["1"][1].startswith("W/")


async def test_the_reader_who_stars_much_pages(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    hub.lists[STARS] = [star(make.repo(n)) for n in range(260, 0, -1)]
    got = await pages(client, hub.settings("github:starred/bob", limit=250, readmes=0))
    assert [i.extra["repo"] for i in items(got)] == [f"ada/engine-{n}" for n in range(260, 0, -1)]
    assert len(hub.asked(STARS)) == 3 and max(len(page.items) for page in got) <= 20


async def test_trending_is_a_search(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    found = {"total_count": 2, "incomplete_results": False, "items": [make.repo(2), make.repo(1)]}
    hub.docs["/search/repositories"] = found
    got = await pages(client, hub.settings("github:trending?topic=rust&language=C%2B%2B&days=7", limit=30))
    assert [i.native_id for i in items(got)] == ["github:repo:2", "github:repo:1"]
    assert items(got)[0].sightings[0].how == "list" and items(got)[0].published == 1767225600.0
    asked = parse_qs(urlsplit(hub.asked("/search")[0]).query)
    words = asked["q"][0]
    assert re.fullmatch(r'created:>=\d{4}-\d\d-\d\d stars:>1 topic:rust language:"C\+\+"', words)
    assert (asked["sort"], asked["order"], asked["per_page"]) == (["stars"], ["desc"], ["30"])
    assert got[-1].interval == 3 * 3600


async def test_who_starred_my_repository(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    rows = [
        {"starred_at": f"2026-02-{n // 24 + 1:02d}T{n % 24:02d}:00:00Z", "user": make.user(f"fan{n}")}
        for n in range(230)
    ]
    hub.lists["/repos/ada/engine-1/stargazers"] = rows
    hub.docs["/repos/ada/engine-1"] = make.repo(1)
    settings = hub.settings("github:stargazers/ada/engine-1")
    first = await pages(client, settings)
    (item,) = items(first)
    people = [s.by.handle for s in item.sightings]
    assert people[:2] == ["fan229", "fan228"] and len(people) == 100
    assert items(await pages(client, settings, first[-1].cursor)) == []
    rows.append({"starred_at": "2026-03-09T00:00:00Z", "user": make.user("new")})
    (item,) = items(await pages(client, settings, first[-1].cursor))
    assert item.sightings[0].by.handle == "new"


async def test_releases_of_what_was_starred_ask_only_where_something_moved(
    hub: Any, make: Any, client: Any, pages: Any, items: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("penchant.adapters.github_updates.time.time", lambda: 1772409600.0)  # 2026-03-02
    hub.lists[STARS] = [star(make.repo(n)) for n in (3, 2, 1)]
    for n in (1, 2, 3):
        old = make.release(70 + n, published_at="2024-01-01T00:00:00Z")
        hub.lists[f"/repos/ada/engine-{n}/releases"] = [make.release(10 * n), old]
    settings = hub.settings("github:starred-releases/bob")
    first = await pages(client, settings)
    assert {i.native_id for i in items(first)} == {f"github:release:{n}" for n in (10, 20, 30)}
    assert len(hub.asked("/repos")) == 3
    again = await pages(client, settings, first[-1].cursor)
    assert items(again) == [] and len(hub.asked("/repos")) == 3
    hub.lists[STARS] = [star(make.repo(2, pushed_at="2026-03-01T00:00:00Z")), star(make.repo(3)), star(make.repo(1))]
    hub.lists["/repos/ada/engine-2/releases"].insert(0, make.release(21))
    later = await pages(client, settings, again[-1].cursor)
    assert "github:release:21" in {i.native_id for i in items(later)} and len(hub.asked("/repos")) == 4


async def test_the_queue_of_releases_survives_the_end_of_the_budget(
    hub: Any, make: Any, client: Any, pages: Any
) -> None:
    hub.lists[STARS] = [star(make.repo(n)) for n in range(40, 0, -1)]
    settings = hub.settings("github:starred-releases/bob")
    cursor: Any = {}
    for _ in range(4):
        cursor = (await pages(client, settings, cursor))[-1].cursor
    asked = [target.partition("?")[0] for target in hub.asked("/repos")]
    assert len(asked) == len(set(asked)) == 40 and cursor["queue"] == []


counts = st.integers(0, 1000)
etags = st.sampled_from(["", NO_README, 'W/"1"'])


@given(etags, counts, counts, counts, counts, st.booleans())
def test_a_known_readme_is_never_replaced_by_its_absence(
    etag: str, pushed: int, points: int, before: int, stars: int, news: bool
) -> None:
    raw = {"id": 1, "full_name": "a/b", "stargazers_count": stars, "pushed_at": "2026-01-01T00:00:00Z"}
    repo = to_repo(raw)
    assert repo is not None
    shelf = Shelf({1: Kept("a/b", etag, repo.pushed - pushed, before, 5)})
    wish = shelf.wish(repo, news)
    if etag not in ("", NO_README):
        assert wish in ("again", "check", "skip") and (wish == "again" or not news)
    else:
        assert wish in ("read", "plain")
    shelf.settle(repo, etag)
    assert Shelf.load({"repos": shelf.dump()}) == shelf and shelf.repos[1].at == 5
