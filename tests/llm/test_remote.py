"""A server as a voice: what it is told and what never, streams of any kind, failures in words."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import secrets
from penchant.app.config import Config
from penchant.app.errors import PenchantError
from penchant.app.llm import remote
from penchant.app.llm import remote_wire as wire
from penchant.app.llm.choose import open_voice
from penchant.app.llm.remote import NotPermitted, Remote, base_of, token_key
from penchant.app.llm.words import clean
from penchant.app.paths import Paths
from penchant.app.voice.values import LIKELIHOOD, Carried


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path)


async def said_by(address: str, paths: Paths, carried: Carried | None = None, **more: Any) -> str:
    async with open_voice(address, Config(), paths) as voice:
        stream = voice.write("Write.", 20, carried or Carried(system="You write."), **more)
        return "".join([piece async for piece in stream])


async def test_an_answer_comes_in_pieces_and_the_server_is_told_words_alone(openai: Any, paths: Paths) -> None:
    turns = [("My name is Ada.", "Hello Ada.")]
    assert await said_by(openai.address, paths, stop="\n", temperature=0.5, seed=3, turns=turns) == "Hello there."
    ((_, body, headers),) = openai.of("/v1/chat/completions")
    assert [each["role"] for each in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["model"] == "tiny-chat" and body["stream"] and body["max_tokens"] == 20 and body["stop"] == ["\n"]
    assert (body["temperature"], body["seed"]) == (0.5, 3) and "Authorization" not in headers


async def test_its_name_says_who_reads_it(openai: Any, paths: Paths) -> None:
    async with open_voice(f"{openai.address}/v1#big one\x1b[2J", Config(), paths) as voice:
        assert voice.host == openai.address[7:] and voice.host in voice.name and "\x1b" not in voice.name
        assert LIKELIHOOD not in voice.can
        with pytest.raises(PenchantError, match="how likely"):
            await voice.loglik(["a"], Carried())
        with pytest.raises(PenchantError, match="words alone"):
            await voice.loglik(["a"], Carried(soft=Path("x")))


async def test_a_server_that_tells_probabilities_scores(openai: Any, paths: Paths) -> None:
    openai.echo = True
    async with open_voice(openai.address, Config(), paths) as voice:
        assert voice.can == {LIKELIHOOD}
        found = await voice.loglik([" the bank\n", " a train\n", ""], Carried(history="Posts:\n-"))
    assert found == [-1.5, -1.0, None]


async def test_a_token_goes_to_its_server_alone(openai: Any, paths: Paths) -> None:
    secrets.configure(paths.secrets)
    secrets.set(token_key(openai.address), "s3cret")
    await said_by(openai.address, paths)
    assert {headers.get("Authorization") for _, _, headers in openai.asked} == {"Bearer s3cret"}
    openai.asked.clear()
    secrets.delete(token_key(openai.address))
    secrets.set(token_key("http://127.0.0.1:1"), "s3cret")
    secrets.set(token_key(openai.address.replace("http:", "https:")), "s3cret")
    await said_by(openai.address, paths)
    assert {headers.get("Authorization") for _, _, headers in openai.asked} == {None}


def test_a_token_is_not_sent_unencrypted_to_another_machine() -> None:
    assert Remote("http://far.example/v1", "m", "s3cret")._token == ""
    assert Remote("https://far.example/v1", "m", "s3cret")._token == "s3cret"


async def test_a_server_elsewhere_is_told_nothing_before_the_reader_allows_it() -> None:
    far = Remote("https://far.example/v1", "m")
    assert not far.near
    with pytest.raises(NotPermitted, match=r"far\.example"):
        await anext(far.write("secret", 5, Carried()))
    with pytest.raises(NotPermitted):
        await far.loglik(["secret"], Carried())
    assert Remote("http://[::1]:8080/v1", "m").near and not Remote("http://localhost.far.example/v1", "m").near
    await far.close()


async def test_no_redirect_is_followed(openai: Any, paths: Paths) -> None:
    openai.status, openai.location = 307, "http://127.0.0.1:1/v1/chat/completions"
    with pytest.raises(PenchantError, match="sends on"):
        await said_by(openai.address, paths)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"", "without a token"),
        (404, b'{"error": {"message": "no model \\u001b[31m"}}', "no model"),
        (429, b"[" * 100_000, "too many"),
        (500, b'{"error": "out of memory"}', "out of memory"),
        (200, b'data: {"error": {"message": "context too long"}}\n\n', "context too long"),
        (200, b"data: [[[[\n\n", "broke off"),
        (200, b"", "no answer at all"),
        (200, b"<html>Log in, please</html>", "no answer at all"),
        (200, b'{"error": {"message": "the model is asleep"}}', "model is asleep"),
        (200, b'data: {"choices": [{"delta": {"content": "half a sent"}}]}\n\n', "has no end"),
        (200, b'data: {"choices": []}\n\n' * 2_000, "on and on"),
        (200, b"x" * (2 << 20), "broke off"),
    ],
)
async def test_failures_come_in_words(openai: Any, paths: Paths, status: int, body: bytes, words: str) -> None:
    openai.status, openai.body = status, body
    with pytest.raises(PenchantError, match=words) as refused:
        await said_by(openai.address, paths)
    assert "\x1b" not in str(refused.value) and refused.value.hint


async def test_a_server_that_does_not_stream_answers_all_the_same(openai: Any, paths: Paths) -> None:
    openai.body = b'{"choices": [{"message": {"content": "All at\\u001b[2J once."}, "finish_reason": "stop"}]}'
    assert await said_by(openai.address, paths) == "All at[2J once."


async def test_a_server_that_writes_for_ever_is_left(openai: Any, paths: Paths, until: Any) -> None:
    openai.pieces = ("words " * 1_000,) * 500
    said = await said_by(openai.address, paths)
    assert 0 < len(said) < 10_000, "20 tokens were asked for"


async def test_a_short_answer_without_end_is_left_at_its_length(
    openai: Any, paths: Paths, monkeypatch: pytest.MonkeyPatch, until: Any
) -> None:
    monkeypatch.setattr(wire, "MOST", 1 << 14)
    openai.endless = 200
    with pytest.raises(PenchantError, match="answers with more than") as refused:
        await said_by(openai.address, paths)
    assert refused.value.hint
    await asyncio.to_thread(until, lambda: openai.closed == 1)


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_or_a_refusal_in_drops_is_left_after_a_while(
    openai: Any, paths: Paths, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(remote, "SHORT", 0.3)
    voice = Remote(f"{openai.address}/v1", "" if status == 200 else "m")
    openai.slow, openai.endless = 0.02, status
    try:
        async with asyncio.timeout(10.0):
            with pytest.raises(PenchantError, match=r"did not answer within 0\.3 s|status 500"):
                if status == 200:
                    await voice.meet()
                async for _ in voice.write("Write.", 20, Carried()):
                    pass
    finally:
        await voice.close()


async def test_comments_are_no_sign_of_life(openai: Any, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SILENT", 0.3)
    openai.comments, openai.slow = 10_000, 0.01
    with pytest.raises(PenchantError, match="nothing was said"):
        await said_by(openai.address, paths)


async def test_where_one_text_is_refused_the_others_are_let_be(openai: Any, paths: Paths) -> None:
    openai.echo = True
    async with open_voice(openai.address, Config(), paths) as voice:
        openai.refused = "three"
        with pytest.raises(PenchantError, match="500"):
            await voice.loglik(["one", "two", "three", *[f"later {n}" for n in range(40)]], Carried())
    asked = [body["prompt"] for _, body, _ in openai.of("/v1/completions")]
    assert "three" in asked and "later 39" not in asked


async def test_nobody_there_and_addresses_that_are_none(paths: Paths) -> None:
    with pytest.raises(PenchantError, match="cannot be reached"):
        await said_by("http://127.0.0.1:9", paths)
    for address in ("http://", "https://me:pw@host.example"):
        with pytest.raises(PenchantError):
            base_of(address)
    assert base_of("http://h:1") == base_of("http://h:1/v1/") == "http://h:1/v1"


async def test_closing_the_stream_closes_the_connection(openai: Any, paths: Paths, until: Any) -> None:
    openai.pieces, openai.slow = tuple("abcdefgh" * 200), 0.01
    async with open_voice(openai.address, Config(), paths) as voice:
        stream = voice.write("Write.", 2_000, Carried())
        assert await anext(stream) == "a"
        await stream.aclose()
        openai.pieces = ("a", "b", "c")
        assert "".join([piece async for piece in voice.write("w", 5, Carried(), stop="x")]) == "abc"
    await asyncio.to_thread(until, lambda: openai.closed >= 1)


def test_a_token_that_begins_where_the_history_ends_counts_and_one_across_does_not() -> None:
    def answer(*places: int) -> dict[str, Any]:
        told = {"token_logprobs": [None, -1.0, -3.0, -9.0], "text_offset": [*places, 9]}
        return {"choices": [{"logprobs": told}], "usage": {"prompt_tokens": 3}}

    assert wire.mean_after(answer(0, 4, 7), 4) == -2.0
    assert wire.mean_after(answer(0, 3, 7), 4) == -3.0, "one that begins before its end belongs to the history"
    assert wire.mean_after(answer(0, 2, 3), 4) is None


def test_numbers_beyond_all_floats_are_no_probabilities() -> None:
    told = {"token_logprobs": [None, -1, int("9" * 400)], "text_offset": [0, 1, 2]}
    assert wire.mean_after({"choices": [{"logprobs": told}], "usage": {"prompt_tokens": 3}}, 1) is None
    assert wire.piece('{"error": null, "choices": [{"delta": {"content": "x"}}]}') == ("x", False)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), max_size=6), st.data())
def test_a_stream_means_the_same_however_it_is_cut(pieces: list[str], data: Any) -> None:
    events = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
    stream = "".join(f"data: {event}\r\n\r\n" for event in [*events, wire.DONE]).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    lines, found = wire.Lines(), ""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += "".join(wire.piece(event)[0] for event in lines.feed(stream[start:end]))
    assert found == "".join(pieces)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "logprobs", "token_logprobs", "text_offset", "usage", "prompt_tokens", "data", "id"]
                ),
                x,
            )
        ),
        max_leaves=25,
    )
)
def test_answers_of_any_shape_are_survived(answer: Any) -> None:
    value = wire.mean_after(answer, 3)
    assert value is None or isinstance(value, float)
    assert isinstance(wire.first_model(answer), str) and isinstance(wire.words(answer), str)
    with contextlib.suppress(ValueError):
        wire.piece(json.dumps(answer))


@given(st.text())
def test_what_a_model_wrote_moves_no_cursor(text: str) -> None:
    kept = clean(text)
    assert not any((ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160 for char in kept)
    assert clean(kept) == kept
