"""Where the code of a paper is, by the addresses in its abstract and comment, and the README there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .base import Settings, SourceError
from .github_api import Session
from .github_place import API as GITHUB_API
from .github_place import repo_name
from .github_readme import Budget, read_readme
from .github_text import Words, readme, shortened
from .github_token import find_token
from .wire import address, record

if TYPE_CHECKING:
    from .http import Client

#: READMEs of one visit, their size (bytes), and what is kept of one (characters).
READMES, MAX_BYTES, MAX_CHARS = 10, 1 << 20, 4000
MAX_HOMES = 3
#: Where other hosts than GitHub have the README of a repository's default branch.
_RAW = {
    "gitlab.com": "https://gitlab.com/{path}/-/raw/HEAD/README.md",
    "codeberg.org": "https://codeberg.org/api/v1/repos/{path}/raw/README.md",
    "huggingface.co": "https://huggingface.co/{path}/raw/main/README.md",
}
_ADDRESS = re.compile(
    r"\b(github\.com|gitlab\.com|codeberg\.org|huggingface\.co)/((?:datasets/|spaces/)?[\w.-]+/[\w.-]+(?:/[\w.-]+)?)",
    re.ASCII | re.IGNORECASE,
)
#: First steps that are no owner.
_PAGES = frozenset(("papers", "collections", "docs", "blog", "features", "topics", "orgs", "models", "explore", "join"))


@dataclass(frozen=True, slots=True)
class CodeHome:
    """A repository: its host, and its path there ("owner/repo", "datasets/owner/name")."""

    host: str
    path: str

    @property
    def url(self) -> str:
        return f"https://{self.host}/{self.path}"

    @property
    def name(self) -> str:
        return self.path.removeprefix("datasets/").removeprefix("spaces/")


def code_homes(text: str) -> tuple[CodeHome, ...]:
    """Repositories that a text names, in order, at most three.

    >>> code_homes("Code: https://github.com/ada/engine. See gitlab.com/b/c/d")
    (CodeHome(host='github.com', path='ada/engine'), CodeHome(host='gitlab.com', path='b/c/d'))
    """
    found: dict[str, CodeHome] = {}
    for host, path in _ADDRESS.findall(text):
        home = _home(host.lower(), path)
        if home is not None:
            found.setdefault(home.url.lower(), home)
    return tuple(found.values())[:MAX_HOMES]


def _home(host: str, path: str) -> CodeHome | None:
    """A repository without what follows it in a sentence, or behind it in the address."""
    steps = [step.rstrip(".-") for step in path.split("/")]
    if host == "gitlab.com":
        keep = 3 if len(steps) > 2 and steps[2] not in ("", "blob", "tree", "issues", "-") else 2
    else:
        keep = 3 if steps[0] in ("datasets", "spaces") else 2
    steps = [step.removesuffix(".git") for step in steps[:keep]]
    usable = len(steps) == keep and all(steps) and not any(set(step) == {"."} for step in steps)
    return CodeHome(host, "/".join(steps)) if usable and steps[0].lower() not in _PAGES else None


class Code:
    """Reads READMEs for one visit: few, and never a reason for the visit to fail."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._bases = record(settings.get("code"))
        self._session: Session | None = None
        self._budget: Budget | None = None

    async def readme(self, text: str) -> Words | None:
        """The beginning of the README of the first repository that a text names; None without one."""
        homes = code_homes(text)
        if not homes:
            return None
        budget = self._budget or await self._open()
        if not budget.take():
            return None
        if homes[0].host == "github.com" and repo_name(homes[0].path):
            found = await read_readme(budget.session, homes[0].path)
            return shortened(found.words, MAX_CHARS) if found.state == "read" else None
        return await self._elsewhere(homes[0])

    async def _open(self) -> Budget:
        api = address("", self._bases.get("github.com")).rstrip("/") or GITHUB_API
        try:
            token = await find_token(api)
        except SourceError:
            token = ""
        budget = Budget.of(Session(self._client, api, token), self._settings)
        budget.left = min(budget.left, READMES)
        self._budget = budget
        return budget

    async def _elsewhere(self, home: CodeHome) -> Words | None:
        url = _RAW[home.host].format(path=home.path) if home.host in _RAW else ""
        own = address("", self._bases.get(home.host)).rstrip("/")
        url = own + urlsplit(url).path if own and url else url
        if not url:
            return None
        try:
            answer = await self._client.get(url, typed=bool(own), ok=(200,), max_bytes=MAX_BYTES)
            kind = answer.headers.get("content-type", "")
            if "html" in kind:
                return None  # a sign-in page
            words: Words = await self._client.parse(readme, answer.body, "text/markdown", f"{home.url}/")
        except SourceError:
            return None
        return shortened(words, MAX_CHARS)
