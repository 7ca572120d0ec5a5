"""A page without a feed from a shell: added, fetched, read in the child process, its new link found."""

from __future__ import annotations

import json
from typing import Any

from penchant.app.errors import Exit


def test_a_page_is_watched(cli: Any, server: Any) -> None:
    def page(*names: str) -> str:
        posts = (f'<li class="post"><h3><a href="/news/{n}">News about {n}</a></h3></li>' for n in names)
        return f"<title>The town</title><ul>{''.join(posts)}</ul>"

    def titles() -> set[str]:
        cli("sync", "--no-rank")
        return {json.loads(line)["title"] for line in cli("list", "--json", "--view", "newest").splitlines()}

    address = server.route("/news", page("the mayor", "the trams", "the owls"), headers={"Content-Type": "text/html"})
    cli("add", address, code=Exit.FAILED)
    assert f"penchant add page:{address}" in cli.errors
    cli("add", f"page:{address}#item=li.post")
    assert titles() == {"News about the mayor", "News about the trams", "News about the owls"}
    server.route("/news", page("the bridge", "the mayor", "the trams"), headers={"Content-Type": "text/html"})
    assert "News about the bridge" in titles() and len(titles()) == 4
    server.route("/news", "<p>Moved", headers={"Content-Type": "text/html"})
    cli("sync", "--no-rank", code=Exit.SOURCES)
    (source,) = [json.loads(line) for line in cli("sources", "--json").splitlines()]
    assert source["title"] == "The town" and "Nothing on the page" in source["error"]
