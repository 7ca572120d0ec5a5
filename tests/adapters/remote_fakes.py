"""Reader servers with a state of their own, one for each API, on the scriptable loopback server."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

USER, PASSWORD = "me", "sesame"
READ, STARRED = "user/7/state/com.google/read", "user/7/state/com.google/starred"


@dataclass
class Row:
    """An entry as a server keeps it."""

    id: int
    title: str
    html: str
    url: str
    read: bool = False
    starred: bool = False
    changed: float = 0.0
    author: str = ""
    published: int = 0


@dataclass
class Shelf:
    """Entries of one feed, and every change that anyone asked for."""

    rows: dict[int, Row] = field(default_factory=dict)
    writes: list[tuple[str, int]] = field(default_factory=list)
    feed_title: str = "Example & Sons"
    folder: str = "News"
    clock: Callable[[], float] = time.time
    #: Id -> (address, title, folder) of what the user follows there.
    feeds: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.feeds.setdefault(42, ("https://site.example/feed.xml", self.feed_title, self.folder))

    def follow(self, url: str, title: str = "", folder: str = "") -> int:
        number = next((n for n, row in self.feeds.items() if row[0] == url), max(self.feeds, default=42) + 1)
        self.feeds[number] = (url, title or "A feed", folder)
        self.writes.append((f"follow {url} {folder}".strip(), number))
        return number

    def unfollow(self, number: int) -> None:
        self.writes.append((f"unfollow {self.feeds.pop(number)[0]}", number))

    def add(self, number: int, **changes: Any) -> Row:
        row = Row(number, f"Entry {number}", f"<p>Body <b>{number}</b></p>", f"https://site.example/{number}",
                  changed=self.clock(), published=1_770_000_000 + number)  # fmt: skip
        for name, value in changes.items():
            setattr(row, name, value)
        self.rows[number] = row
        return row

    def fill(self, first: int, last: int) -> None:
        for number in range(first, last + 1):
            self.add(number)

    def set(self, number: int, *, read: bool | None = None, starred: bool | None = None) -> None:
        """What the user does in another client."""
        row = self.rows[number]
        row.read = row.read if read is None else read
        row.starred = row.starred if starred is None else starred
        row.changed = self.clock()

    def newest(self) -> list[Row]:
        return sorted(self.rows.values(), key=lambda row: -row.id)


def answer(server: Any, document: Any, status: int = 200) -> Any:
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    kind = "text/plain" if isinstance(document, str) else "application/json"
    return type(server.default)(text.encode("utf-8", "surrogatepass"), status, {"Content-Type": kind})


class Routes:
    """Answers every path below "/" by a method."""

    kind = ""
    token = ""

    def __init__(self, server: Any, shelf: Shelf | None = None) -> None:
        self.server, self.shelf = server, shelf or Shelf()
        server.default = type("Default", (type(server.default),), {})(b"not here", 404)
        server._answer = self.answer  # every path, whatever its query

    def answer(self, request: Any) -> Any:
        if self.server.override is not None:
            return self.server.override
        return self.serve(request)

    def serve(self, request: Any) -> Any:
        raise NotImplementedError

    @property
    def address(self) -> str:
        return f"{self.kind}:http://{USER}@127.0.0.1:{self.server.port}"

    def settings(self, sync: str = "both", limit: int = 300) -> dict[str, Any]:
        return {"address": self.address, "sync": sync, "limit": limit}

    def sign_in(self) -> dict[str, Any]:
        """Keep the token as `penchant reader login` would; the settings of the account."""
        from penchant.adapters import secrets
        from penchant.adapters.remote import token_key
        from penchant.adapters.remote_place import from_address

        place = from_address(self.kind, self.address)
        assert place is not None
        secrets.set(token_key(place), self.token)
        return self.settings()

    def prefix(self) -> str:
        return f"{USER}@127.0.0.1:{self.server.port}#"


def one(request: Any, name: str, default: str = "") -> str:
    return str(request.query.get(name, [default])[0])


class Miniflux(Routes):
    kind, token = "miniflux", "the-key"

    def serve(self, request: Any) -> Any:
        if not request.path.startswith("/v1/"):
            return answer(self.server, "no", 404)
        if request.headers.get("x-auth-token") != self.token:
            return answer(self.server, {"error_message": "Access Unauthorized"}, 401)
        parts = request.path.split("/")[2:]
        if parts == ["me"]:
            return answer(self.server, {"id": 1, "username": USER})
        if parts[0] in ("feeds", "categories"):
            return self._follows(request, parts)
        if parts == ["entries"] and request.method == "PUT":
            asked = json.loads(request.body)
            for number in asked["entry_ids"]:
                if number in self.shelf.rows:
                    self.shelf.writes.append((asked["status"], number))
                    self.shelf.set(number, read=asked["status"] == "read")
            return answer(self.server, "", 204)
        if parts == ["entries"]:
            return self._listing(request)
        row = self.shelf.rows.get(int(parts[1]))
        if row is None:
            return answer(self.server, {"error_message": "Resource Not Found"}, 404)
        if parts[2:] == ["bookmark"] and request.method == "PUT":
            self.shelf.writes.append(("toggle", row.id))
            self.shelf.set(row.id, starred=not row.starred)
            return answer(self.server, "", 204)
        return answer(self.server, self._entry(row))

    def _follows(self, request: Any, parts: list[str]) -> Any:
        asked = json.loads(request.body) if request.body else {}
        folders = ["All", *dict.fromkeys(folder for _, _, folder in self.shelf.feeds.values())]
        if parts == ["categories"] and request.method == "GET":
            return answer(self.server, [{"id": n, "title": title} for n, title in enumerate(folders)])
        if parts == ["categories"]:
            self.made = asked["title"]
            return answer(self.server, {"id": 99, "title": self.made}, 201)
        if request.method == "POST":
            if asked["feed_url"] in self.shelf.refused:
                return answer(self.server, {"error_message": "unable to fetch"}, 500)
            folder = self.made if asked["category_id"] == 99 else folders[asked["category_id"]]
            return answer(self.server, {"feed_id": self.shelf.follow(asked["feed_url"], folder=folder)}, 201)
        if request.method == "DELETE":
            if int(parts[1]) not in self.shelf.feeds:
                return answer(self.server, {"error_message": "Resource Not Found"}, 404)
            self.shelf.unfollow(int(parts[1]))
            return answer(self.server, "", 204)
        rows = [
            {"id": n, "title": title, "feed_url": url, "site_url": "https://site.example/",
             "category": {"id": 1, "title": folder}}
            for n, (url, title, folder) in self.shelf.feeds.items()
        ]  # fmt: skip
        return answer(self.server, rows)

    def _listing(self, request: Any) -> Any:
        rows = self.shelf.newest()
        if one(request, "order") == "changed_at":
            rows = sorted(rows, key=lambda row: -row.changed)
            rows = [row for row in rows if row.changed > float(one(request, "changed_after", "0"))]
        if one(request, "starred") == "true":
            rows = [row for row in rows if row.starred]
        before = int(one(request, "before_entry_id", "0"))
        rows = [row for row in rows if not before or row.id < before]
        start, limit = int(one(request, "offset", "0")), int(one(request, "limit", "100"))
        shown = rows[start : start + limit]
        return answer(self.server, {"total": len(rows), "entries": [self._entry(row) for row in shown]})

    def _feed(self) -> dict[str, Any]:
        return {"id": 42, "title": self.shelf.feed_title, "feed_url": "https://site.example/feed.xml",
                "site_url": "https://site.example/", "category": {"id": 1, "title": self.shelf.folder}}  # fmt: skip

    def _entry(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id, "feed_id": 42, "status": "read" if row.read else "unread", "title": row.title,
            "url": row.url, "published_at": _iso(row.published), "changed_at": _iso(row.changed), "content": row.html,
            "author": row.author, "starred": row.starred, "feed": self._feed(), "tags": ["tag"],
            "enclosures": [{"url": f"https://site.example/{row.id}.mp3", "mime_type": "audio/mpeg", "size": 9}],
        }  # fmt: skip


def _iso(at: float) -> str:
    """RFC 3339 with microseconds, as Go writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(at))) + f".{int(at % 1 * 1e6):06d}Z"


class GReader(Routes):
    kind, token = "greader", "me/0123abcd"
    base = ""

    def serve(self, request: Any) -> Any:
        form = parse_qs(request.body.decode())
        path = request.path
        if path == "/accounts/ClientLogin":
            if form.get("Email") == [USER] and form.get("Passwd") == [PASSWORD]:
                return answer(self.server, f"SID={self.token}\nLSID=null\nAuth={self.token}\n")
            return answer(self.server, "Error=BadAuthentication", 401)
        if not path.startswith("/reader/api/0/"):
            return answer(self.server, "no", 404)
        if request.headers.get("authorization") != f"GoogleLogin auth={self.token}":
            return answer(self.server, "Unauthorized", 401)
        if request.method == "POST" and form.get("T") != ["edit-token"]:
            return answer(self.server, "Unauthorized", 401)
        name = path.removeprefix("/reader/api/0/")
        if name == "token":
            return answer(self.server, "edit-token\n")
        if name == "subscription/list":
            rows = [
                {"id": f"feed/{n}", "title": title, "url": url, "htmlUrl": "https://site.example/",
                 "categories": [{"label": folder}]}
                for n, (url, title, folder) in self.shelf.feeds.items()
            ]  # fmt: skip
            return answer(self.server, {"subscriptions": rows})
        if name == "subscription/quickadd":
            url = form["quickadd"][0]
            if url in self.shelf.refused:
                return answer(self.server, {"numResults": 0, "error": "cannot be fetched"})
            return answer(self.server, {"numResults": 1, "streamId": f"feed/{self.shelf.follow(url)}"})
        if name == "subscription/edit":
            number = int(form["s"][0].removeprefix("feed/"))
            if form["ac"] == ["unsubscribe"]:
                self.shelf.unfollow(number)
            else:
                folder = form.get("a", [""])[0].rpartition("/label/")[2]
                self.shelf.feeds[number] = (self.shelf.feeds[number][0], form["t"][0], folder)
            return answer(self.server, "OK")
        if name == "stream/items/ids":
            return self._ids(request)
        if name == "stream/items/contents":
            found = [self.shelf.rows[n] for n in map(_number, form.get("i", ())) if n in self.shelf.rows]
            rows = sorted(found, key=lambda row: row.id)
            return answer(self.server, {"id": "x", "items": [self._entry(row) for row in rows]})
        if name == "edit-tag":
            return self._edit(form)
        return answer(self.server, [])

    def _ids(self, request: Any) -> Any:
        rows = self.shelf.newest()
        if one(request, "s").endswith("/starred"):
            rows = [row for row in rows if row.starred]
        if one(request, "xt").endswith("/read"):
            rows = [row for row in rows if not row.read]
        start, size = int(one(request, "c", "0")), int(one(request, "n", "20"))
        more = {"continuation": str(start + size)} if start + size < len(rows) else {}
        return answer(self.server, {"itemRefs": [{"id": str(row.id)} for row in rows[start : start + size]], **more})

    def _edit(self, form: dict[str, list[str]]) -> Any:
        for number in map(_number, form["i"]):
            for sign, wanted in (("a", True), ("r", False)):
                for tag in form.get(sign, ()):
                    name = tag.rpartition("/")[2]
                    if number in self.shelf.rows:
                        self.shelf.writes.append((f"{sign} {name}", number))
                        self.shelf.set(number, **{name: wanted})
        return answer(self.server, "OK")

    def _entry(self, row: Row) -> dict[str, Any]:
        states = ["user/7/state/com.google/reading-list", f"user/7/label/{self.shelf.folder}"]
        states += [READ] if row.read else []
        states += [STARRED] if row.starred else []
        return {
            "id": f"tag:google.com,2005:reader/item/{row.id:016x}", "published": row.published, "title": row.title,
            "alternate": [{"href": row.url, "type": "text/html"}], "summary": {"content": row.html},
            "author": row.author, "categories": states,
            "origin": {"streamId": "feed/42", "title": self.shelf.feed_title},
            "enclosure": [{"href": f"https://site.example/{row.id}.mp3", "type": "audio/mpeg", "length": 9}],
        }  # fmt: skip


def _number(name: str) -> int:
    return int(name.rpartition("/")[2], 16) if "/" in name else int(name)


class Fever(Routes):
    """Marks are toggles, as with one well-known server."""

    kind = "fever"
    token = hashlib.md5(f"{USER}:{PASSWORD}".encode()).hexdigest()

    def serve(self, request: Any) -> Any:
        asked = parse_qs(request.target.partition("?")[2], keep_blank_values=True)
        form = parse_qs(request.body.decode())
        if request.path != "/" or "api" not in asked:
            return answer(self.server, "no", 404)
        if form.get("api_key") != [self.token]:
            return answer(self.server, {"api_version": 3, "auth": 0})
        document: dict[str, Any] = {"api_version": 3, "auth": 1, "last_refreshed_on_time": 1}
        rows = self.shelf.newest()
        if "groups" in asked:
            document["groups"] = [{"id": 5, "title": self.shelf.folder}]
        if "feeds" in asked:
            document["feeds"] = [{"id": 42, "title": self.shelf.feed_title, "url": "https://site.example/feed.xml",
                                  "site_url": "https://site.example/", "is_spark": 0}]  # fmt: skip
        if "feeds" in asked or "groups" in asked:
            document["feeds_groups"] = [{"group_id": 5, "feed_ids": "42"}]
        if "unread_item_ids" in asked:
            document["unread_item_ids"] = ",".join(str(row.id) for row in rows if not row.read)
        if "saved_item_ids" in asked:
            document["saved_item_ids"] = ",".join(str(row.id) for row in rows if row.starred)
        if "items" in asked:
            if "with_ids" in asked:
                wanted = {int(n) for n in asked["with_ids"][0].split(",") if n}
                rows = [row for row in rows if row.id in wanted]
            elif "max_id" in asked:
                rows = [row for row in rows if row.id < int(asked["max_id"][0])]
            document["items"] = [self._entry(row) for row in rows[:50]]
            document["total_items"] = len(self.shelf.rows)
        if form.get("mark") == ["item"] and (row := self.shelf.rows.get(int(form["id"][0]))):
            how = form["as"][0]
            self.shelf.writes.append((how, row.id))
            self.shelf.set(row.id, **({"starred": not row.starred} if "saved" in how else {"read": how == "read"}))
        return answer(self.server, document)

    def _entry(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id, "feed_id": 42, "title": row.title, "author": row.author, "html": row.html, "url": row.url,
            "is_saved": int(row.starred), "is_read": int(row.read), "created_on_time": row.published,
        }  # fmt: skip


FAKES: dict[str, type[Routes]] = {fake.kind: fake for fake in (Miniflux, GReader, Fever)}


def hostile(fake: Routes, text: str) -> dict[str, Any]:
    """Entries with this text in each field that a stranger can fill."""
    fake.shelf = Shelf(feed_title=text, folder=text)
    for number in (1, 2, 3):
        fake.shelf.add(number, title=text, html=f"{text}<p>{text}</p><img src='/a.png' alt='{text}'>", author=text,
                       url=text if number == 1 else f"https://site.example/{text}")  # fmt: skip
    return fake.sign_in()


def case(kind: str) -> tuple[Callable[..., dict[str, Any]], Callable[..., None], Callable[..., dict[str, Any]]]:
    """(serve, grow, serve_text) of the contract suite, for any of the three."""

    def filled(server: Any, newest: int) -> dict[str, Any]:
        fake = FAKES[kind](server)
        fake.shelf.fill(1, newest)
        for number in (1, 3, 240):  # two that the first visit would not reach otherwise
            fake.shelf.rows[number].starred = True
        return fake.sign_in() | {"limit": 220}

    def serve(server: Any) -> dict[str, Any]:
        return filled(server, 250)

    def grow(server: Any) -> None:
        filled(server, 370)

    def serve_text(server: Any, text: str) -> dict[str, Any]:
        return hostile(FAKES[kind](server), text)

    return serve, grow, serve_text
