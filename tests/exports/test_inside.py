"""Pictures that lie in the export: which item shows which file, and that nobody else may point there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.adapters.exports.inside import Shelf, beside, inside, owned, parts
from penchant.app import export, importing
from penchant.app.serve.entry import entry_of
from penchant.app.store import Store
from penchant.app.store.imported import Imported

ID = 1_107_999_999_999_999_999
PUBLIC = "https://pbs.twimg.com/media/"


def photos(*names: str) -> dict[str, Any]:
    return {"extended_entities": {"media": [{"media_url_https": PUBLIC + name, "type": "photo"} for name in names]}}


def items(read: Any, path: Any) -> list[Item]:
    return [entry.item for entry in read(path)[1]]


def test_each_picture_of_a_tweet_finds_its_file(made: Any, read: Any) -> None:
    files = made.twitter([made.tweet(ID, "two", **photos("a.jpg", "b.png"))])
    files |= {f"data/tweets_media/{name}": b"" for name in (f"{ID}-b.png", f"{ID}-a.jpg", "9-a.jpg")}
    (item,) = items(read, made.zip(files))
    assert [(m.url, m.preview_url) for m in item.media] == [
        (PUBLIC + "a.jpg", f"export:/data/tweets_media/{ID}-a.jpg"),
        (PUBLIC + "b.png", f"export:/data/tweets_media/{ID}-b.png"),
    ]


@pytest.mark.parametrize("folder", ["tweet_media", "data/tweet_media", "data/deleted_tweets_media", "x/tweets_media"])
def test_the_folders_of_every_age(made: Any, read: Any, folder: str) -> None:
    files = made.twitter([made.tweet(ID, "one", **photos("a.jpg"))]) | {f"{folder}/{ID}-a.jpg": b""}
    (item,) = items(read, made.zip(files))
    assert item.media[0].preview_url == f"export:/{folder}/{ID}-a.jpg"


def test_a_file_without_an_entry_stands_for_itself_and_a_film_is_only_a_mark(made: Any, read: Any) -> None:
    files = made.twitter([made.tweet(ID, "one")])
    files |= {f"data/tweets_media/{ID}-{name}": b"" for name in ("a.jpg", "b.mp4", "c.txt")}
    (item,) = items(read, made.zip(files))
    assert [(m.kind, m.url.rpartition("-")[2]) for m in item.media] == [("image", "a.jpg"), ("video", "b.mp4")]


@pytest.mark.parametrize("url", ["https://h/m/a.jpg?name=orig", "https://h/m/a.jpg:large", "https://h/m/a?format=jpg"])
def test_public_addresses_of_other_shapes(url: str) -> None:
    (media, other) = beside([Media(url), Media("https://h/m/b.jpg")], ["m/1-b.jpg", "m/1-a.jpg"])
    assert (media.preview_url, other.preview_url) == ("export:/m/1-a.jpg", "export:/m/1-b.jpg")


def outbox(*urls: str) -> dict[str, str]:
    note = {
        "id": "https://s.example/1", "content": "hi", "to": ["as:Public"], "published": "2022-01-02T03:04:05Z",
        "attachment": [{"url": url, "mediaType": "image/png", "name": "an owl"} for url in urls],
    }  # fmt: skip
    body = {"@context": "https://www.w3.org/ns/activitystreams", "orderedItems": [{"type": "Create", "object": note}]}
    return {"outbox.json": json.dumps(body)}


@pytest.mark.parametrize("said", ["/media_attachments/files/1/o/a.png", "media_attachments/files/1/o/a.png",
                                  "/bucket/media_attachments/files/1/o/a.png"])  # fmt: skip
@pytest.mark.parametrize("top", ["", "archive-20220102/"])
def test_mastodon(made: Any, read: Any, said: str, top: str) -> None:
    place = f"{top}media_attachments/files/1/o/a.png"
    files = {top + name: text for name, text in outbox(said, "/media_attachments/files/2/gone.png").items()}
    (item,) = items(read, made.zip(files | {place: b""}))
    assert [(m.url, m.alt, m.kind) for m in item.media] == [(f"export:/{place}", "an owl", "image")]


def test_instagram(made: Any, read: Any) -> None:
    media = [{"uri": "media/posts/202001/1.jpg"}, {"uri": "media/posts/202001/2.mp4"}, {"uri": "media/no.jpg"}]
    post = {"title": "x", "creation_timestamp": 1_600_000_000, "media": media}
    files = {"ig/media/posts/202001/1.jpg": b"", "ig/media/posts/202001/2.mp4": b"",
             "ig/your_activity/posts_1.json": json.dumps([post])}  # fmt: skip
    (item,) = items(read, made.zip(files))
    assert [(m.kind, m.url) for m in item.media] == [
        ("image", "export:/ig/media/posts/202001/1.jpg"), ("video", "export:/ig/media/posts/202001/2.mp4"),
    ]  # fmt: skip


def test_addresses_come_back_as_they_went_and_lead_nowhere_else() -> None:
    for owner, name in (("twitter:ada", "data/a b%2F#?.jpg"), ("mastodon:@ö@s.example", "ü/ñ.png")):
        (media,) = owned(owner, Item("1", "", media=(Media(inside(name)),))).media
        assert parts(media.url) == (owner, name) and media.url.isascii()
    for wrong in ("a/../b", "a/%2e%2e/b", "a//etc/passwd", "/b", "a/%00"):
        assert parts(f"export:{wrong}") == parts(f"file:///{wrong}") == ("", "")
    assert Shelf(["x/media/../y"], "media/").find("/etc/passwd") == ""


@pytest.fixture
def imported(made: Any, store: Store) -> Store:
    files = made.twitter([made.tweet(ID, "one", **photos("a.jpg")), made.tweet(ID + 1, "only here")])
    importing.run(store, made.zip(files | {f"tweets_media/{ID}-a.jpg": b"", f"tweets_media/{ID + 1}-b.jpg": b""}))
    return store


def test_the_import_remembers_where_it_lies_newest_first(made: Any, imported: Store) -> None:
    first = str(made.folder / "export.zip")
    assert Imported(imported.db).places("twitter:ada") == [first]
    second = made.zip(made.twitter([made.tweet(ID, "one")]), "second.zip")
    importing.run(imported, second)
    assert Imported(imported.db).places("twitter:ada") == [str(second), first]
    (made.folder / "export.zip").unlink()
    importing.run(imported, second)
    assert Imported(imported.db).places("twitter:ada") == [str(second)]
    importing.undo(imported, "twitter:ada")
    assert Imported(imported.db).places("twitter:ada") == []


def test_such_addresses_never_leave(imported: Store) -> None:
    lines = "".join(export.jsonl(imported))
    assert PUBLIC + "a.jpg" in lines and '"export:' not in lines
    for number in imported.items.ids("newest"):  # type: ignore[arg-type]
        article = imported.items.article(number)
        assert article is not None and any("export:" in m.url + m.preview_url for m in article.media)
        assert "export:" not in str(entry_of(article, "u", "f"))


@pytest.mark.parametrize("address", ["export:twitter%3Aada/tweets_media/x.jpg", "EXPORT:x/y", " export:x/y"])
def test_a_feed_cannot_point_into_an_export(store: Store, address: str) -> None:
    number = store.subscriptions.add("rss", "https://evil.example/f")
    media = (Media(address, alt="kept", preview_url=address), Media("https://evil.example/a.png"))
    page = Page((Item("1", "https://evil.example/1", "x", media=media),), {})
    (item,) = store.items.put_page(number, page, 1e9).item_ids
    article = store.items.article(item)
    assert article is not None and [(m.url, m.preview_url, m.alt) for m in article.media] == [
        ("", "", "kept"), ("https://evil.example/a.png", "", ""),
    ]  # fmt: skip


def test_an_import_from_before_gets_its_pictures_by_importing_again(made: Any, store: Store, monkeypatch: Any) -> None:
    files = made.twitter([made.tweet(ID, "one", **photos("a.jpg"))]) | {f"tweets_media/{ID}-a.jpg": b""}
    monkeypatch.setattr("penchant.adapters.exports.twitter_tweets.beside", lambda media, files: tuple(media))
    importing.run(store, made.zip(files))
    monkeypatch.undo()
    importing.run(store, made.zip(files))
    article = store.items.article(store.items.ids("newest")[0])  # type: ignore[arg-type]
    assert article is not None and article.media[0].preview_url == f"export:twitter%3Aada/tweets_media/{ID}-a.jpg"
