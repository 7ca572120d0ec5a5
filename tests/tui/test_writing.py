"""`p`, `P`, `V`: drafts stream in, are liked, edited, kept, copied, and posted only by a second key."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from textual.widgets import Input, TextArea

from penchant.adapters import outgoing, secrets
from penchant.adapters.base import Author, Item, Page
from penchant.adapters.contract_server import Answer as Served
from penchant.adapters.contract_server import Request as Asked
from penchant.adapters.contract_server import running
from penchant.adapters.mastodon_api import token_key
from penchant.app.errors import StoreError
from penchant.app.store import Store
from penchant.app.store.answers import Answer
from penchant.app.store.drafts import Draft, Drafts
from penchant.app.tui.awaited import UNTAKEN
from penchant.app.tui.writing import bases_of
from penchant.app.tui.writinglines import Request, Shown, blocks_of, facts, on_its_way
from penchant.app.types import Event, Marks

NOW = 1_700_000_000.0
FIRST, SECOND = "Trams climb better than any bus.", "An owl hears a heart under snow."


# -- the lines
def request(text: str = "", done: bool = False, error: str = "", hint: str = "", **payload: Any) -> Request:
    return Request("a", NOW, Answer(text, done, error, hint, NOW + 1, payload), NOW + 1)


def said(asked: Request | None, now: float = NOW + 2) -> str:
    return "\n".join(block.text for block in on_its_way(asked, now, 3))


def test_how_drafts_on_their_way_look() -> None:
    assert said(None) == ""
    assert "Asking the worker" in said(Request("a", NOW)) and "No worker is running" in said(
        Request("a", NOW, alone=True)
    )
    assert "being loaded" in said(request(state="loading"))
    assert "m writes 2 of 3" in said(request(state="writing", by="m", drafts=["x"]))
    assert "these stand until then" in said(request(state="choosing", by="m", drafts=["x"]))
    assert "…  Trams cl[2J" in said(request("Trams cl\x1b[2J", state="writing"))
    assert "Too few. Like some." in said(request(done=True, error="too few", hint="Like some."))
    over = said(request(done=True, refused={"repeats the archive": 2}, notes=["a \x1bnote"]))
    assert "Not offered: 2 because it repeats the archive" in over and "a note" in over and "\x1b" not in over
    assert "Nothing came" in said(Request("a", NOW), NOW + UNTAKEN + 1)
    assert not request(state="writing").gave_up(NOW + Request.silence)


def test_what_is_known_of_a_draft() -> None:
    draft = Draft(
        "post",
        "one\ntwo \x1b[31m",
        arm="vector",
        model="m",
        facts={"probability": 0.616, "ratio": 0.02, "written": "x"},
    )
    line = facts(Shown(draft, Marks(seen=True, liked=True)))
    assert line.startswith("♥  62 %  +0.02 toward your taste") and "vector" in line and "edited" in line
    texts = [block.text for block in blocks_of([Shown(draft), Shown(draft)], 1)]
    assert texts[0].startswith(" 1  one") and any(text.startswith("▸2  one") for text in texts)
    assert not any("\x1b" in text for text in texts)
    spare = Draft("post", "x", state="dropped", facts={"spare": True})
    assert "not chosen" in facts(Shown(spare)) and "dropped" in facts(Shown(replace(spare, facts={})))
    broken = Draft("post", "x", facts={"sending": {"account": "me@a.example"}})
    assert any("makes no second post" in block.text for block in blocks_of([Shown(broken)], 0))


# -- on the screen
def letters(archive: Any) -> list[str]:
    with Store.open(archive.paths.archive, role="worker") as store:
        return [str(each.payload["answer"]) for each in store.control.take() if each.kind == "write"]


def worker(archive: Any, step: Any) -> Any:
    with Store.open(archive.paths.archive, role="worker") as store:
        return step(store)


def offered(store: Store, name: str, *texts: str, done: bool = True) -> list[str]:
    """What the lane does: drafts into the archive, their ids into the row."""
    row = store.answers.get(name)
    assert row is not None and (row.at or store.answers.begin(name, time.time()))
    kind, parent = row.payload["kind"], store.answers.item_of(name)
    ids = [
        store.drafts.add(
            Draft(kind, text, parent, arm="vector", model="m", facts={"probability": 0.6}, made_at=time.time())
        )
        for text in texts
    ]
    assert store.answers.tell(name, drafts=ids, state="done" if done else "writing", by="m")
    if done:
        store.answers.finish(name)
    return ids


def screen(app: Any) -> str:
    return type(app.screen).__name__


async def writing(app: Any, pilot: Any, wait: Any, archive: Any, *texts: str) -> list[str]:
    """`p` on the first item; the drafts that the worker wrote."""
    await pilot.press("p")
    name = (await wait(lambda: letters(archive)))[0]
    ids: list[str] = worker(archive, lambda store: offered(store, name, *texts))
    await wait(lambda: len(app.screen.drafts) == len(texts))
    return ids


async def test_a_reply_streams_in_and_is_liked_skipped_and_undone(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    item = archive.read(lambda store: store.items.ids("for-you", limit=1))[0]
    async with run_app(archive) as (app, pilot):
        await pilot.press("p")
        name = (await wait(lambda: letters(archive)))[0]
        row = archive.read(lambda store: store.answers.get(name))
        assert row.payload["kind"] == "reply" and archive.read(lambda store: store.answers.item_of(name)) == item
        await wait(lambda: any("No worker is running" in line for line in lines(app)))
        worker(
            archive, lambda store: store.answers.begin(name, time.time()) and store.answers.tell(name, state="writing")
        )
        worker(archive, lambda store: store.answers.say(name, "Trams cl\x1b[31m"))
        await wait(lambda: any("Trams cl[31m" in line for line in lines(app)))
        worker(archive, lambda store: offered(store, name, FIRST, SECOND))
        await wait(lambda: any(SECOND in line for line in lines(app)))
        await wait(lambda: any(f"▸1  {FIRST}" in line for line in lines(app)))
        await pilot.press("l", "j", "x")
        await wait(lambda: archive.kinds().count("skip") == 1)
        marks = archive.read(lambda store: [card.marks for card in store.items.cards(sorted(store.drafts.item_ids()))])
        assert [(each.liked, each.skipped) for each in marks] == [(True, False), (False, True)]
        assert archive.read(lambda store: store.items.ids("liked")) == []
        await wait(lambda: any("✗" in line for line in lines(app)))
        await pilot.press("u")
        await wait(lambda: archive.kinds().count("skip") == 0)
        events = [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "like"]
        assert [(e.view, e.position, e.shown_score) for e in events] == [("drafts", 0, 0.6)]


async def test_others_are_chosen_over_what_stood_and_what_was_liked_or_is_being_read_stays(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    third, fourth, fifth = (
        "Rye wants nineteen hours.",
        "A fog bell counts the ships.",
        "Nobody saw the comet but a goat.",
    )
    async with run_app(archive) as (app, pilot):
        await pilot.press("p")
        name = (await wait(lambda: letters(archive)))[0]
        early = worker(archive, lambda store: offered(store, name, FIRST, SECOND, third, done=False))
        await wait(lambda: len(app.screen.drafts) == 3)
        await pilot.press("2", "l")
        await wait(lambda: app.screen.drafts[1].marks.liked)
        await pilot.press("3")
        late = worker(archive, lambda store: offered(store, name, fourth, fifth))
        await wait(lambda: len(app.screen.drafts) == 4)
        assert [each.draft.id for each in app.screen.drafts] == [early[1], early[2], *late], "the first is gone"
        assert app.screen.current().draft.text == third, "the one at hand stays at hand"


async def test_edit_keep_copy_drop_and_the_list_of_drafts(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    copied: list[str] = []
    async with run_app(archive, size=(120, 40)) as (app, pilot):
        app.copy_to_clipboard = copied.append
        ids = await writing(app, pilot, wait, archive, FIRST, SECOND)
        await pilot.press("e")
        await wait(lambda: isinstance(app.focused, TextArea))
        await pilot.press("ctrl+end", *"X", "escape")
        await wait(lambda: archive.read(lambda store: store.drafts.get(ids[0]).text) == f"{FIRST}X")
        assert screen(app) == "WritingScreen"
        await pilot.press("s", "y", "2", "D")
        await wait(lambda: archive.read(lambda store: store.drafts.get(ids[1]).state) == "dropped")
        assert copied == [f"{FIRST}X"]
        found = archive.read(lambda store: store.drafts.get(ids[0]))
        assert found.state == "kept" and found.facts["written"] == FIRST

        def acts() -> list[str]:
            return [e.value["act"] for _, e in archive.read(lambda store: store.events.live()) if e.kind == "draft"]

        await wait(lambda: acts() == ["edited", "kept", "copied", "dropped"])
        await pilot.press("q")
        await wait(lambda: screen(app) == "FeedScreen")
        await pilot.press("V")
        await wait(lambda: any(f"{FIRST}X" in line for line in lines(app)))
        assert not any(SECOND in line for line in lines(app))
        await pilot.press("tab", "tab")
        await wait(lambda: any(SECOND in line for line in lines(app)))
        await pilot.press("V")
        await wait(lambda: screen(app) == "FeedScreen")


async def test_what_is_edited_stays_at_hand_whatever_comes_in(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("p")
        name = (await wait(lambda: letters(archive)))[0]
        (first,) = worker(archive, lambda store: offered(store, name, FIRST, done=False))
        await wait(lambda: len(app.screen.drafts) == 1)
        await pilot.press("e")
        await wait(lambda: isinstance(app.focused, TextArea))
        await pilot.press("ctrl+end", *"Mine")
        (second,) = worker(archive, lambda store: offered(store, name, SECOND, done=False))

        def over(store: Store) -> None:  # the order of worth: the other one is the better
            assert store.answers.tell(name, drafts=[second, first], state="done", by="m")
            store.answers.finish(name)

        worker(archive, over)
        await wait(lambda: app.screen.request.over and len(app.screen.drafts) == 2)
        await pilot.press("escape")
        await wait(lambda: archive.kinds() == ["draft"])
        texts = [archive.read(lambda store, each=each: store.drafts.get(each).text) for each in (first, second)]
        assert texts == [f"{FIRST}Mine", SECOND]


async def test_a_full_disk_is_told_in_the_box_and_the_words_are_still_there(
    archive: Any, run_app: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full", hint="Make room.")

    async with run_app(archive) as (app, pilot):
        await writing(app, pilot, wait, archive, FIRST)
        with monkeypatch.context() as patched:
            patched.setattr(Drafts, "as_item", full)
            patched.setattr(Drafts, "edit", full)
            await pilot.press("l")
            await wait(lambda: any("The disk is full. Make room." in line for line in lines(app)))
            await pilot.press("e")
            await wait(lambda: isinstance(app.focused, TextArea))
            await pilot.press("ctrl+end", *"Mine", "escape")
            await wait(lambda: any("The disk is full. Make room." in line for line in lines(app)))
            assert app.focused.text == f"{FIRST}Mine", "what was typed is not lost"
        await pilot.press("escape")
        await wait(lambda: archive.kinds() == ["draft"])


async def test_escape_takes_a_request_back_and_more_avoids_what_was_seen(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await writing(app, pilot, wait, archive, FIRST)
        await pilot.press("m")
        name = (await wait(lambda: letters(archive)))[0]
        assert archive.read(lambda store: store.answers.get(name)).payload["avoid"] == [FIRST]
        await pilot.press("escape")
        await wait(lambda: archive.read(lambda store: store.answers.get(name)) is None)
        assert screen(app) == "WritingScreen"
        await pilot.press("escape")
        await wait(lambda: screen(app) == "FeedScreen")


async def test_a_post_on_a_topic_or_from_items(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    ids = archive.read(lambda store: store.items.ids("for-you", limit=6))
    async with run_app(archive) as (app, pilot):
        await pilot.press("P")
        await wait(lambda: any("enter writes" in line for line in lines(app)))
        await pilot.press(*"trams", "enter")
        name = (await wait(lambda: letters(archive)))[0]
        payload = archive.read(lambda store: store.answers.get(name)).payload
        assert (payload["kind"], payload["topic"], payload["items"]) == ("post", "trams", [])
        await pilot.press("q")
        await wait(lambda: screen(app) == "FeedScreen")
        await pilot.press("P", "tab", "tab")
        await wait(lambda: "first 6 items" in app.screen.query_one(Input).placeholder)
        await pilot.press("enter")
        name = (await wait(lambda: letters(archive)))[0]
        assert archive.read(lambda store: store.answers.get(name)).payload["items"] == ids


def test_what_a_post_can_be_made_of(archive: Any) -> None:
    ids = archive.read(lambda store: store.items.ids("newest", limit=9))
    with Store.open(archive.paths.archive, role="cli") as store:
        store.events.append([Event("like", ids[3]), Event("collect", ids[4], {"collection": "Trams", "in": True})])
        found = bases_of(store, ids, ids[0])
    assert [basis.item_ids for basis in found] == [(), (ids[3],), (ids[0],), tuple(ids[:6]), (ids[4],)]
    assert "Trams" in found[-1].name


# -- posting
@pytest.fixture
def home_server(archive: Any) -> Any:
    """An account on a Mastodon of this machine, whose timeline brought one post."""
    with running() as server:
        host = f"127.0.0.1:{server.port}"
        secrets.set(token_key(f"me@{host}"), "the-token")
        with Store.open(archive.paths.archive, role="cli") as store:
            settings = {"address": f"http://{host}", "timeline": "home", "account": f"me@{host}"}
            number = store.subscriptions.add("mastodon", f"mastodon:http://me@{host}/home", settings=settings)
            post = Item(
                "https://far.example/9", "https://far.example/@ada/9", text="What climbs best?",
                published=time.time() + 60,
                author=Author("mastodon:far.example/@ada", "Ada", "@ada@far.example"),
                extra={"instance": host, "id": "77"},
            )  # fmt: skip
            store.items.put_page(number, Page((post,), {}), time.time())
        server.made = []

        def take(asked: Asked) -> Served:
            server.made.append((asked.headers["idempotency-key"], parse_qs(asked.body.decode())))
            return Served(json.dumps({"id": "1", "uri": "https://home.example/1", "url": "https://home.example/@me/1"}))

        server.route("/api/v1/statuses", take)
        yield server


async def test_only_the_second_key_posts(archive: Any, run_app: Any, wait: Any, lines: Any, home_server: Any) -> None:
    async with run_app(archive, size=(140, 40)) as (app, pilot):
        await pilot.press("2")
        await wait(lambda: str(app.feed_screen.view) == "newest" and app.feed_screen.at_hand()[0].kind == "mastodon")
        ids = await writing(app, pilot, wait, archive, FIRST, SECOND)
        await pilot.press("P")
        await wait(lambda: any("p first says" in line for line in lines(app)))
        await pilot.press("p")
        await wait(
            lambda: any("P posts it as @me@127.0.0.1" in line and "@ada@far.example" in line for line in lines(app))
        )
        await pilot.press("j", "P")
        await wait(lambda: any("p first says" in line for line in lines(app)))
        assert home_server.made == [], "another key in between forgets it"
        await pilot.press("p")
        await wait(lambda: any("P posts it as" in line for line in lines(app)))
        await pilot.press("P")
        await wait(lambda: archive.read(lambda store: store.drafts.get(ids[1]).state) == "posted")
        ((_, form),) = home_server.made
        assert form["status"] == [f"@ada@far.example {SECOND}"] and form["in_reply_to_id"] == ["77"]
        await wait(lambda: any("https://home.example/@me/1" in line for line in lines(app)))
        await pilot.press("p")
        await wait(lambda: any("was posted already" in line for line in lines(app)))
        event = [e for _, e in archive.read(lambda store: store.events.live()) if e.kind == "draft"][-1]
        assert event.value["act"] == "posted" and event.value["url"] == "https://home.example/@me/1"


async def test_a_slow_server_holds_no_key_back(
    archive: Any, run_app: Any, wait: Any, lines: Any, home_server: Any
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: Asked) -> Served:
        asked.set()
        assert go_on.wait(60)
        return Served(json.dumps({"id": "1", "uri": "https://home.example/1", "url": "https://home.example/@me/1"}))

    home_server.route("/api/v1/statuses", slow)
    async with run_app(archive, size=(140, 40)) as (app, pilot):
        await pilot.press("P")
        await wait(lambda: screen(app) == "WritingScreen")
        await pilot.press(*"owls", "enter")
        name = (await wait(lambda: letters(archive)))[0]
        ids = worker(archive, lambda store: offered(store, name, FIRST, SECOND))
        await wait(lambda: len(app.screen.drafts) == 2)
        await pilot.press("p")
        await wait(lambda: any("P posts it as" in line for line in lines(app)))
        await pilot.press("P")
        await wait(asked.is_set)
        await pilot.press("e")
        await wait(lambda: any("on its way" in line for line in lines(app)))
        await pilot.press("j", "s")
        await wait(lambda: archive.read(lambda store: store.drafts.get(ids[1]).state) == "kept")
        go_on.set()
        await wait(lambda: archive.read(lambda store: store.drafts.get(ids[0]).state) == "posted")
        await wait(lambda: archive.kinds() == ["draft", "draft"])
        about = [e.value["draft"] for _, e in archive.read(lambda store: store.events.live()) if e.kind == "draft"]
        assert about == [ids[1], ids[0]], "whatever is at hand meanwhile"


async def test_a_refusal_is_told_and_the_draft_stays(
    archive: Any, run_app: Any, wait: Any, lines: Any, home_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing.certain, "__defaults__", (0.0,))
    words = json.dumps({"error": "This action is outside the authorized scopes"})
    home_server.route("/api/v1/statuses", words, status=403, headers={"Content-Type": "application/json"})
    async with run_app(archive, size=(160, 40)) as (app, pilot):
        await pilot.press("2")
        await wait(lambda: app.feed_screen.at_hand()[0].kind == "mastodon")
        ids = await writing(app, pilot, wait, archive, FIRST)
        await pilot.press("p", "P")
        await wait(lambda: "does not let penchant post" in " ".join(lines(app)) and "--post" in " ".join(lines(app)))
        found = archive.read(lambda store: store.drafts.get(ids[0]))
        assert found.state == "offered" and "sending" not in found.facts
        home_server.route("/api/v1/statuses", "", status=502)
        await pilot.press("p", "P")
        await wait(lambda: "not known whether" in " ".join(lines(app)))
        await wait(lambda: "makes no second post" in " ".join(lines(app)))
        kept = archive.read(lambda store: store.drafts.get(ids[0])).facts["sending"]
        await pilot.press("p", "P")
        await wait(lambda: len(home_server.requests) >= 5)
        keys = {each.headers["idempotency-key"] for each in home_server.requests if each.method == "POST"}
        assert keys == {kept["key"]}


async def test_what_cannot_be_posted_says_why(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive, size=(140, 30)) as (app, pilot):
        await writing(app, pilot, wait, archive, FIRST)
        await pilot.press("p")
        await wait(lambda: any("Nobody is signed in to post as" in line for line in lines(app)))
        secrets.set(token_key("me@home.example"), "t")
        await pilot.press("p")
        await wait(lambda: any("no post of Mastodon or Bluesky" in line for line in lines(app)))
