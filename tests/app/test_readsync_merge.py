"""The three-way merge, and what must hold of any history of toggles on both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.remote import Status
from penchant.app.readsync_lane import BRIEF, EVERY, FIRST_RETRY, LAST_RETRY, Turn
from penchant.app.readsync_merge import Plan, plan
from penchant.app.store.remote_states import Entry, State

NO, READ, STAR, BOTH = State(), State(read=True), State(starred=True), State(True, True)


def merge(here: State, agreed: State | None, there: State, *, tell: bool = True, **more: float) -> Plan:
    entry = Entry("1", 1, "me@h#1", here, agreed, **more)
    return plan([entry], {"1": Status(there.read, there.starred)}, tell=tell)


def deeds(found: Plan) -> set[str]:
    return {name for name in ("see", "save", "unsave", "read", "star", "unstar") if getattr(found, name)}


@pytest.mark.parametrize(
    ("here", "agreed", "there", "expected"),
    [
        (NO, None, NO, set()),
        (NO, NO, READ, {"see"}),
        (NO, None, BOTH, {"see", "save"}),
        (READ, NO, NO, {"read"}),
        (BOTH, None, NO, {"read", "star"}),
        (STAR, NO, READ, {"see", "star"}),
        (BOTH, BOTH, READ, {"unsave"}),
        (READ, BOTH, BOTH, {"unstar"}),
        (READ, READ, NO, set()),  # marked unread there: not taken back here, not argued about
        (NO, READ, READ, set()),
    ],
)
def test_who_changed_it_is_followed(here: State, agreed: State | None, there: State, expected: set[str]) -> None:
    assert deeds(merge(here, agreed, there)) == expected


def test_without_consent_the_server_is_told_nothing_and_still_believed() -> None:
    assert deeds(merge(BOTH, NO, NO, tell=False)) == set()
    assert deeds(merge(NO, NO, BOTH, tell=False)) == {"see", "save"}
    assert merge(BOTH, NO, NO, tell=False).agreed == [], "what it was not told is not agreed"


def test_of_two_toggles_in_one_round_the_later_counts() -> None:
    """Saved and taken back here; starred there in the meantime."""

    def meet(changed: float | None) -> set[str]:
        entry = Entry("1", 1, "me@h#1", NO, NO, at=100.0, toggled=200.0)
        return deeds(plan([entry], {"1": Status(False, True, changed)}))

    assert meet(150.0) == {"unstar"} and meet(250.0) == {"save"}
    assert meet(None) == {"unstar"}, "where the server tells no time, the key pressed here counts"


def test_what_is_gone_there_is_left_in_peace() -> None:
    entry = Entry("1", 1, "me@h#1", BOTH, STAR)
    found = plan([entry], {"1": None})
    assert deeds(found) == set() and found.agreed == [(entry, BOTH)]
    assert deeds(plan([replace(entry, agreed=BOTH)], {})) == set()


@dataclass
class World:
    """One entry on both sides and what was agreed: what the lane does with a plan, without a network."""

    here: State = NO
    there: State = NO
    agreed: State | None = None
    now: float = 1.0
    at: float = 0.0
    toggled: float = 0.0
    changed: float = 0.0
    deeds: int = 0

    def round(self, tell: bool, tells_time: bool, killed: int = 9) -> None:
        """One exchange; `killed` steps into it nothing more happens."""
        self.now += 1
        entry = Entry("1", 1, "me@h#1", self.here, self.agreed, self.at, self.toggled)
        status = Status(self.there.read, self.there.starred, self.changed if tells_time else None)
        found = plan([entry], {"1": status}, tell=tell)
        steps = [lambda: self._follow(found), lambda: self._agree(found), lambda: self._tell(found), self._told(found)]
        for step in steps[:killed]:
            step()

    def _follow(self, found: Plan) -> None:
        self.deeds += len(deeds(found))
        read = self.here.read or bool(found.see)
        self.here = State(read, (self.here.starred or bool(found.save)) and not found.unsave)

    def _agree(self, found: Plan) -> None:
        for _, state in found.agreed:
            self.agreed, self.at = state, self.now

    def _tell(self, found: Plan) -> None:
        read = self.there.read or bool(found.read)
        after = State(read, (self.there.starred or bool(found.star)) and not found.unstar)
        if after != self.there:
            self.there, self.changed = after, self.now

    def _told(self, found: Plan):  # type: ignore[no-untyped-def]
        def step() -> None:
            if found.read or found.star or found.unstar:
                old = self.agreed or NO
                starred = (old.starred or bool(found.star)) and not found.unstar
                self.agreed, self.at = State(old.read or bool(found.read), starred), self.now

        return step


#: Keys here (reading is never taken back, saving is), another client there, and exchanges, some of them killed.
MOVES = st.lists(
    st.one_of(
        st.sampled_from(["see", "save", "there read", "there star"]),
        st.tuples(st.just("round"), st.integers(0, 9)),
    ),
    max_size=30,
)


@given(moves=MOVES, tells_time=st.booleans())
def test_after_any_history_both_sides_agree_and_come_to_rest(moves: list[object], tells_time: bool) -> None:
    world, unread_there = World(), False
    for move in moves:
        world.now += 1
        if move == "see":
            world.here = replace(world.here, read=True)
        elif move == "save":
            world.here, world.toggled = State(True, not world.here.starred), world.now
        elif move == "there read":
            unread_there = unread_there or world.there.read
            world.there, world.changed = replace(world.there, read=not world.there.read), world.now
        elif move == "there star":
            world.there, world.changed = replace(world.there, starred=not world.there.starred), world.now
        else:
            assert isinstance(move, tuple)
            world.round(True, tells_time, move[1])
    world.round(True, tells_time)
    world.round(True, tells_time)
    assert world.here.starred == world.there.starred
    assert world.here.read == world.there.read or (unread_there and world.here.read)
    before = (world.here, world.there, world.agreed, world.deeds)
    for _ in range(3):
        world.round(True, tells_time)
    assert (world.here, world.there, world.agreed, world.deeds) == before, "nothing is toggled for ever"


@given(
    here=st.builds(State, st.booleans(), st.booleans()),
    there=st.builds(State, st.booleans(), st.booleans()),
    agreed=st.one_of(st.none(), st.builds(State, st.booleans(), st.booleans())),
)
def test_a_kill_between_any_two_steps_changes_nothing_of_the_end(
    here: State, there: State, agreed: State | None
) -> None:
    ends = set()
    for killed in range(5):
        world = World(here, there, agreed)
        world.round(True, False, killed)
        world.round(True, False)
        ends.add((world.here, world.there))
    assert len(ends) == 1


def test_a_server_in_trouble_is_left_alone_ever_longer_and_as_long_as_it_says() -> None:
    turn, quiet = Turn(), ("nothing new",)
    assert turn.due(0.0, quiet), "the first exchange comes at once"
    turn.tried = 0.0
    turn.succeeded(quiet)
    assert not turn.due(1.0, ("a key",)) and turn.due(BRIEF, ("a key",)) and not turn.due(BRIEF, quiet)
    assert turn.due(EVERY, quiet)
    waits = []
    for _ in range(12):
        turn.failed(None)
        waits.append(turn.wait)
    assert waits == sorted(waits) and waits[0] == FIRST_RETRY and waits[-1] == LAST_RETRY
    turn.failed(2 * LAST_RETRY)
    assert not turn.due(LAST_RETRY, ("a key",)) and turn.due(2 * LAST_RETRY, quiet)
