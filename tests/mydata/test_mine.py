"""My data: typed examples from an import, what they say of the hand that wrote them, replies below their parents."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app import importing
from penchant.app.store import Store
from penchant.app.store.drafts import Draft
from penchant.app.types import Event
from penchant.app.voice import mine, mine_replies, mine_stats, mine_style


def test_every_act_becomes_an_example_of_its_kind(past: Store) -> None:
    found = mine.examples(past)
    counted = {kind.name: (kind.count, kind.answers, kind.parents) for kind in mine_stats.kinds(found)}
    assert counted == {"authored": (12, 0, 0), "replied": (2, 2, 1), "liked": (2, 0, 0)}
    assert [e.at for e in found if e.kind == "authored"] == sorted(e.at for e in found if e.kind == "authored")
    (known,) = [e for e in found if e.parent]
    assert known.parent == "Own post 0 about owls, honestly!" and known.parent_item
    assert mine.spoken(known.text) == "well, owls sleep by day"


def test_likes_of_the_reader_s_own_keys_count_and_undone_imports_do_not(past: Store) -> None:
    number = past.db.value("SELECT id FROM items WHERE text LIKE 'Own post 3%'")
    past.events.append([Event("like", number)])
    assert [e.kind for e in mine.examples(past) if e.item_id == number] == ["authored", "liked"]
    importing.undo(past, "Twitter")
    assert {e.kind for e in mine.examples(past)} <= {"liked"}


def test_what_a_model_wrote_is_no_example_of_the_reader_s_hand(past: Store) -> None:
    before = mine.examples(past)
    name = past.drafts.add(Draft("post", "A text about owls that a model wrote and the reader liked.", arm="vector"))
    past.drafts.as_item(name)
    draft = past.drafts.get(name)
    assert draft is not None and draft.item_id
    past.events.append([Event("like", draft.item_id), Event("save", draft.item_id)])
    assert mine.examples(past) == before


def test_others_are_never_the_reader_s_own(past: Store) -> None:
    texts = mine.others(past, mine.examples(past))
    assert texts and not any("Own post" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@ada see https://x.example/a?b=1 now", "see now"),
        ("mail me at ada@example.org", "mail me at ada@example.org"),
        ("thanks @bob@hachyderm.io! [12]", "thanks !"),
    ],
)
def test_names_and_addresses_tell_nothing(text: str, left: str) -> None:
    assert mine.bare(text) == left


def hand(seed: int, loud: bool) -> str:
    """A text by one of two hands with the same subjects: one shouts and dots, the other does neither."""
    words = random.Random(seed).choices(["owl", "tram", "bread", "river", "lamp", "stone", "wheel"], k=12)
    return " ".join(w.upper() + "!!" if n % 3 == 0 else w for n, w in enumerate(words)) if loud else ", ".join(words)


def test_held_out_texts_are_told_by_the_hand_and_not_by_chance() -> None:
    own, others = [hand(n, True) for n in range(30)], [hand(100 + n, False) for n in range(40)]
    found = mine_style.measure(own, others)
    assert found is not None and found.auc > 0.95 and found.interval[0] > 0.8
    assert found.learned == (21, 28) and found.tested == (9, 12)
    alike = mine_style.measure([hand(n, False) for n in range(30)], others)
    assert alike is not None and alike.auc < 0.85 and alike.interval[0] < 0.6, "one hand is not two"
    assert mine_style.measure(own[:5], others) is None


def test_nothing_of_the_held_out_is_learned() -> None:
    own, others = [hand(n, True) for n in range(30)], [hand(100 + n, False) for n in range(40)]
    one = mine_style.measure(own, others)
    assert one is not None
    assert {text for _, text in one.most} == set(own[21:]), "the newest are held out"


@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_text_has_runs(texts: list[str]) -> None:
    rows = mine_style.rows(texts)
    assert rows.shape == (len(texts), mine_style.BUCKETS) and bool((rows >= 0).all())


def test_replies_win_below_their_own_parent() -> None:
    pairs = [("owls at night hunt mice", "mice fear owls at night"), ("trams need rails", "rails rust without trams"),
             ("bread wants salt", "salt makes bread bread")]  # fmt: skip
    shared = mine_replies.by_words(pairs)
    true = [shared(*pair) for pair in pairs]
    false = [shared(pairs[other][0], pairs[n][1]) for n, other in enumerate(mine_replies.shifted(3, 1))]
    found = mine_replies.compare(true, false)
    assert (found.share, found.pairs) == (1.0, 3)
    assert mine_replies.compare([1.0, None, 2.0], [1.0, 0.0, None]).share == 0.5, "a tie; the rest is unknown"


def test_the_shell_counts_measures_and_says_what_is_missing(past: Store, cli: Any) -> None:
    past.close()
    found = json.loads(cli("voice", "stats", "--measure", "--json"))
    assert {k["kind"]: k["count"] for k in found["kinds"]} == {"authored": 12, "replied": 2, "liked": 2}
    assert found["style"]["exclamations"] > 0.8 and found["attribution"] is None
    shown = cli("voice", "stats")
    assert "authored" in shown and "PARENT" in shown
    cli("voice", "stats", "--replies", code=1)
    assert "it takes two" in cli.errors and "import fill" in cli.errors


def test_an_empty_archive_is_told_how_to_begin(cli: Any, home: Any) -> None:
    assert "penchant import" in cli("voice", "stats")
    cli("voice", "export", "-", code=1)
    assert "penchant import" in cli.errors
