"""A running scoring service: the feed's own numbers, reasons, questions, pictures; who is let in; limits; the end."""

from __future__ import annotations

import base64
import http.client
import importlib.util
import io
import json
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.config import Config, Models
from penchant.app.derive import Deriver
from penchant.app.embed import clip_runner
from penchant.app.paths import Paths
from penchant.app.ranking import RankSession
from penchant.app.serve.doorman import Doorman
from penchant.app.serve.score import Scorer
from penchant.app.serve.score_ask import Refused, Wanted, wanted
from penchant.app.serve.score_site import MOST_WAITING, THREADS, ScoreSite
from penchant.app.serve.server import Server
from penchant.app.store import Store, spaces
from penchant.app.types import Event

TOKEN = "abcdefghijklmnop-_1"
GARDEN, KERNEL = "tomato soil compost seedling prune harvest rain", "scheduler syscall patch driver memory page latch"
FAKE_CLIP = (str(Path(__file__).with_name("fake_clip.py")),)
Post = Callable[..., tuple[http.client.HTTPResponse, Any]]


def item(n: int) -> Item:
    """Even ones are about gardens and liked, odd ones about kernels."""
    words = (GARDEN, KERNEL)[n % 2].split()
    text = " ".join(words[(n * k) % 7] for k in range(1, 9)) + f" number {n}"
    return Item(
        f"n{n}", f"https://site{n % 3}.example/{n}", f"Note {words[n % 7]}", text,
        Author(f"key{n % 4}", f"Ada {n % 4}"), 1e9 + 3600 * n, lang="en", tags=("plants",) if n % 4 == 0 else (),
    )  # fmt: skip


@pytest.fixture
def archive(home: Path) -> Path:
    """60 items of one source, 40 of them decided; everything derived and published."""
    paths = Paths.from_environment().ensure()
    with Store.open(paths.archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://x.example/feed", "The source")
        ids = store.items.put_page(source, Page(tuple(item(n) for n in range(60)), {}), 1.1e9).item_ids
        store.events.append([Event("like" if n % 2 == 0 else "skip", ids[n]) for n in range(40)])
        deriver = Deriver(store)
        while deriver.step():
            pass
    session = RankSession(paths.archive)
    session.load()
    session.publish()
    session.close()
    return paths.archive


@pytest.fixture
def scorer(archive: Path) -> Iterator[Scorer]:
    made = Scorer(archive, Config(models=Models(judge="", eyes="", sentence="", picture="")), Paths.from_environment())
    yield made
    made.close()


@contextmanager
def serving(scorer: Scorer, token: str = TOKEN, body: int = 1 << 20) -> Iterator[Post]:
    site = ScoreSite(scorer, Doorman.at("127.0.0.1", token))
    server = Server(site, "127.0.0.1", 0, body=body, threads=THREADS)
    thread = threading.Thread(target=server.run)
    thread.start()

    def post(path: str, given: Any = None, method: str = "POST", token: str = TOKEN, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kind = answer.headers.get("Content-Type", "")
        return answer, json.loads(content) if kind.startswith("application/json") else content

    post.site = site  # type: ignore[attr-defined]
    try:
        yield post
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_it_says_what_the_feed_says(scorer: Scorer, archive: Path) -> None:
    """Of an item by its number, and of the same facts sent as a foreign document."""
    session = RankSession(archive)
    session.load()
    ids = session.candidates
    feed = {number: session.why(number).probability for number in ids}
    shown = {each.item_id: each.probability for each in session.order()}
    assert shown and all(feed[number] == pytest.approx(chance) for number, chance in shown.items())
    with Store.open(archive) as store:
        published = {each: store.scores.latest([each])[each].probability for each in ids}
    facts = [
        {
            "title": each.title, "text": each.text, "url": each.url, "author": each.author.name if each.author else "",
            "source": "The source", "lang": each.lang, "tags": list(each.tags), "published": each.published,
        }
        for each in map(item, range(40, 60))
    ]  # fmt: skip
    with serving(scorer) as post:
        known = post("/v1/score", {"documents": [{"item": str(each)} for each in ids]})[1]["data"]
        sent = post("/v1/score", {"documents": facts})[1]
    assert len(ids) == 20 and sent["labels"] == 40 and sent["head"] == 1
    assert [row["index"] for row in known] == [row["index"] for row in sent["data"]] == list(range(20))
    by_id = {ids[row["index"]]: row for row in known}
    for number, foreign in zip(sorted(ids), sent["data"], strict=True):
        assert by_id[number]["probability"] == pytest.approx(feed[number], abs=1e-6)
        assert by_id[number]["probability"] == pytest.approx(published[number], abs=1e-3)
        assert foreign["probability"] == pytest.approx(feed[number], abs=2e-6)
        why = session.why(number)
        assert [part["part"] for part in foreign["reasons"]] == [part.key for part in why.parts]
        told = {part["part"]: part["words"] for part in foreign["reasons"]}
        assert told["words"] == list(why.parts[0].words)
        assert sum(part["logit"] for part in foreign["reasons"]) == pytest.approx(foreign["logit"], abs=1e-4)
    session.close()


def test_it_follows_what_the_reader_does(scorer: Scorer, archive: Path) -> None:
    asked = wanted({"documents": ["driver memory page latch", {"item": "42"}]})
    before = scorer.score(asked).verdicts
    with Store.open(archive, role="cli") as store:
        store.events.append([Event("like", number) for number in range(42, 61, 2)])
    after = scorer.score(asked)
    assert after.labels == 50
    assert after.verdicts[0].probability > before[0].probability + 0.05
    assert after.verdicts[1].probability > before[1].probability


def test_what_is_not_given_is_unknown_and_order_and_company_change_nothing(scorer: Scorer) -> None:
    texts = [f"{GARDEN} {n}" for n in range(5)] + [f"{KERNEL} {n}" for n in range(5)]
    together = scorer.score(wanted({"documents": texts})).verdicts
    assert min(each.probability for each in together[:5]) > max(each.probability for each in together[5:])
    assert "origin" not in together[0].known and "recency" not in together[0].known
    alone = [scorer.score(wanted({"documents": [text], "reasons": False})).verdicts[0] for text in texts[::-1]][::-1]
    assert [each.logit for each in alone] == pytest.approx([each.logit for each in together], abs=1e-5)


def test_re_ranking_by_the_reader_and_by_a_query(scorer: Scorer) -> None:
    texts = [KERNEL, GARDEN, "harvest of tomato seedling and a driver"]
    with serving(scorer) as post:
        by_reader = post("/v1/rerank", {"query": "kernel driver", "documents": texts})[1]["results"]
        by_query = post("/v1/rerank", {"query": KERNEL, "query_weight": 1, "documents": texts})[1]["results"]
        tei = post("/rerank", {"query": "x", "texts": texts, "raw_scores": True})[1]
        scores = post("/v1/score", {"documents": texts, "reasons": False})[1]["data"]
    assert [row["index"] for row in by_reader] == [1, 2, 0] and by_query[0]["index"] == 0
    assert {row["index"]: row["relevance_score"] for row in by_reader} == {
        row["index"]: row["probability"] for row in scores
    }
    assert {row["index"]: row["score"] for row in tei} == {row["index"]: row["logit"] for row in scores}


def test_nobody_without_the_token_no_browser_and_no_other_name(scorer: Scorer) -> None:
    body = {"documents": ["a"]}
    with serving(scorer) as post:
        assert post("/v1/score", body)[0].status == 200
        for wrong in ("", "abcdefghijklmnop-_2", TOKEN[:-1], TOKEN + "x", "\xe9" * 20):
            answer, said = post("/v1/score", body, token=wrong)
            assert answer.status == 401 and said["error"]["type"] == "authentication_error"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert post("/v1/models", method="GET", token="no")[0].status == 401, "reading needs it too"
        assert post("/v1/score", body, Authorization=f"Basic {TOKEN}")[0].status == 401
        for header in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
            assert post("/v1/score", body, **header)[0].status == 403
        answer, _ = post("/v1/score", None, method="OPTIONS", Origin="https://evil.example")
        assert answer.status == 403 and not [name for name in answer.headers if name.startswith("Access-Control")]
        assert post("/v1/score", body, Host="evil.example")[0].status == 421
        assert post("/v1/score", body, Content_Type="text/plain")[0].status == 415, "what a form may send"
        assert post("/v1/score", body, method="PUT")[0].status == 405
        assert post("/v1/nothing", body)[0].status == 404
        assert post("/v1/models", method="GET")[1]["data"][0]["id"] == "penchant"
    site = ScoreSite(scorer, Doorman.at("127.0.0.1", ""))  # never open for want of a token
    with serving(scorer, token="") as post:
        assert post("/v1/score", body, token="")[0].status == 401 and site.doorman.token == ""


def test_limits_are_said_and_the_service_goes_on(scorer: Scorer) -> None:
    with serving(scorer, body=20_000) as post:
        assert post("/v1/score", b'{"documents":["' + b"x" * 30_000 + b'"]}')[0].status == 413
        assert post("/v1/score", b"{")[0].status == 400
        assert post("/v1/score", {"documents": [{"item": "999999"}]})[0].status == 404
        assert post("/v1/score", {"documents": [{"text": "a", "source": "nobody"}]})[0].status == 404
        answer, said = post("/v1/score", {"documents": ["a"], "questions": ["Is it?"]})
        assert answer.status == 501 and "no language model" in said["error"]["message"]
        picture = base64.b64encode(b"GIF89a broken").decode()
        answer, said = post("/v1/score", {"documents": ["a", {"picture": picture}]})
        assert answer.status == 422 and said["error"]["message"].startswith("document 1:")
        assert post("/v1/score", {"documents": ["a"]})[0].status == 200


def test_a_request_that_finds_the_ranking_busy_is_told_so(scorer: Scorer, until: Any) -> None:
    scorer.score(wanted({"documents": ["a"]}))
    with scorer._lock, pytest.raises(Refused) as refused:
        scorer.score(Wanted(wanted({"documents": ["a"]}).documents, seconds=0.2))
    assert refused.value.status == 503
    with serving(scorer) as post, ThreadPoolExecutor(MOST_WAITING) as pool:
        with scorer._lock:
            waiting = [pool.submit(post, "/v1/score", {"documents": ["a"]}) for _ in range(MOST_WAITING)]
            until(lambda: post.site._places._value == 0)  # type: ignore[attr-defined]
            assert post("/v1/score", {"documents": ["a"]})[0].status == 429
            assert post("/v1/models", method="GET")[0].status == 200
        assert [each.result()[0].status for each in waiting] == [200] * MOST_WAITING


def test_nothing_is_written_and_nothing_is_kept(scorer: Scorer, archive: Path, home: Path) -> None:
    def rows() -> list[int]:
        with Store.open(archive) as store:
            return [store.db.value(f"SELECT count(*) FROM {table}") for table in ("events", "embeddings", "items")]

    before = rows()
    scorer.score(wanted({"documents": ["Zyzzyva secret words", {"picture": png((200, 30, 30))}]}))
    folder = scorer._models._folder  # type: ignore[union-attr]
    assert folder.stat().st_mode & 0o077 == 0 and not list(folder.glob("*.jpg"))
    assert rows() == before
    scorer.close()
    assert not folder.exists()
    for file in home.rglob("*"):
        assert not file.is_file() or b"Zyzzyva" not in file.read_bytes()


def png(colour: tuple[int, int, int], side: int = 64) -> str:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def test_a_picture_is_read_as_the_feed_reads_it_and_encoded_once(
    archive: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the model whose vectors the archive has; by none when that is gone."""
    log = home / "asked"
    monkeypatch.setenv("FAKE_MODEL_LOG", str(log))
    monkeypatch.setattr(clip_runner, "PROGRAM", FAKE_CLIP)
    with Store.open(archive, role="cli") as store:
        rng = np.random.default_rng(1)
        numbers = rng.standard_normal((60, 8)).astype("<f4")
        rows = [(row[0], numbers[n].tobytes()) for n, row in enumerate(store.db.rows("SELECT content_hash FROM items"))]
        for part in (spaces.PICTURE, spaces.TEXT):
            store.vectors.put("clip:tiny:1" + part, rows)
            store.vectors.set_complete("clip:tiny:1" + part)
        spaces.activate_picture_spaces(store.db, "clip:tiny:1")
    config = Config(models=Models(judge="", eyes="", sentence="", picture=str(home / "tiny.pt")))
    (home / "tiny.pt").write_bytes(b"x")
    scorer = Scorer(archive, config, Paths.from_environment())
    monkeypatch.setattr("penchant.app.serve.score_models.chosen", lambda kind, *_: str(home / "tiny.pt"))
    red = {"text": "a tomato", "picture": png((220, 20, 20))}
    try:
        found = scorer.score(wanted({"documents": [red, {"text": "a tomato"}, red]}))
        assert not found.notes
        with_picture, without, again = found.verdicts
        assert "picture" in with_picture.known and "picture" not in without.known and "caption" in without.known
        assert with_picture.logit == again.logit and abs(with_picture.logit - without.logit) > 1e-3
        scorer.score(wanted({"documents": [red]}))
        kinds = [json.loads(line)[0] for line in log.read_text(errors="replace").splitlines()]
        assert kinds.count("picture") == 1 and kinds.count("text") == 1, "each is encoded once"
        monkeypatch.setattr("penchant.app.serve.score_models.chosen", lambda kind, *_: None)
        scorer._models._clip = None  # type: ignore[union-attr]
        other = scorer.score(wanted({"documents": [{"picture": png((1, 2, 3))}]}))
        assert "picture" not in other.verdicts[0].known and any("picture" in note for note in other.notes)
    finally:
        scorer.close()


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]' (it needs a compiler)")
    place = Path(__file__).parents[1] / "judge" / "tiny_eyes.py"
    spec = importlib.util.spec_from_file_location("tiny_eyes", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_questions_about_texts_and_pictures(archive: Path, home: Path, tiny: ModuleType) -> None:
    tiny.write_text(home / "text.gguf", chat=True)
    tiny.write_eyes(home / "eyes.gguf")
    config = Config(models=Models(judge=str(home / "text.gguf"), eyes=str(home / "eyes.gguf"), sentence="", picture=""))
    scorer = Scorer(archive, config, Paths.from_environment())
    questions = ["Is it red?", "Is it a garden?", "Is it old?"]
    red, blue = ({"picture": png(colour)} for colour in ((220, 20, 20), (9, 9, 200)))
    documents: list[Any] = [red, "tomato soil", {"item": "41"}, blue]
    try:
        with serving(scorer) as post:
            found = post("/v1/score", {"documents": documents, "questions": questions, "reasons": False})[1]
            answers = [[each["yes"] for each in row["answers"]] for row in found["data"]]
            assert all(0 < yes < 1 for row in answers for yes in row)
            assert answers[0] != answers[3] and answers[1] != answers[2]
            assert [each["question"] for each in found["data"][0]["answers"]] == questions
            models = scorer._models
            assert models is not None
            sights = list((models._folder / "sights").iterdir())
            assert len(sights) == 2, "two pictures, each encoded once for three questions"
            again = post("/v1/score", {"documents": documents, "questions": questions[:1]})[1]
            assert [row["answers"][0]["yes"] for row in again["data"]] == [row[0] for row in answers]
            long = "Is it, all things that were said of it before considered, rather " + "old, " * 30 + "than new?"
            assert post("/v1/score", {"documents": ["a text"], "questions": [long]})[0].status == 200
            states = list((models._folder / "states").glob("*.state"))
            assert states and not list((home / "cache").rglob("*.state")), "what is asked stays in no cache"
            late, said = post("/v1/score", {"documents": ["word " * 900] * 16, "questions": questions, "seconds": 0.1})
            assert late.status == 504 and "0.1 seconds" in said["error"]["message"]
            after = post("/v1/score", {"documents": documents[1:2], "questions": questions[:1]})[1]
            assert after["data"][0]["answers"][0]["yes"] == answers[1][0], "a request cut short breaks no later one"
    finally:
        scorer.close()


def test_the_command_keeps_a_token_listens_on_loopback_only_and_ends(home: Path, cli: Any, until: Any) -> None:
    cli("serve", "--score", "--host", "0.0.0.0", code=2)
    assert "this machine only" in cli.errors
    child = cli.start("serve", "--score", "--port", "0")
    assert child.stdout is not None
    line = child.stdout.readline()
    port = int(line.split("127.0.0.1:")[1].split("/")[0])
    file = home / "data" / "score-token"
    token = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and token not in line
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v1/score", json.dumps({"documents": ["a"]}),
                       {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})  # fmt: skip
    answer = json.loads(connection.getresponse().read())
    assert answer["data"][0]["probability"] == 0.5 and "even odds" in answer["notes"][0]
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0 and "Traceback" not in (child.stderr.read() if child.stderr else "")
