"""`penchant llm prompt|chat|file`: the model at hand: one prompt, a chat with turns, a file; tokens for servers."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .interrupt import cancelling
from .list_items import positive
from .mixed import let_mix
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.llm.local import Local
    from penchant.app.llm.remote import Remote
    from penchant.app.voice.values import Carried

#: Tokens of an answer, and characters of a file, unless somebody says otherwise; tokens of a chat's own words.
TOKENS, MOST, AROUND = 400, 200_000, 64
_QUIT = ("/quit", "/exit", "/q")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples:\n  penchant llm prompt Name three uses of a paper clip.\n  penchant llm chat --carrier history\n"
        '  penchant llm file notes.txt "What is still open?"\n  penchant llm file prompts.txt --lines --json\n'
        "  penchant llm prompt --model http://127.0.0.1:11434#llama3.2 Hello"
    )
    whats = ["prompt", "chat", "file", "token"]
    parser.add_argument("what", choices=whats, help="one prompt; a chat; a file; keep a server's token")
    parser.add_argument(
        "words", nargs="*", help="prompt: the words, - for standard input; file: FILE [QUESTION]; token: ADDRESS"
    )
    parser.add_argument(
        "--model", default="", metavar="MODEL", help="a GGUF file, the name of a model, or http(s)://HOST[#MODEL]"
    )
    parser.add_argument("--system", default="", metavar="WORDS", help="what the model is told to be")
    parser.add_argument(
        "--carrier", default="none", metavar="NAME", help="with your taste, carried so (`penchant voice`)"
    )
    parser.add_argument(
        "--tokens", type=positive, default=TOKENS, metavar="N", help="tokens of an answer at most (400)"
    )
    parser.add_argument("--temperature", type=float, default=0.7, metavar="T", help="0 always says the likeliest (0.7)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, another answer")
    parser.add_argument("--lines", action="store_true", help="file: every line is a prompt of its own")
    parser.add_argument("--forget", action="store_true", help="token: forget the one that is kept")
    parser.add_argument("--json", action="store_true", help="one JSON object for each answer")
    let_mix(parser)


def run(args: argparse.Namespace, context: Context) -> int | None:
    if not 0.0 <= args.temperature <= 2.0:
        raise UsageError(f"a temperature of {args.temperature:g}", hint="It goes from 0 to 2.")
    if args.what == "token":
        return _token(args, context)
    if args.what == "chat" and args.words:
        raise UsageError("a chat takes its words on the way", hint="`penchant llm chat`, then type.")
    prompts = [] if args.what == "chat" else _prompts(args)
    return asyncio.run(_talk(prompts, args, context))


class Prompt(NamedTuple):
    """What is asked: words, or the text of a file with a question behind it."""

    text: str
    question: str = ""

    @property
    def whole(self) -> str:
        return f"{self.text}\n\n{self.question}".strip()


def _prompts(args: argparse.Namespace) -> list[Prompt]:
    """What is asked, in turn. Raises `UsageError`, `PenchantError`."""
    if args.what == "prompt":
        text = sys.stdin.read(MOST) if args.words in ([], ["-"]) else " ".join(args.words)
        prompts = [Prompt(text.strip())]
    else:
        if not args.words:
            raise UsageError("which file?", hint="`penchant llm file FILE [QUESTION]`.")
        text, question = _read(args.words[0]), " ".join(args.words[1:])
        lines = text.splitlines() if args.lines else [text]
        prompts = [Prompt(line.strip(), question) for line in lines if line.strip()]
    if not any(each.text for each in prompts):
        raise UsageError("there is nothing to ask", hint="Give words, or a file with some.")
    return prompts


def _read(name: str) -> str:
    try:
        with Path(name).expanduser().open(encoding="utf-8", errors="replace") as file:
            text = file.read(MOST + 1)
    except OSError as error:
        raise PenchantError(f"{name} cannot be read: {error.strerror}", hint="Check its path.") from error
    if len(text) > MOST:
        raise PenchantError(
            f"{name} is longer than {MOST:,} characters",
            hint="`penchant plug` lets the model read a long document once; or cut the file.",
        )
    return text


@dataclass(slots=True)
class _Talk:
    """A voice with what is carried into it."""

    voice: Local | Remote
    carried: Carried
    args: argparse.Namespace

    async def answer(self, asked: str, turns: list[tuple[str, str]]) -> str:
        """Print the answer as it comes; what was said, also when it was stopped."""
        args, said, began, pieces = self.args, "", time.monotonic(), 0
        stream = self.voice.write(
            asked, args.tokens, self.carried, temperature=args.temperature, seed=args.seed, turns=turns
        )
        try:
            async with contextlib.aclosing(stream):
                async for piece in stream:
                    said += piece
                    pieces += bool(piece)
                    if not args.json:
                        _type(piece)
        finally:
            if not args.json:
                sys.stdout.write("\n")
                sys.stdout.flush()
        if args.json:
            facts = {"prompt": asked, "answer": said.strip(), "model": self.voice.name, "carrier": args.carrier}
            say(dumps({**facts, "tokens": pieces, "seconds": round(time.monotonic() - began, 2)}))
        return said.strip()


def _type(piece: str) -> None:
    """A piece on the terminal: line ends stay, nothing else that could move a cursor."""
    sys.stdout.write("\n".join(plain(part) for part in piece.replace("\t", "    ").split("\n")))
    sys.stdout.flush()


async def _talk(prompts: list[Prompt], args: argparse.Namespace, context: Context) -> int:
    from penchant.app.llm.choose import is_address, open_voice

    # who types a server's address here has named it; what a carrier tells of them is another matter
    named = is_address(args.model) and args.carrier == "none"
    async with open_voice(args.model, context.config, context.paths, consented=named) as voice:
        if voice.host:
            note(f"What you write goes to {plain(voice.host)}.")
        talk = _Talk(voice, await _carried(voice, args, context), args)
        if args.what == "chat":
            return await _chat(talk)
        for each in prompts:
            prompt = await _fitting(each, talk)
            if len(prompts) > 1 and not args.json:
                say(f"> {plain(prompt, 100)}")
            if await _stoppable(talk.answer(prompt, [])) is None:
                note("Stopped.")
                return 130
            if len(prompts) > 1 and not args.json:
                say()
    return 0


async def _fitting(asked: Prompt, talk: _Talk) -> str:
    """The whole of it; for a model here, which reads so much at a time, the beginning of the text before the question.

    Cut by the model itself the question would go, since it stands at the end.
    """
    voice: Any = talk.voice
    text = asked.text
    if voice.host:
        return asked.whole  # a server says so itself where it is too much
    room = voice.ready.context - AROUND
    beside = sum(await voice.count([asked.question, talk.carried.system]))
    while (took := sum(await voice.count([text]))) + beside > room and text:
        text = text[: min(len(text) - 1, int(0.98 * len(text) * max(0, room - beside) / max(1, took)))].rstrip()
    if len(text) < len(asked.text):
        if not text:
            why = f"{voice.name} reads {voice.ready.context:,} tokens at a time, and the question fills them"
            raise PenchantError(why, hint="Ask in fewer words.")
        note(
            f"{plain(voice.name)} reads {voice.ready.context:,} tokens at a time: of {len(asked.text):,} characters the"
            f" first {len(text):,} are read. `penchant plug` reads a long document whole."
        )
    return Prompt(text, asked.question).whole


async def _carried(voice: Local | Remote, args: argparse.Namespace, context: Context) -> Carried:
    """What of the reader is carried, with the system words of `--system` before it."""
    from dataclasses import replace

    from penchant.app.voice.values import Carried

    if args.carrier == "none":
        return Carried(system=args.system)
    from penchant.app.voice import arm, reader

    known = reader.of(context.store)
    name, taste = await arm.carried(args.carrier, known, voice, context.config, context.paths, context.call)
    for words in (f"carrier {name}", *([taste.note] if taste.note else [])):
        note(plain(words))
    return replace(taste.toward, system=f"{args.system}\n{taste.toward.system}".strip())


async def _chat(talk: _Talk) -> int:
    """Turn after turn until the end of the input; Ctrl-C stops an answer, at the prompt it ends the chat."""
    here = sys.stdin.isatty() and not talk.args.json
    if here:
        note(f"{plain(talk.voice.name)}. Ctrl-C stops an answer, Ctrl-D or /quit ends, /new forgets what was said.")
    turns: list[tuple[str, str]] = []
    while (asked := _ask(here)) is not None and asked not in _QUIT:
        if asked == "/new":
            turns.clear()
        elif asked:
            try:
                said = await _stoppable(talk.answer(await _fitting(Prompt(asked), talk), turns))
            except PenchantError as error:
                if not here:
                    raise
                note(plain(f"{error}. {error.hint}".strip()))  # the next turn may do better: the chat goes on
                continue
            if said is None:
                note("Stopped.")
            else:
                turns.append((asked, said))
    return 0


def _ask(here: bool) -> str | None:
    """One line of the reader; None at the end of the input, or where Ctrl-C ends it.

    It is read in this very thread, since nothing waits for the loop: Ctrl-C could not end another thread's reading.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if here:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return None
    finally:
        signal.signal(signal.SIGINT, before)
    return line.strip() if line else None


async def _stoppable(answer: Any) -> str | None:
    """What it says; None where Ctrl-C stopped it, which the model heeds within a token."""
    task: asyncio.Task[str] = asyncio.ensure_future(answer)
    with cancelling(task):
        try:
            return await task
        except asyncio.CancelledError:
            return None


def _token(args: argparse.Namespace, context: Context) -> int | None:
    """Keep a server's token, for that server alone."""
    from penchant.adapters import secrets
    from penchant.app.llm.choose import is_address
    from penchant.app.llm.remote import token_key

    if len(args.words) != 1 or not is_address(args.words[0]):
        raise UsageError("whose token?", hint="`penchant llm token https://HOST`: it is told to that server alone.")
    secrets.configure(context.paths.secrets)
    key = token_key(args.words[0])
    if args.forget:
        say("forgotten" if secrets.delete(key) else "there was none")
        return None
    token = getpass.getpass("Token (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise UsageError("that was no token", hint="Paste it, then enter.")
    where = secrets.set(key, token.strip())
    say(f"kept in the {'system keyring' if where == 'keyring' else 'file of secrets'}, for {plain(key[4:])} alone")
    return None
