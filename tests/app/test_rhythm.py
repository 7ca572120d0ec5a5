"""Machines that sleep, clocks that are set, networks that go away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.app.rhythm import FURTHEST, GRACE, JUMP, OFFLINE, Rhythm


class Clocks:
    """A wall clock and a steady one; a suspend moves only the wall clock on."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_800_000_000.0, 500.0
        self.rhythm = Rhythm(lambda: self.wall, lambda: self.steady)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def test_ordinary_time_is_no_jump() -> None:
    clocks = Clocks()
    for _ in range(100):
        clocks.passes(3600.0)
        clocks.wall += 0.5  # NTP pulls the clock along
        assert not clocks.rhythm.jumped() and not clocks.rhythm.quiet


def test_after_a_suspend_it_is_quiet_for_a_moment() -> None:
    clocks = Clocks()
    clocks.wall += 8 * 3600.0
    assert clocks.rhythm.jumped(), "noticed once"
    assert clocks.rhythm.quiet and not clocks.rhythm.jumped()
    clocks.passes(GRACE - 1)
    assert clocks.rhythm.quiet
    clocks.passes(2)
    assert not clocks.rhythm.quiet


def test_a_clock_set_back_is_a_jump_and_shows_wrong_plans() -> None:
    clocks = Clocks()
    clocks.wall += 400 * 86_400.0  # a year ahead by mistake ...
    assert clocks.rhythm.jumped()
    planned = clocks.wall + 3600.0
    assert not clocks.rhythm.misplanned(planned)
    clocks.wall -= 400 * 86_400.0  # ... and put right
    assert clocks.rhythm.jumped() and clocks.rhythm.misplanned(planned)
    assert not clocks.rhythm.misplanned(clocks.wall + 7 * 86_400.0), "Retry-After may ask for a week"


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e6, 1e6)), max_size=30))
def test_jumps_are_counted_once_whichever_way(steps: list[tuple[float, float]]) -> None:
    clocks = Clocks()
    for passing, jump in steps:
        clocks.passes(passing)
        clocks.wall += jump
        if abs(abs(jump) - JUMP) > 1.0:
            assert clocks.rhythm.jumped() == (abs(jump) > JUMP)
        else:
            clocks.rhythm.jumped()
        assert not clocks.rhythm.jumped()


def test_offline_is_many_sources_out_of_reach_and_all_are_tried_again_at_once() -> None:
    rhythm = Clocks().rhythm
    for number in range(OFFLINE):
        rhythm.unreachable(number)
        rhythm.unreachable(number)  # the same one failing again says nothing of the network
    assert rhythm.reached(99) == list(range(OFFLINE))
    assert rhythm.reached(99) == [], "asked for once"


def test_one_dead_server_is_not_offline() -> None:
    rhythm = Clocks().rhythm
    for _ in range(10 * OFFLINE):
        rhythm.unreachable(1)
    assert rhythm.reached(99) == []
    rhythm.unreachable(2)
    assert rhythm.reached(99) == []


def test_a_plan_within_reach_stands() -> None:
    clocks = Clocks()
    assert not clocks.rhythm.misplanned(clocks.wall + FURTHEST - 1)
    assert clocks.rhythm.misplanned(clocks.wall + FURTHEST + 1)
    assert not clocks.rhythm.misplanned(0.0)


def test_a_plan_made_in_what_is_the_future_now_is_wrong() -> None:
    """The clock was a day ahead: without this, nothing would be fetched for a day."""
    clocks = Clocks()
    made = clocks.wall
    clocks.wall -= 86_400.0
    assert clocks.rhythm.misplanned(made + 3600.0, made)
    assert not clocks.rhythm.misplanned(clocks.wall + 3600.0, clocks.wall)
    assert not clocks.rhythm.misplanned(clocks.wall + 3600.0, None)


def test_dead_servers_that_come_together_are_not_asked_for_ever() -> None:
    rhythm = Clocks().rhythm
    for number in range(OFFLINE):
        rhythm.unreachable(number)
    assert rhythm.reached(99) == list(range(OFFLINE))
    for number in range(OFFLINE):  # and they fail again, one after another
        rhythm.unreachable(number)
    assert rhythm.reached(99) == []
    assert rhythm.reached(0) == []
    for number in range(OFFLINE):
        rhythm.unreachable(number)
    assert rhythm.reached(99) == [0], "one that was reached since may have lost the network again"
