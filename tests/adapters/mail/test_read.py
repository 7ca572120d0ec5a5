"""What becomes of a message, and what hostile ones cannot do. Maildirs and the real parse child included."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import BadSettings, Item, NotFound, Page
from penchant.adapters.contract_rules import proper
from penchant.adapters.http import Client
from penchant.adapters.mail import Mail
from penchant.adapters.mail_place import Place, from_address, from_utf7, to_utf7
from penchant.adapters.mail_read import read_messages, to_item
from penchant.app.parse_runner import ParseLimits, ParseRunner

NOW = 1_790_000_000.0
NEWSLETTER = b"""From: "Ada from Engines" <ada@engines.example>
To: me@example.org
Subject: =?utf-8?q?The_analytical_engine_=E2=80=94_part_2?=
Date: Sun, 01 Mar 2026 10:00:00 +0100
Message-ID: <abc@engines.example>
List-Id: Engines Weekly <engines.news.example>
List-Unsubscribe: <mailto:leave@engines.example>, <https://engines.example/leave?u=1>
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain

View this in your browser: https://engines.example/t/1
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><head><style>p {}</style></head><body>
<div style=3D"display: none">Preview text &zwnj;&nbsp;&zwnj;&nbsp;</div>
<p>Wheels &amp; cards.&nbsp;\xe2\x80\x8c&nbsp;\xe2\x80\x8c&nbsp;\xe2\x80\x8c&nbsp;\xe2\x80\x8c See
<a href=3D"https://engines.example/two">the second</a>.</p>
<img src=3D"https://track.example/open.gif?me" width=3D1 height=3D1><img src=3D"cid:logo" alt=3D"logo">
<img src=3D"https://engines.example/wheel.jpg" width=3D600 height=3D400 alt=3D"A wheel">
<a href=3D"https://engines.example/p/two">View in browser</a></body></html>
--inner--
--outer
Content-Type: image/png
Content-ID: <logo>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--outer
Content-Type: application/pdf; name="drawing.pdf"
Content-Disposition: attachment; filename="drawing.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--outer--
"""


def read(raw: bytes, **place: Any) -> Item:
    item = to_item(raw, Place(**place), NOW)
    assert item is not None
    proper(item)
    return item


def test_a_newsletter() -> None:
    item = read(NEWSLETTER)
    assert item.native_id == "mid:abc@engines.example" and item.title == "The analytical engine — part 2"
    assert item.text == "Wheels & cards. See the second [1].\n\nView in browser [2]"
    assert item.url == "https://engines.example/p/two" and item.published == 1_772_355_600
    assert item.author is not None
    assert (item.author.key, item.author.name) == ("mail:engines.news.example", "Ada from Engines")
    assert [link.url for link in item.links][2:] == ["https://engines.example/leave?u=1"]
    assert item.extra["unsubscribe"] == "https://engines.example/leave?u=1"
    [file] = item.media
    assert (file.url, file.kind, file.alt, file.mime, file.size) == ("", "file", "drawing.pdf", "application/pdf", 9)


def test_pictures_only_where_wished_and_never_the_tracking_ones() -> None:
    pictures = [m.url for m in read(NEWSLETTER, pictures=True).media if m.kind == "image"]
    assert pictures == ["https://engines.example/wheel.jpg"]


def test_a_conversation_has_people_and_threads(write: Any) -> None:
    more = {"List_Id": "<talk.example.org>", "List_Post": "<mailto:talk@example.org>"}
    item = read(write(3, In_Reply_To="<2@news.example>", References="<1@news.example> <2@news.example>", **more))
    assert item.author is not None and item.author.key == "mail:ada@news.example" and item.author.name == "Ada"
    assert (item.in_reply_to, item.thread) == ("mid:2@news.example", "mid:1@news.example")


def test_only_what_came_through_a_list(write: Any) -> None:
    assert to_item(write(1), Place(lists_only=True), NOW) is None
    assert to_item(write(1, List_Id="<a.b>"), Place(lists_only=True), NOW) is not None


@pytest.mark.parametrize(
    ("charset", "octets"),
    [("iso-8859-1", "é".encode("latin-1")), ("utf-8", "é".encode("cp1252")), ("nonsense", "é".encode()),
     ("", "é".encode()), ("utf-8", "é".encode())],
)  # fmt: skip
def test_charsets_as_they_come(charset: str, octets: bytes) -> None:
    raw = b"Subject: caf" + octets + b"\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\ncaf" + octets
    item = read(raw)
    assert (item.title, item.text) == ("café", "café")


def test_plain_text_stays_as_it_is() -> None:
    item = read(b"Subject: x\n\na < b && <script>alert(1)</script>\n\n  indented\n")
    assert item.text == "a < b && <script>alert(1)</script>\n\n  indented"


def test_a_secret_message_says_so() -> None:
    raw = b"Subject: x\nContent-Type: multipart/encrypted; boundary=b\n\n--b\n\nxx\n--b--\n"
    assert "encrypted" in read(raw).text


def nested(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return b"Subject: deep\nMessage-ID: <deep@x>\n" + head + b"Content-Type: text/plain\n\nend\n"


HOSTILE = {
    "deep": nested(5000),
    "deep within bounds": nested(39),
    "many parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 300_000,
    "long header": b"Subject: " + b"x" * 1_900_000 + b"\n\nhi",
    "many headers": b"X: y\n" * 300_000 + b"\nhi",
    "addresses": b"From: " + b'"a" <' * 50_000 + b"\nSubject: s\n\nhi",
    "encoded words": b"Subject: " + b"=?utf-8?q?=1b[31m?= " * 50_000 + b"\n\nhi",
    "divs": b"Content-Type: text/html\n\n" + b"<div style='display:none'>" * 60_000,
    "no head": bytes(range(256)) * 500,
    "empty": b"",
    "parameters": b"Content-Type: text/html; " + b"charset*0*=x;" * 20_000 + b"\n\n<p>hi",
    "date": b"Date: Fri, 99 Foo 99999999999 99:99:99 +9999\n\nhi",
}


def maildir(folder: Path, *raws: bytes) -> dict[str, Any]:
    (folder / "new").mkdir(parents=True, exist_ok=True)
    for raw in raws:
        number = len(os.listdir(folder / "new"))
        (folder / "new" / f"{1_700_000_000 + number}.M1.host").write_bytes(raw)
    return {"address": f"maildir:{folder}"}


async def visit(settings: Any, cursor: Any = None, client: Client | None = None) -> list[Page]:
    async with client or Client() as client:
        return [page async for page in Mail().fetch(client, settings, cursor or {})]


async def test_hostile_messages_cost_themselves_only(tmp_path: Path, write: Any) -> None:
    place = maildir(tmp_path / "box", *HOSTILE.values(), write(1))
    async with ParseRunner(ParseLimits(cpu_seconds=0.7, wall_seconds=5.0)) as parse:
        items = [item for page in await visit(place, client=Client(parse=parse)) for item in page.items]
    assert len(items) >= len(HOSTILE), "one that breaks the parser is shown as unreadable"
    assert "Letter 1" in [item.title for item in items]
    for item in items:
        proper(item)


LINES = [*NEWSLETTER.splitlines(), b"--outer", b"--inner--", b"", b"\xff\xfe", b"=?x?q?"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_any_heap_of_lines_is_read(lines: list[bytes]) -> None:
    for item in read_messages((b"\n".join(lines),), Place(), NOW):
        proper(item)


async def test_a_maildir_where_messages_move(tmp_path: Path, write: Any) -> None:
    box = tmp_path / "box"
    first = await visit(maildir(box, write(1), write(2)))
    assert [item.title for item in first[0].items] == ["Letter 2", "Letter 1"]
    (box / "cur").mkdir()
    time.sleep(0.02)
    for name in os.listdir(box / "new"):
        os.rename(box / "new" / name, box / "cur" / f"{name}:2,S")
    # delivered late with an old date in its name, as a synchroniser does
    (box / "new" / "1600000000.M9.host").write_bytes(write(9))
    titles = [item.title for page in await visit(maildir(box), first[-1].cursor) for item in page.items]
    assert "Letter 9" in titles
    cursor = (await visit(maildir(box), first[-1].cursor))[-1].cursor
    assert not [item for page in await visit(maildir(box), cursor) for item in page.items]


async def test_the_first_visit_reads_the_newest_only(tmp_path: Path, write: Any) -> None:
    place = maildir(tmp_path / "box", *(write(n) for n in range(30))) | {"limit": 12}
    pages = await visit(place)
    assert [i.title for page in pages for i in page.items] == [f"Letter {n}" for n in range(29, 17, -1)]
    assert not [i for page in await visit(place, pages[-1].cursor) for i in page.items]


async def test_what_is_no_maildir_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await visit({"address": f"maildir:{tmp_path}/none"})
    with pytest.raises(BadSettings, match="no Maildir"):
        await visit({"address": f"maildir:{tmp_path}"})
    with pytest.raises(BadSettings):
        await visit({"address": "mbox:/x"})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_names_of_folders_survive(name: str) -> None:
    assert from_utf7(to_utf7(name)) == name and to_utf7(name).isascii()


def test_addresses_are_canonical() -> None:
    for address, same in {
        "imaps://me@mail.example": "imaps://me@mail.example/INBOX",
        "imaps://me@home.example@Mail.Example:993/a b": "imaps://me%40home.example@mail.example/a%20b",
        "imap://me@mail.example:1143/x?only=lists": "imap://me@mail.example:1143/x?only=lists",
        "maildir:/home/me//Mail/": "maildir:/home/me/Mail",
    }.items():
        place = from_address(address)
        assert place is not None and place.address == same
        assert from_address(same) == place
    wrongs = ["imaps://mail.example", "imaps://a@b@/x", "imaps://me@h:0/", "imaps://me@h:99999", "maildir:x", "pop://a@b"]
    for wrong in wrongs:
        assert from_address(wrong) is None
