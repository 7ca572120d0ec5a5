"""Items survive the way from the parsing child: pickled and back they are equal, copies too."""

from __future__ import annotations

import copy
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Link, Media, Poll, Sighting

TEXT = st.text(max_size=20)
MOMENT = st.none() | st.floats(-1e12, 1e12)
AUTHOR = st.builds(Author, TEXT, TEXT, TEXT, TEXT, TEXT)
ITEM = st.builds(
    Item,
    native_id=TEXT,
    url=TEXT,
    title=TEXT,
    text=TEXT,
    author=st.none() | AUTHOR,
    published=MOMENT,
    tags=st.tuples(TEXT),
    media=st.tuples(
        st.builds(Media, TEXT, st.sampled_from(("image", "video")), TEXT, width=st.integers(0, 9))
    ),
    links=st.tuples(st.builds(Link, TEXT, TEXT)),
    points=st.none() | st.integers(),
    poll=st.none() | st.builds(Poll, st.tuples(st.tuples(TEXT, st.none() | st.integers())), MOMENT),
    sightings=st.tuples(st.builds(Sighting, st.sampled_from(("post", "boost")), MOMENT, st.none() | AUTHOR)),
    extra=st.dictionaries(TEXT, TEXT, max_size=3),
)


@settings(deadline=None)
@given(ITEM)
def test_an_item_comes_back_equal(item: Item) -> None:
    for protocol in (2, pickle.HIGHEST_PROTOCOL):
        back = pickle.loads(pickle.dumps(item, protocol))
        assert back == item
        assert back.content_hash == item.content_hash
    assert copy.deepcopy(item) == item
