"""From a letter to files on the disk, over a real server, a real archive and a real decoding child."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

from penchant.adapters.base import Media
from penchant.app.pictures import lane as lane_module
from penchant.app.pictures import line
from penchant.app.pictures.frames import pixels
from penchant.app.store import Store
from penchant.app.store.control import Request

Draw = Callable[..., bytes]


async def test_what_is_looked_at_comes(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader()
    address = server.route("/a.jpg", draw("JPEG", (900, 600), (10, 200, 30)))
    (item,) = seen.follow(server.url("/feed"), Media(address, alt="a field"))
    (shot,) = await seen.see(item)
    assert (shot.state, shot.width, shot.height, shot.frames, shot.alt) == ("there", 900, 600, 1, "a field")
    files = seen.lane.files
    thumb, large = pixels(files.thumb(shot.hash)), pixels(files.large(shot.hash), (100, 100))
    assert (thumb.width, thumb.height) == (320, 213) and len(thumb.data) == 3 * 320 * 213
    assert max(large.width, large.height) == 100 and abs(thumb.data[1] - 200) < 8
    assert "image/webp" in server.seen("/a.jpg")[0].headers["accept"]


async def test_looking_again_asks_nobody(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader()
    items = seen.follow("http://f", *(server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(5)))
    await seen.see(*items)
    seen.look(*items)
    (extra,) = seen.follow("http://g", server.route("/last.png", draw("PNG")))
    await seen.see(extra)
    assert len(server.requests) == 6


async def test_the_newest_letter_is_served_first(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader()
    first = seen.follow("http://f", *(server.route(f"/old{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(40)))
    second = seen.follow("http://g", *(server.route(f"/new{n}.png", draw("PNG", fill=(n, 9, 0))) for n in range(3)))
    seen.look(*first)
    await seen.until(lambda: server.requests)
    await seen.see(*second)
    assert len([r for r in server.requests if r.path.startswith("/old")]) < 20
    await seen.see(*first)


async def test_what_there_is_no_room_for_is_asked_for_again_when_it_is_shown(
    reader: Any, server: Any, draw: Draw, monkeypatch: Any
) -> None:
    monkeypatch.setattr(line, "MOST", 4)
    seen = reader()
    items = seen.follow("http://f", *(server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(9)))
    seen.look(*items)
    await seen.until(lambda: [shot.state for shot in seen.shots(*items)] == ["there"] * 4 + [""] * 5)
    await seen.see(*items[4:8])


async def test_never_more_than_two_requests_at_a_time_to_one_host(
    reader: Any, server: Any, draw: Draw, answers: SimpleNamespace
) -> None:
    open_now, most = 0, 0

    class Counting(bytes):
        pass

    seen = reader()
    fetch = seen.lane._fetching._client.get

    async def counted(*args: Any, **more: Any) -> Any:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            await asyncio.sleep(0.01)
            return await fetch(*args, **more)
        finally:
            open_now -= 1

    seen.lane._fetching._client.get = counted
    items = seen.follow("http://f", *(server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(12)))
    await seen.see(*items)
    assert most == line.PER_HOST


async def test_equal_bytes_from_two_addresses_share_their_files(reader: Any, server: Any, draw: Draw) -> None:
    seen, data = reader(), draw("PNG", (50, 40), "green")
    items = seen.follow("http://f", server.route("/a.png", data), server.route("/b.png", data))
    one, two = await seen.see(*items)
    assert one.hash == two.hash and (two.width, two.height, two.preview) == (50, 40, one.preview)
    assert len([path for path in seen.lane.files.folder.rglob("*") if path.is_file()]) == 2


async def test_pictures_of_the_sample_feed_are_drawn_and_nobody_is_asked(reader: Any) -> None:
    seen = reader()
    (item,) = seen.follow("sample:canvas", "sample:picture/bird-3")
    (shot,) = await seen.see(item)
    assert shot.state == "there" and seen.lane.files.has(shot.hash)


async def test_a_private_address_is_reached_only_where_the_reader_typed_it(
    reader: Any, server: Any, draw: Draw
) -> None:
    seen = reader(allow_private=False)
    inside = server.route("/inside.png", draw("PNG"))
    (feed,) = seen.follow("https://public.example/feed", inside)
    (shot,) = await seen.see(feed)
    assert shot.state == "failed" and "private network" in shot.note and not server.requests
    (own,) = seen.follow(server.url("/feed"), server.route("/own.png", draw("PNG")))
    assert (await seen.see(own))[0].state == "there"


async def test_a_redirect_leads_into_no_private_network(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader(allow_private=False)
    server.route("/inside.png", draw("PNG"))
    away = server.route("/away.png", status=302, headers={"Location": server.url("/inside.png", "localhost")})
    (item,) = seen.follow(server.url("/feed"), away)
    (shot,) = await seen.see(item)
    assert shot.state == "failed" and not server.seen("/inside.png")


async def test_gone_is_final_and_a_fault_of_the_server_is_not(reader: Any, server: Any, store: Store) -> None:
    seen = reader()
    items = seen.follow(
        "http://f", server.url("/gone"), server.route("/away", status=410), server.route("/sick", status=500)
    )
    gone, away, sick = await seen.see(*items)
    assert (gone.state, away.state, sick.state) == ("refused", "refused", "failed")
    assert "404" in gone.note and "410" in away.note and "500" in sick.note
    ((_, _, _, retry),) = [each for each in store.pictures.failures() if each[1] == "failed"]
    assert retry is not None and 40 < retry - time.time() < 80


async def test_each_failure_waits_longer_and_a_picture_forgives_all(
    reader: Any, server: Any, store: Store, draw: Draw
) -> None:
    seen, waits = reader(), []
    (item,) = seen.follow("http://f", server.route("/a.png", status=500))
    for _ in range(3):
        await seen.see(item)
        waits.append(store.db.value("SELECT retry_at FROM pictures") - time.time())
        store.db.run("UPDATE pictures SET retry_at = 1.0")
        await seen.until(lambda: store.pictures.ask([item], time.time())[0].state == "wanted")
    assert waits[0] * 2 < waits[1] and waits[1] * 2 < waits[2]
    server.route("/a.png", draw("PNG"))
    (shot,) = await seen.see(item)
    assert (shot.state, shot.note) == ("there", "") and store.db.value("SELECT failures FROM pictures") == 0


async def test_a_host_that_asks_for_a_pause_gets_it(
    reader: Any, server: Any, draw: Draw, answers: SimpleNamespace
) -> None:
    seen = reader()
    wait = answers.Answer(b"", 429, headers={"Retry-After": "1"})
    address = server.route("/a.png", [wait, answers.Answer(draw("PNG"))])
    others = [server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(3)]
    items = seen.follow("http://f", address, *others)
    await seen.see(*items)
    assert [shot.state for shot in seen.shots(*items)] == ["failed", "there", "there", "there"]


async def test_a_host_that_falls_silent_rests_and_starts_afresh_once_it_answers(
    reader: Any, server: Any, draw: Draw, monkeypatch: Any
) -> None:
    monkeypatch.setattr(line, "FIRST_PAUSE", 0.05)
    seen = reader()
    silent = [server.route(f"/silent{n}.png", raw=b"") for n in range(2)]
    items = seen.follow("http://f", *silent, server.route("/a.png", draw("PNG")))
    shots = await seen.see(*items)
    assert [shot.state for shot in shots] == ["failed", "failed", "there"] and "closed" in shots[0].note
    seen.lane.line.pause(line.host_of(server.url()), time.monotonic(), "", None)
    rest = seen.lane.line._until(line.host_of(server.url())) - time.monotonic()
    assert rest <= 0.05


async def test_a_long_pause_is_written_down_instead_of_waited_for(reader: Any, server: Any, store: Store) -> None:
    seen = reader()
    closed = [server.route(f"/{n}.png", status=503, headers={"Retry-After": "7200"}) for n in range(6)]
    items = seen.follow("http://f", *closed)
    shots = await seen.see(*items)
    assert {shot.state for shot in shots} == {"failed"} and len(server.requests) <= line.PER_HOST
    assert all(each[3] - time.time() > 7000 for each in store.pictures.failures())  # type: ignore[operator]


async def test_fetch_none_asks_nobody(reader: Any, server: Any, draw: Draw, store: Store) -> None:
    seen = reader(fetch="none")
    (item,) = seen.follow("http://f", server.route("/a.png", draw("PNG")))
    seen.look(item)
    await asyncio.sleep(0.3)
    assert not server.requests and seen.shots(item)[0].state == "" and store.pictures.counts().wanted == 0


async def test_ranked_fetches_what_for_you_may_show(
    reader: Any, server: Any, draw: Draw, store: Store, monkeypatch: Any
) -> None:
    monkeypatch.setattr(lane_module, "IDLE", 0.05)
    seen = reader(fetch="ranked")
    items = seen.follow("http://f", *(server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(4)))
    await asyncio.sleep(0.3)
    assert not server.requests
    store.scores.publish([(item, 0.0, 0.5, "{}") for item in items], items[:3], 1)
    await seen.until(lambda: all(shot.state == "there" for shot in seen.shots(*items[:3])))
    assert not server.seen("/3.png")


async def test_the_longest_unused_makes_room_and_comes_back_when_it_is_shown(
    reader: Any, server: Any, store: Store
) -> None:
    def noise(seed: int) -> bytes:
        out = BytesIO()
        Image.effect_noise((640, 480), 50 + seed).convert("RGB").save(out, "PNG")
        return out.getvalue()

    seen = reader()
    items = seen.follow("http://f", *(server.route(f"/{n}.png", noise(n)) for n in range(6)))
    shots = await seen.see(*items)
    for age, (item, shot) in enumerate(zip(items, shots, strict=True)):
        for path in (seen.lane.files.thumb(shot.hash), seen.lane.files.large(shot.hash)):
            os.utime(path, (time.time() - 200, time.time() - 200))
        store.db.run(
            "UPDATE pictures SET used_at = ? WHERE id IN (SELECT picture_id FROM item_pictures WHERE item_id = ?)",
            (time.time() - 100 + age, item),
        )
    thumb = seen.lane.files.thumb(shots[1].hash)  # a screen read this one afterwards
    os.utime(thumb, (time.time() - 10, time.time() - 200))
    keeper = seen.lane.keeper
    assert keeper.used == sum(seen.lane.files.sizes().values())
    keeper.most = keeper.used // 2
    assert keeper.make_room(store) >= 3
    states = [shot.state for shot in seen.shots(*items)]
    assert states[0] == "" and states[1] == states[-1] == "there" and keeper.used <= keeper.most
    assert [seen.lane.files.has(shot.hash) for shot in shots] == [state == "there" for state in states]
    keeper.most = 1 << 30
    (again,) = await seen.see(items[0])
    assert (again.state, again.hash) == ("there", shots[0].hash) and len(server.seen("/0.png")) == 2
    assert "if-none-match" not in server.seen("/0.png")[1].headers


async def test_a_cache_that_somebody_emptied_is_filled_again(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader()
    (item,) = seen.follow("http://f", server.route("/a.png", draw("PNG")))
    (shot,) = await seen.see(item)
    seen.lane.files.thumb(shot.hash).unlink()
    seen.look(item)
    await seen.until(lambda: len(server.requests) == 2 and seen.shots(item)[0].state == "there")
    assert seen.lane.files.has(shot.hash)


async def test_an_old_picture_is_looked_at_again_with_its_tags(
    reader: Any, server: Any, draw: Draw, answers: SimpleNamespace, store: Store
) -> None:
    seen = reader()
    news = draw("PNG", fill="blue")

    def answer(request: Any) -> Any:
        tag = request.headers.get("if-none-match")
        if tag == '"1"':
            return answers.Answer(b"", 304)
        return answers.Answer(news if tag else draw("PNG"), headers={"ETag": '"1"'})

    (item,) = seen.follow("http://f", server.route("/a.png", answer))
    (first,) = await seen.see(item)
    store.db.run("UPDATE pictures SET fetched_at = 5.0")
    seen.look(item)
    await seen.until(lambda: store.db.value("SELECT fetched_at FROM pictures") > 5.0)
    assert seen.shots(item)[0] == first
    store.db.run("UPDATE pictures SET fetched_at = 5.0, etag = '\"0\"'")
    seen.look(item)
    await seen.until(lambda: seen.shots(item)[0].hash != first.hash)


async def test_files_and_archive_agree_after_any_end(reader: Any, server: Any, draw: Draw, tmp_path: Path) -> None:
    seen = reader()
    items = seen.follow("http://f", *(server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(3)))
    shots = await seen.see(*items)
    await seen.stop()
    files = seen.lane.files
    files.large(shots[0].hash).write_bytes(b"")  # a power cut
    files.put(b"s" * 16, b"stray", b"stray")
    (files.folder / "00").mkdir(exist_ok=True)
    (files.folder / "00" / "half.part").write_bytes(b"x")
    after = reader()
    await after.until(lambda: after.shots(items[0])[0].state == "")
    assert sorted(after.lane.files.sizes()) == sorted(shot.hash for shot in shots[1:])
    assert not list(files.folder.rglob("*.part"))


async def test_what_was_asked_for_before_a_kill_comes_after_it(
    reader: Any, server: Any, draw: Draw, store: Store
) -> None:
    made = reader()
    await made.stop()
    (item,) = made.follow("http://f", server.route("/a.png", draw("PNG")))
    store.pictures.ask([item], time.time())
    after = reader()
    await after.until(lambda: after.shots(item)[0].state == "there")


async def test_what_came_just_before_the_end_is_written(
    reader: Any, server: Any, draw: Draw, monkeypatch: Any
) -> None:
    monkeypatch.setattr(lane_module, "TOGETHER", 60.0)
    seen = reader()
    (item,) = seen.follow("http://f", server.route("/a.png", draw("PNG")))
    seen.look(item)
    await seen.until(lambda: seen.lane.files.sizes(tidy=False) and not seen.lane.running)
    assert seen.shots(item)[0].state == "wanted"
    await seen.stop()
    assert seen.shots(item)[0].state == "there"


async def test_a_cache_that_cannot_be_written_is_said_and_the_lane_goes_on(
    reader: Any, server: Any, draw: Draw, monkeypatch: Any
) -> None:
    seen = reader()
    (item,) = seen.follow("http://f", server.route("/a.png", draw("PNG")))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seen.lane.files, "put", full)
    (shot,) = await seen.see(item)
    assert shot.state == "failed" and "No space left" in shot.note
    monkeypatch.undo()
    (other,) = seen.follow("http://g", server.route("/b.png", draw("PNG", fill="blue")))
    assert (await seen.see(other))[0].state == "there"


async def test_letters_of_others_and_nonsense_are_ignored(reader: Any) -> None:
    seen = reader()
    for payload in ({}, {"items": "all"}, {"items": [True, None, "x", -1, 10**30]}):
        seen.lane.hear(Request("picture", payload, time.time()))
    seen.lane.hear(Request("models", {}, time.time()))
    seen.lane.hear(Request("picture", {"items": [1]}, time.time() - 100_000))
    await asyncio.sleep(0.3)
    assert not seen.task.done()
