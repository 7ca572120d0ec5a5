"""Reddit for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "reddit"
NETWORK = True


def _post(number: int, **changes: Any) -> dict[str, Any]:
    own = f"a{number:05d}"
    return {
        "id": own,
        "name": f"t3_{own}",
        "title": f"Post {number}",
        "author": "ada",
        "subreddit": "rust",
        "permalink": f"/r/rust/comments/{own}/post/",
        "url": f"https://far.example/{number}",
        "is_self": False,
        "created_utc": 1_770_000_000 + number,
        "score": 5,
        "num_comments": 1,
    } | changes


def _listing(server: Any, posts: list[dict[str, Any]]) -> dict[str, Any]:
    """Newest first, paged by `after` as the real one."""

    def page(request: Any) -> Any:
        after, size = request.query.get("after", [""])[0], int(request.query["limit"][0])
        names = [post.get("name") for post in posts]
        start = names.index(after) + 1 if after in names else 0
        shown = posts[start : start + size]
        older = shown[-1].get("name") if start + size < len(posts) else None
        children = [{"kind": "t3", "data": post} for post in shown]
        body = json.dumps({"kind": "Listing", "data": {"children": children, "after": older}}, ensure_ascii=False)
        return type(server.default)(body.encode("utf-8", "surrogatepass"), 200, {"Content-Type": "application/json"})

    server.route("/r/rust/new.json", page)
    return {"address": "reddit:r/rust/new", "web": server.url("").rstrip("/"), "limit": 250}


def serve(server: Any) -> dict[str, Any]:
    return _listing(server, [_post(n) for n in range(250, 0, -1)])


def grow(server: Any) -> None:
    _listing(server, [_post(n) for n in range(500, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    hostile = {
        "title": text,
        "author": text,
        "subreddit": text,
        "selftext": text,
        "selftext_html": f"<p>{text}</p>",
        "link_flair_text": text,
        "url": f"https://far.example/{text}",
        "permalink": f"/r/{text}/comments/x/",
        "poll_data": {"options": [{"text": text, "vote_count": 1}]},
        "gallery_data": {"items": [{"media_id": "one", "caption": text}]},
        "media_metadata": {"one": {"m": text, "e": text, "s": {"u": "https://i.redd.it/1.png"}}},
        "distinguished": text,
    }
    posts = [
        _post(5, **hostile),
        _post(4, **hostile, id=text, name=text),
        _post(3, **hostile, crosspost_parent="t3_a00001", crosspost_parent_list=[_post(1, **hostile)]),
        _post(2, selftext_html=f"&lt;p&gt;{text}", is_self=True, title=text),
    ]
    return _listing(server, posts)
