"""What a citation is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Work:
    """An item as something to cite. `arxiv`: its identifier without version ("": none). `day`: when published."""

    item_id: int
    title: str
    authors: tuple[str, ...] = ()
    day: date | None = None
    url: str = ""
    site: str = ""
    arxiv: str = ""
    version: int = 0
    primary: str = ""
    doi: str = ""
    journal: str = ""
    comment: str = ""
    code: tuple[str, ...] = ()
    accessed: date | None = None

    @property
    def year(self) -> str:
        """The year, "" where it is unknown."""
        return f"{self.day.year:04}" if self.day else ""

    @property
    def paper(self) -> str:
        """What it is as a paper in one line: "arXiv:2301.00001, version 2, cs.CL, doi:10.1000/1"; "" for others."""
        parts = [
            f"arXiv:{self.arxiv}" if self.arxiv else "", f"version {self.version}" if self.version else "",
            self.primary, self.journal, f"doi:{self.doi}" if self.doi else "",
        ]  # fmt: skip
        return " · ".join(part for part in parts if part) if self.arxiv or self.doi else ""
