"""Where penchant keeps its files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from .errors import PenchantError

HOME_VARIABLE = "PENCHANT_HOME"


@dataclass(frozen=True, slots=True)
class Paths:
    """The four folders of one reader. Nothing is created until `ensure`."""

    config: Path
    data: Path
    cache: Path
    state: Path

    @classmethod
    def from_environment(cls) -> Paths:
        """The platform's places, or everything under PENCHANT_HOME where that is set."""
        home = os.environ.get(HOME_VARIABLE)
        if home:
            return cls.under(Path(home).expanduser().absolute())
        dirs = platformdirs.PlatformDirs("penchant", appauthor=False)
        return cls(dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path, dirs.user_state_path)

    @classmethod
    def under(cls, home: Path) -> Paths:
        """All four folders under `home`."""
        return cls(home / "config", home / "data", home / "cache", home / "state")

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def archive(self) -> Path:
        """The one SQLite file."""
        return self.data / "archive.db"

    @property
    def models(self) -> Path:
        """Model files that penchant made itself."""
        return self.data / "models"

    @property
    def log_file(self) -> Path:
        return self.state / "penchant.log"

    @property
    def crash_file(self) -> Path:
        """Where the traceback of an unexpected failure goes."""
        return self.state / "crash.log"

    @property
    def lock_file(self) -> Path:
        """Held by the one worker of this archive."""
        return self.state / "worker.lock"

    @property
    def secrets(self) -> Path:
        """Fallback for tokens where there is no system keyring."""
        return self.data / "secrets"

    def ensure(self) -> Paths:
        """Create the folders, readable by their owner only. Raises `PenchantError` where it cannot."""
        for folder in (self.config, self.data, self.cache, self.state):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise PenchantError(
                    f"cannot create the folder {folder}: {error.strerror or error}",
                    hint=f"Check its permissions, or set {HOME_VARIABLE} to a folder of your own.",
                ) from error
        return self
