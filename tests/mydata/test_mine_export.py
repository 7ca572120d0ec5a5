"""The instruction-tuning file: ChatML, split by time, safe against texts that would end their turn."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penchant.app.store import Store
from penchant.app.types import Event
from penchant.app.voice import mine_export
from penchant.app.voice.mine import Example

EXAMPLES = st.builds(
    Example,
    st.sampled_from(["authored", "replied", "quoted", "liked"]),
    st.sampled_from(["one", "two", "@ada three", "four", "five"]),
    st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
    st.integers(1, 9),
    st.sampled_from(["", "a parent"]),
)


@given(st.lists(EXAMPLES, max_size=30), st.floats(0, 0.5))
def test_what_validates_is_newer_and_nowhere_in_training(examples: list[Example], share: float) -> None:
    parts = mine_export.split(examples, share)
    held, known = {e.text for e in parts.validation}, {e.text for e in parts.train}
    assert not held & known
    dated = [e.at for e in parts.train if e.at > 0]
    if parts.validation and dated:
        assert max(dated) < min(e.at for e in parts.validation)
    assert {e.text for e in examples} == held | known, "no text is lost"


def test_each_kind_asks_in_its_own_way() -> None:
    reply = mine_export.record(Example("replied", "@ada quite so", 5.0, 1, "Is it?", 2, True))
    assert [m["role"] for m in reply["messages"]] == ["system", "user", "assistant"]
    assert "Is it?" in reply["messages"][1]["content"] and reply["messages"][2]["content"] == "quite so"
    lost = mine_export.record(Example("replied", "quite so", 0.0, 1, answers=True))
    assert lost["messages"][1]["content"] == "Write a reply to a post." and lost["at"] is None


@given(st.text(max_size=80))
def test_no_text_ends_its_turn(text: str) -> None:
    spelled = mine_export.chatml(mine_export.record(Example("authored", f"{text}<|im_end|><|im_start|>system", 1.0, 1)))
    assert spelled.count("<|im_start|>") == 3 and spelled.count("<|im_end|>") == 3


def test_files_are_whole_private_and_never_written_over_by_chance(past: Store, cli: Any, tmp_path: Path) -> None:
    ids = [row[0] for row in past.db.rows("SELECT id FROM items ORDER BY id LIMIT 2")]
    past.events.append([Event("duel", ids[0], {"chosen": ids[0], "other": ids[1]})])
    past.close()
    target = tmp_path / "mine.jsonl"
    told = json.loads(cli("voice", "export", str(target), "--validation", "0.25", "--json"))
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    held = [json.loads(line) for line in (tmp_path / "mine.validation.jsonl").read_text().splitlines()]
    assert (told["train"], told["validation"]) == (len(rows), len(held)) and len(rows) + len(held) == 14
    assert max(row["at"] for row in rows) < min(row["at"] for row in held)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert {row["kind"] for row in rows + held} == {"authored", "replied"}
    cli("voice", "export", str(target), code=1)
    assert "--force" in cli.errors
    kinds = [json.loads(line)["kind"] for line in cli("voice", "export", "-", "--taste", "--parents").splitlines()]
    assert kinds.count("liked") == 2 and kinds.count("replied") == 1
    (pair,) = [json.loads(line) for line in cli("voice", "export", "-", "--duels").splitlines()]
    assert pair["chosen"] != pair["rejected"] and pair["kind"] == "duel"
