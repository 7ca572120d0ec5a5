"""The command line: finds the command, runs it, turns failures into words and exit codes."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from .commands import COMMANDS
from .errors import Exit, PenchantError

_EPILOG = """exit codes: 0 done, 1 failed, 2 wrong usage, 3 configuration, 4 archive, 5 some sources failed,
6 another worker is running, 70 a fault of penchant's own, 130 interrupted.
Files: PENCHANT_HOME puts everything under one folder; `penchant config path` says where they are."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (see `errors.Exit`)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? instead of a traceback
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # `penchant list | head`: the reader of the pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        return _failed("interrupted", "What was stored before is kept.", Exit.INTERRUPTED)
    except PenchantError as error:
        return _failed(str(error), error.hint, error.exit_code)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            return _failed(*_no_room(error), Exit.ARCHIVE)
        return _unexpected(error)
    except Exception as error:
        return _unexpected(error)
    return code


def _run(arguments: list[str]) -> int:
    parser = _parser(arguments)
    args = parser.parse_args(_queried(arguments))
    if args.version:
        from importlib.metadata import version

        print(f"penchant {version('penchant')}")
        return Exit.OK
    from .commands.context import Context

    with Context() as context:
        if args.command is None:
            from .commands import feed

            return feed.run(args, context) or Exit.OK
        module = importlib.import_module(f".commands.{COMMANDS[args.command][0]}", __package__)
        return module.run(args, context) or Exit.OK


def _queried(arguments: list[str]) -> list[str]:
    """`search garden -bread`: a word with a minus is part of the query, not an option (a blank hides it)."""
    if arguments[:1] not in (["search"], ["searches"]):
        return arguments
    words = (f" {word}" if word[:1] == "-" != word[1:2] and word != "-h" else word for word in arguments)
    return list(words)


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser; only the options of the command at hand are loaded."""
    parser = argparse.ArgumentParser(
        prog="penchant",
        description="A terminal feed of everything you follow that learns what you like. "
        "Without a command it opens the feed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument(
        "--images",
        choices=("auto", "kitty", "iterm2", "block", "none"),
        help="how the feed draws pictures (the configuration's `images` otherwise)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    wanted = next((word for word in arguments if word in COMMANDS), None)
    for name, (module, words) in COMMANDS.items():
        command = commands.add_parser(
            name, help=words, description=words[0].upper() + words[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        if name == wanted:
            importlib.import_module(f".commands.{module}", __package__).configure(command)
    return parser


def _failed(message: str, hint: str, code: Exit) -> int:
    from .commands.output import plain

    print(f"penchant: {plain(message)}", file=sys.stderr)
    if hint:
        print(f"  {plain(hint)}", file=sys.stderr)
    return code


def _no_room(error: OSError) -> tuple[str, str]:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.EROFS:
        return f"the disk can only be read{where}", "Set PENCHANT_HOME to a folder that can be written."
    return f"the disk is full{where}", "Nothing that was stored before is lost. Free some space and try again."


def _unexpected(error: Exception) -> int:
    """A fault of our own: the traceback goes to a file, the reader gets words."""
    from penchant.adapters.base import SourceError

    if isinstance(error, SourceError):
        return _failed(str(error), error.hint, Exit.SOURCES)
    import traceback

    if os.environ.get("PENCHANT_DEBUG"):
        traceback.print_exception(error)
    place: Any = None
    try:
        from .paths import Paths

        place = Paths.from_environment().ensure().crash_file
        with open(place, "a", encoding="utf-8", errors="replace") as crash:
            crash.write("".join(traceback.format_exception(error)) + "\n")
    except (OSError, PenchantError):
        place = None
    where = f"The details are in {place}; please report them." if place else "Set PENCHANT_DEBUG=1 to see it."
    return _failed(f"a fault of penchant's own: {type(error).__name__}: {error}", where, Exit.BUG)


if __name__ == "__main__":
    sys.exit(main())
