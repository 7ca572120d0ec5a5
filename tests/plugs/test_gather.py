"""Items, files, papers and repositories as documents: real files, a real loopback server."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.base import Item, NotFound, Page
from penchant.adapters.http import Client, Limits
from penchant.app.errors import PenchantError
from penchant.app.paths import Paths
from penchant.app.plugs import code, gather, local, papers
from penchant.app.store import Store

ATOM = "xmlns='http://www.w3.org/2005/Atom' xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'"
ENTRY = (
    "<entry><id>http://arxiv.org/abs/2601.00001v2</id><title>Slow clocks</title><updated>2026-01-02T00:00:00Z</updated>"
    "<published>2026-01-02T00:00:00Z</published><summary>We slow clocks. Code: https://github.com/ada/clock</summary>"
    "<author><name>Ada</name></author><category term='cs.CL'/></entry>"
)
PAGE = (
    "<html><head><title>x</title></head><body><nav>menu</nav><h2>1 Clocks</h2><p>Let <math alttext=\"x^2\"><mi>x</mi>"
    "<annotation>junk</annotation></math> be slow, as <a href='#bib.1'>[1]</a> says.</p>" + "<p>More of it.</p>" * 90 +
    "<section id='bib' class=\"ltx_bibliography\"><p>Old paper</p></section></body></html>"
)  # fmt: skip


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(limits=Limits(total_seconds=5.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as made:
        yield made


def put(store: Store, **facts: Any) -> int:
    source = store.subscriptions.add("rss", "https://feed.example/")
    page = Page((Item(native_id="1", url="https://feed.example/1", **facts),), {})
    return store.items.put_page(source, page, time.time()).item_ids[0]


def test_an_item_with_its_readme(store: Store) -> None:
    item = put(store, title="Slow", text="A clock [1].\n\nGithub [2]\n\nFrom ada/clock:\n\nHow to build it.")
    found = gather.of_item(store, item)
    assert [part.name for part in found.parts] == ["", "README of ada/clock"] and found.item_ids == (item,)
    assert found.parts[0].text == "A clock.\n\nGithub" and found.parts[1].text == "How to build it."
    with pytest.raises(PenchantError, match="no text"):
        gather.of_item(store, put(store, title="Only a title"))


@pytest.mark.parametrize(
    ("name", "data", "title", "text"),
    [
        ("a.md", b"# Clocks\n\nslow \x1b[31mones", "Clocks", "slow ones"),
        ("a.txt", "gr\u00fc\u00df".encode("cp1252"), "a", "gr\u00fc\u00df"),
        ("a.html", b"<title>T &amp; U</title><body><p>one<p>two", "T & U", "one\n\ntwo"),
        ("a.txt", "\ufefftwo".encode("utf-16"), "a", "two"),
    ],
)
async def test_files_of_the_reader(tmp_path: Path, name: str, data: bytes, title: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = await local.of_file(path)
    assert found.title == title and text in found.parts[0].text and "\x1b" not in found.parts[0].text


async def test_files_that_are_no_documents_are_refused_in_words(tmp_path: Path) -> None:
    for name, data in (("a.bin", b"\x7fELF\0\0\0"), ("b.pdf", b"%PDF-1.4 nonsense"), ("c.txt", b"  \n")):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(PenchantError) as failure:
            await local.of_file(path)
        assert path.name in str(failure.value)
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(PenchantError):
            await local.of_file(path)


async def test_a_pdf_is_read_where_something_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(_pdf("The harbour clock is slow."))
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PenchantError, match="PDF") as failure:
        await local.of_file(path)
    assert "penchant[pdf]" in failure.value.hint
    monkeypatch.undo()
    pytest.importorskip("pypdf")
    assert "harbour clock is slow" in (await local.of_file(path)).parts[0].text


def _pdf(words: str) -> bytes:
    """One page with one line, by hand."""
    stream = f"BT /F1 12 Tf 50 700 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n" + table
    return made + head + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(made)


async def test_a_paper_is_its_page_else_its_abstract(server: Any, client: Client) -> None:
    server.route("/api/query", f"<feed {ATOM}>{ENTRY}</feed>", headers={"Content-Type": "application/atom+xml"})
    server.route("/html/2601.00001v2", PAGE, headers={"Content-Type": "text/html"})
    name = f"arxiv:2601.00001?api={server.url('/api').rstrip('/')}"
    found = await papers.of_paper(client, name)
    text = found.parts[0].text
    assert found.title == "Slow clocks" and found.source == "arxiv:2601.00001" and not found.notes
    assert "Let x^2 be slow, as [1] says." in text and "We slow clocks" in text and "By Ada." in text
    assert "junk" not in text and "menu" not in text and "Old paper" not in text
    assert gather.repositories(None, found) == ["ada/clock"]
    server.route("/html/2601.00001v2", "no", status=404)
    found = await papers.of_paper(client, name)
    assert found.notes == (papers.ONLY_ABSTRACT,) and "Abstract: We slow clocks." in found.parts[0].text
    for wrong in ("arxiv:cat:cs.IR", "arxiv:2601.00001,2601.00002", "arxiv:"):
        with pytest.raises(PenchantError, match="not a paper"):
            await papers.of_paper(client, wrong)


async def test_a_repository_is_its_readme_and_its_files(server: Any, client: Client) -> None:
    page = "<article><p>Build it.</p></article>"
    server.route("/repos/ada/clock/readme", page, headers={"Content-Type": "text/html"})
    tree = [{"type": "blob", "path": path} for path in ("b/x.py", "a.py", "vendor/v.c", "b/\x1b.py")]
    body = json.dumps({"tree": [*tree, {"type": "tree", "path": "b"}, 7], "truncated": True})
    server.route("/repos/ada/clock/git/trees/HEAD", body, headers={"Content-Type": "application/json"})
    parts, notes = await code.read_code(client, "ada/clock", server.url("").rstrip("/"))
    assert [part.name for part in parts] == ["README of ada/clock", "files of ada/clock"]
    assert parts[1].text == "./: a.py\n\nb/: x.py" and notes == ["ada/clock has more files than are listed"]
    server.route("/repos/ada/clock/git/trees/HEAD", "[", headers={"Content-Type": "application/json"})
    parts, notes = await code.read_code(client, "ada/clock", server.url("").rstrip("/"))
    assert len(parts) == 1 and "did not come" in notes[0]
    with pytest.raises(NotFound):
        await code.read_code(client, "ada/none", server.url("").rstrip("/"))
