"""What a window asks of thousands of sources twice a second."""

from __future__ import annotations

from pathlib import Path

from penchant.app.store import Store


def test_what_stands_is_counted_whole_and_told_in_part(tmp_path: Path) -> None:
    with Store.open(tmp_path / "archive.db", role="worker") as store:
        ids = [store.subscriptions.add("rss", f"https://{n}.example/feed") for n in range(30)]
        store.subscriptions.remove(ids.pop())
        store.subscriptions.queue(ids[:20])
        store.subscriptions.mark_fetching(ids[19])
        for id_ in ids[25:]:
            store.subscriptions.failed(id_, "no", "wait", 1e12)
        store.subscriptions.pause(ids[28])
        fetching, busy, failing, sources = store.subscriptions.standing(5)
        assert [s.id for s in fetching] == [ids[19], *ids[:4]], "those under way first"
        assert (busy, failing, sources) == (20, 3, 29)
        assert [s.id for s in store.subscriptions.all(kinds=("mastodon",))] == []
        assert len(store.subscriptions.all(kinds=("rss", "mastodon"))) == 29


def test_what_a_refused_visit_left_is_queued_but_not_what_is_under_way(tmp_path: Path) -> None:
    with Store.open(tmp_path / "archive.db", role="worker") as store:
        ids = [store.subscriptions.add("rss", f"https://{n}.example/feed") for n in range(3)]
        for id_ in ids:
            store.subscriptions.mark_fetching(id_)
        assert store.subscriptions.recover([ids[1]]) == 2
        assert {s.id: s.state for s in store.subscriptions.all()} == {
            ids[0]: "queued", ids[1]: "fetching", ids[2]: "queued",
        }  # fmt: skip
