"""IMAP against a real server on loopback: read-only, resumable, bounded, and refusals in words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from penchant.adapters import mail_imap, secrets
from penchant.adapters.base import NotAuthorized, NotFound, Page, SourceError, TooLarge, Unreachable
from penchant.adapters.http import Client, Limits
from penchant.adapters.mail import Mail


@pytest.fixture(autouse=True)
def password(imap: Any) -> None:
    secrets.set(f"mail:me@127.0.0.1:{imap.port}", "s3cret")


async def visit(imap: Any, cursor: Any = None, pages: int = 99, folder: str = "INBOX", **settings: Any) -> list[Page]:
    settings = {"address": imap.address(folder), "ca": str(imap.ca), **settings}
    found: list[Page] = []
    async with Client(limits=Limits(total_seconds=2.0)) as client:
        stream: Any = Mail().fetch(client, settings, json.loads(json.dumps(cursor or {})))
        async for page in stream:
            found.append(page)
            if len(found) == pages:
                break
        await stream.aclose()
    return found


def titles(pages: list[Page]) -> list[str]:
    return [item.title for page in pages for item in page.items]


async def test_the_newest_come_first_and_nothing_is_marked(imap: Any, write: Any) -> None:
    imap.put(*(write(n) for n in range(1, 36)))
    pages = await visit(imap, limit=25)
    assert titles(pages) == [f"Letter {n}" for n in range(35, 10, -1)]
    sent = " ".join(imap.orders)
    assert "EXAMINE" in sent and "BODY.PEEK" in sent
    assert not any(word in sent for word in ("SELECT", "STORE", "BODY[", "EXPUNGE", "COPY"))


async def test_only_what_is_new_is_read_later(imap: Any, write: Any) -> None:
    imap.put(*(write(n) for n in range(1, 4)))
    first = await visit(imap)
    assert titles(await visit(imap, first[-1].cursor)) == []
    imap.put(write(4), write(5))
    del imap.folder["INBOX"][4]
    again = await visit(imap, first[-1].cursor)
    assert titles(again) == ["Letter 5"]
    assert titles(await visit(imap, again[-1].cursor)) == []


@pytest.mark.parametrize("stopped", range(1, 5))
async def test_an_interrupted_visit_leaves_no_hole(imap: Any, write: Any, stopped: int) -> None:
    imap.put(*(write(n) for n in range(1, 36)))
    before = await visit(imap, pages=stopped)
    imap.put(*(write(n) for n in range(36, 61)))  # and the next one is interrupted too
    between = await visit(imap, before[-1].cursor, pages=2)
    rest = await visit(imap, between[-1].cursor)
    seen = titles(before) + titles(between) + titles(rest)
    assert sorted(seen) == sorted(f"Letter {n}" for n in range(1, 61)), "each once"


async def test_a_renumbered_folder_is_read_anew(imap: Any, write: Any) -> None:
    imap.put(write(1), write(2))
    first = await visit(imap)
    imap.validity, imap.next = 8, 1
    imap.folder["INBOX"].clear()
    imap.put(write(1))
    assert titles(await visit(imap, first[-1].cursor)) == ["Letter 1"]


@pytest.mark.parametrize("lie", ["no uidnext", "no plain"])
async def test_servers_that_say_less(imap: Any, write: Any, lie: str) -> None:
    imap.lies.add(lie)
    first = await visit(imap)
    imap.put(write(1), write(2))
    again = await visit(imap, first[-1].cursor)
    assert titles(again) == ["Letter 2", "Letter 1"]
    assert titles(await visit(imap, again[-1].cursor)) == []


async def test_folders_with_other_letters(imap: Any, write: Any) -> None:
    imap.put(write(1), folder="Entw&APw-rfe")
    assert titles(await visit(imap, folder="Entw%C3%BCrfe")) == ["Letter 1"]
    with pytest.raises(NotFound) as caught:
        await visit(imap, folder="Nowhere")
    assert "INBOX, Entwürfe" in caught.value.hint


async def test_a_wrong_password_is_said_in_words(imap: Any) -> None:
    secrets.set(f"mail:me@127.0.0.1:{imap.port}", "wrong")
    with pytest.raises(NotAuthorized) as caught:
        await visit(imap)
    assert "\x1b" not in str(caught.value) and "penchant mail login" in caught.value.hint
    secrets.delete(f"mail:me@127.0.0.1:{imap.port}")
    with pytest.raises(NotAuthorized, match="no password"):
        await visit(imap)


async def test_an_unknown_certificate_gets_no_password(imap: Any) -> None:
    with pytest.raises(Unreachable, match="no valid secure connection"):
        await visit(imap, ca="")
    assert imap.orders == []


async def test_starttls_is_required(server: Any) -> None:
    """A server without encryption on the port where STARTTLS is wanted."""

    async def talk(reader: Any, writer: Any) -> None:
        writer.write(b"* OK hi\r\n")
        while line := await reader.readline():
            heard.append(line)
            writer.write(b"* CAPABILITY IMAP4rev1\r\n" + line.split()[0] + b" OK done\r\n")

    heard: list[bytes] = []
    bare = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = bare.sockets[0].getsockname()[1]
    secrets.set(f"mail:me@127.0.0.1:{port}", "s3cret")
    async with Client(limits=Limits(total_seconds=2.0)) as client:
        with pytest.raises(Unreachable, match="no encryption"):
            async for _ in Mail().fetch(client, {"address": f"imap://me@127.0.0.1:{port}"}, {}):
                pass
    assert b"s3cret" not in b"".join(heard)
    bare.close()


@pytest.mark.parametrize(
    ("lie", "failure"), [("cut", Unreachable), ("bomb", TooLarge), ("hang", SourceError), ("flood", TooLarge)]
)
async def test_bad_servers_end_in_words(
    imap: Any, write: Any, lie: str, failure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_imap._Bounded, "spare", 4 << 20)
    imap.put(write(1))
    imap.lies.add(lie)
    with pytest.raises(failure) as caught:
        await visit(imap)
    assert str(caught.value) and caught.value.hint
    imap.lies.clear()
    assert titles(await visit(imap)) == ["Letter 1"]


async def test_a_long_message_is_read_from_its_beginning(imap: Any, write: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(mail_imap, "MAX_MESSAGE", 1000)
    imap.put(write(1, "word " * 5000))
    [page, _] = await visit(imap)
    assert 500 < len(page.items[0].text) < 1000
