"""Addresses of arXiv: what they name, and that the short form names it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import load, names
from penchant.adapters.arxiv_place import from_settings, parse, recognise, split_version
from penchant.adapters.base import BadSettings

NAMED = {
    "arxiv:cat:cs.IR": "arxiv:cat:cs.IR",
    "arxiv:au:Jane Doe": 'arxiv:au:"Jane Doe"',
    "arxiv:author:Doe": "arxiv:au:Doe",
    "arxiv:search:graph  networks": "arxiv:all:graph AND all:networks",
    'arxiv:ti:"attention is" AND cat:cs.CL': 'arxiv:ti:"attention is" AND cat:cs.CL',
    "arxiv:query:cat:cs.CL ANDNOT au:Doe": "arxiv:cat:cs.CL ANDNOT au:Doe",
    "arxiv:list:cs.CL+cs.IR": "arxiv:list:cs.CL+cs.IR",
    "arxiv:list/cs.CL": "arxiv:list:cs.CL",
    "arxiv:new:hep-th": "arxiv:list:hep-th",
    "arxiv:1605.08386": "arxiv:id:1605.08386",
    "arxiv:id:1605.08386v2, 2202.12139": "arxiv:id:1605.08386,2202.12139",
    "arXiv:math.GT/0309136": "arxiv:id:math.GT/0309136",
    "https://arxiv.org/abs/1605.08386": "arxiv:id:1605.08386",
    "https://arxiv.org/abs/1605.08386v3": "arxiv:id:1605.08386",
    "http://www.arxiv.org/pdf/astro-ph/0601001v1.pdf": "arxiv:id:astro-ph/0601001",
    "arxiv.org/html/2401.00001": "arxiv:id:2401.00001",
    "https://arxiv.org/list/cs.CL/recent": "arxiv:list:cs.CL",
    "https://arxiv.org/list/hep-th/new": "arxiv:list:hep-th",
    "https://rss.arxiv.org/rss/cs.CL+cs.IR": "arxiv:list:cs.CL+cs.IR",
    "https://rss.arxiv.org/atom/cs.AI": "arxiv:list:cs.AI",
    "https://export.arxiv.org/rss/math": "arxiv:list:math",
    "https://arxiv.org/search/?query=owls+at+night&searchtype=title": 'arxiv:ti:"owls at night"',
    "https://arxiv.org/search/?query=owls+night&searchtype=all": "arxiv:all:owls AND all:night",
    "https://export.arxiv.org/api/query?search_query=cat:cs.CL+AND+au:doe": "arxiv:cat:cs.CL AND au:doe",
}
NOT_NAMED = [
    "arxiv:", "arxiv:hello", "arxiv:xx:1", "arxiv:list:", "arxiv:list:../x", "arxiv:id:abc", "arxiv:cat:a b",
    "https://arxiv.org/", "https://arxiv.org/help", "https://arxiv.org.evil.example/abs/1605.08386",
    "https://info.arxiv.org/help/api", "https://arxiv.org/abs/../../x", "https://example.org/abs/1605.08386",
]  # fmt: skip


@pytest.mark.parametrize("typed", NAMED)
def test_what_an_address_names(typed: str) -> None:
    found = recognise(typed)
    assert found is not None and (found.kind, found.address) == ("arxiv", NAMED[typed])
    assert found.title.startswith("arXiv · ") and found.settings == {"address": found.address}
    assert next(kind for kind in names() if load(kind).recognise(typed) is not None) == "arxiv"


@pytest.mark.parametrize("typed", NOT_NAMED)
def test_what_no_address_names(typed: str) -> None:
    assert recognise(typed) is None


def test_other_servers_are_named_in_the_address() -> None:
    found = recognise("arxiv:cat:cs.IR?api=http://127.0.0.1:99/api&feeds=http://127.0.0.1:99/")
    assert found is not None and found.settings["api"] == "http://127.0.0.1:99/api"
    place = from_settings(found.settings)
    assert (place.value, place.feeds) == ("cat:cs.IR", "http://127.0.0.1:99")
    assert from_settings({"address": place.address}) == place


def test_settings_that_name_nothing_are_refused_in_words() -> None:
    with pytest.raises(BadSettings, match="names nothing") as caught:
        from_settings({"address": "arxiv:?"})
    assert "arxiv:cat:cs.IR" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://arxiv.org/abs/2202.12139v3", ("2202.12139", 3)),
        ("http://arxiv.org/abs/astro-ph/0601001v1", ("astro-ph/0601001", 1)),
        ("oai:arXiv.org:2409.01234v12", ("2409.01234", 12)),
        ("oai:arXiv.org:math.GT/0309136", ("math.GT/0309136", 0)),
        ("https://arxiv.org/api/errors#incorrect_id_format_for_abc", ("", 0)),
    ],
)
def test_ids_and_versions(text: str, found: tuple[str, int]) -> None:
    assert split_version(text) == found


@given(st.text(max_size=60))
def test_a_short_form_names_the_same_place_again(text: str) -> None:
    for typed in (text, f"arxiv:{text}", f"arxiv:search:{text}", f"arxiv:au:{text}", f"https://arxiv.org/{text}"):
        place = parse(typed)
        if place is not None:
            assert parse(place.address) == place
            assert place.title and place.web.startswith("https://arxiv.org/")
