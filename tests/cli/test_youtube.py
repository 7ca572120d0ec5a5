"""YouTube from a shell: a channel is followed by its handle, and goes into the OPML list as its feed."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_a_channel_leaves_as_its_feed(cli: Any, tmp_path: Path) -> None:
    cli("add", "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv", "--title", "Owls & trams")
    cli("add", "https://www.youtube.com/@ada")
    cli("add", "https://www.youtube.com/playlist?list=PLabcdefgh")
    target = tmp_path / "feeds.opml"
    cli("export", "opml", str(target))
    written = target.read_text()
    assert 'text="Owls &amp; trams"' in written
    assert "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrstuv" in written
    assert "https://www.youtube.com/feeds/videos.xml?playlist_id=PLabcdefgh" in written
    assert "@ada" not in written, "no feed is known before the first visit"
