"""Records of how lanes are doing: read back as written, and harmless whatever another version wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app import backfill_status, judging_status, picture_status, status_record

KINDS = [backfill_status.Status, judging_status.Status, picture_status.Status]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
ENTRIES = PLAIN | st.lists(st.integers() | st.text())


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_was_written_is_read_and_what_does_not_fit_is_left_at_its_default(kind: Any, data: Any) -> None:
    names = list(kind.__dataclass_fields__)
    raw = data.draw(st.dictionaries(st.sampled_from([*names, "other"]), ENTRIES, min_size=1))
    found = status_record.read(kind, json.dumps(raw))
    assert found is not None or any(isinstance(each, int) and abs(each) > 10**300 for each in raw.values())
    if found is not None:
        for name in names:
            kept, default = getattr(found, name), getattr(kind(), name)
            assert type(kept) is type(default) and (kept == default or name in raw)
        again = status_record.read(kind, found.to_json())
        assert again is not None and again.to_json() == found.to_json()


def test_a_number_too_large_for_a_float_is_no_record() -> None:
    assert status_record.read(judging_status.Status, json.dumps({"used": 10**400})) is None
    assert judging_status.read('{"used": 3, "aside": [1, 2], "judged": 4.5}') == judging_status.Status(
        used=3.0, aside=(1, 2)
    )
