"""What a check of the archive found, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warn", "error"]
_ORDER: dict[Level, int] = {"ok": 0, "warn": 1, "error": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was found, what it means, what to do (both "" where all is well)."""

    level: Level
    topic: str
    found: str
    meaning: str = ""
    action: str = ""


@dataclass(slots=True)
class Report:
    """All findings about one file, in the order of looking."""

    path: Path
    findings: list[Finding] = field(default_factory=list)

    @property
    def level(self) -> Level:
        """The worst of all."""
        return max((finding.level for finding in self.findings), key=_ORDER.__getitem__, default="ok")

    @property
    def sound(self) -> bool:
        return self.level != "error"

    def ok(self, topic: str, found: str) -> None:
        self.findings.append(Finding("ok", topic, found))

    def warn(self, topic: str, found: str, meaning: str, action: str) -> None:
        self.findings.append(Finding("warn", topic, found, meaning, action))

    def error(self, topic: str, found: str, meaning: str, action: str) -> None:
        self.findings.append(Finding("error", topic, found, meaning, action))

    def lines(self) -> list[str]:
        """One line a finding; what is wrong has its meaning and remedy below."""
        width = max((len(finding.topic) for finding in self.findings), default=0)
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.level:5}  {finding.topic:{width}}  {finding.found}")
            lines += [f"{'':7}{'':{width}}  {more}" for more in (finding.meaning, finding.action) if more]
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())
