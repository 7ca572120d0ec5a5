"""Expected failures: what happened, what it means, what to do, and the exit code of the command line.

An unexpected exception is a fault of penchant's own; everything a reader can
run into without one is a `PenchantError` and is shown without a traceback.
"""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """Exit codes of `penchant`, documented in docs/cli.md."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    ARCHIVE = 4
    SOURCES = 5
    BUSY = 6
    BUG = 70
    INTERRUPTED = 130


class PenchantError(Exception):
    """A failure in words: `str(error)` is what happened, `hint` what it means and what to do."""

    exit_code: Exit = Exit.FAILED
    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.hint


class UsageError(PenchantError):
    """The command line asks for something impossible."""

    exit_code = Exit.USAGE
    hint = "`penchant --help` lists the commands, `penchant COMMAND --help` the options of one."


class ConfigError(PenchantError):
    """The configuration file cannot be used. `line` counts from 1; 0 when no line is to blame."""

    exit_code = Exit.CONFIG
    hint = "`penchant config path` says where the file is, `penchant config default` prints a correct one."

    def __init__(self, message: str, *, line: int = 0, path: str = "", hint: str = "") -> None:
        place = ":".join(part for part in (path, str(line) if line else "") if part)
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.line = line
        self.path = path


class SourcesFailed(PenchantError):
    """Some sources could not be refreshed; the others were."""

    exit_code = Exit.SOURCES
    hint = "`penchant sources` shows each one's last error; penchant tries them again later."


class AlreadyRunning(PenchantError):
    """Another worker holds the lock of this archive."""

    exit_code = Exit.BUSY
    hint = "One worker is enough: leave it running, or stop it first (its process id is above)."


class NoSuchItem(PenchantError):
    """No item, or more than one, answers to an id."""

    hint = "`penchant list` shows the ids; any unambiguous beginning of one will do."


class NoSuchSource(PenchantError):
    """No subscription, or more than one, answers to a name."""

    hint = "`penchant sources` lists what you follow with its number and address."


class StoreError(PenchantError):
    """The archive (the SQLite file) cannot be used."""

    exit_code = Exit.ARCHIVE
    hint = "`penchant doctor` says what is wrong with the archive."


class Damaged(StoreError):
    hint = (
        "The file was left as it is. `penchant doctor` says what is wrong; `penchant doctor --recover NEWFILE` saves"
        " what can be read into a new file; or copy a backup over it (folder `backups` beside the archive)."
    )


class FromNewerVersion(StoreError):
    hint = "A newer penchant wrote this archive; it was left as it is. Upgrade penchant to open it."


class NotADatabase(StoreError):
    hint = "The file was left as it is. Move it away, or set PENCHANT_HOME to another folder."


class DiskFull(StoreError):
    hint = "Nothing that was stored before is lost. Free some space and try again."


class ReadOnly(StoreError):
    hint = "The archive or its folder cannot be written; check its owner and permissions."


class Moved(ReadOnly):
    hint = (
        "It was deleted, moved or replaced while penchant was running; what you did since then is not in it."
        " End penchant, put the file back (backups lie in the folder `backups` beside it), and start again."
    )


class NoLocks(StoreError):
    hint = (
        "Network shares cannot lock files reliably, and without locks two programs would damage the archive."
        " Keep it on a disk of this machine: set PENCHANT_HOME to a folder there."
        " Several machines learn together through `[machines] folder` instead."
    )


class Locked(StoreError):
    hint = "Another program holds the archive for long; close it or try again in a moment."
