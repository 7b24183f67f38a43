"""Monitors against scripted epochs: exactly who stops, and when."""

import time

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import simplify, stack
from sknnreg.engine.places.time.monitors import (
    AdaptiveRate,
    Divergence,
    Epoch,
    LossReached,
    Plateau,
    TimeLimit,
)

INF, NAN = np.inf, np.nan


def epoch(number, watched, *, rate=0.1, finite=True, started=0.0, validation=None):
    watched = np.atleast_1d(np.asarray(watched, float))
    m = len(watched)
    return Epoch(
        np.full(m, number),
        watched,
        np.broadcast_to(finite, m),
        np.broadcast_to(np.asarray(rate, float), m),
        started,
        None if validation is None else np.broadcast_to(np.asarray(validation, float), m),
    )


def stopping_epoch(member, watched, state=None):
    """The first epoch at which one network stops; None if it does not."""
    state = member.init(1) if state is None else state
    for number, value in enumerate(watched, 1):
        if member.on_epoch_end(epoch(number, value), state)[0]:
            return number
    return None


class TestPlateau:
    @pytest.mark.parametrize(
        ("watched", "tol", "expected"),
        [
            # patience 1, 2, 10 and without end
            ([5.0] * 40, 0.0, (2, 3, 11, None)),
            ([5.0] * 40, 0.5, (2, 3, 11, None)),
            (np.arange(40, 0, -1), 0.0, (None,) * 4),
            (np.arange(40, 0, -1), 0.5, (None,) * 4),
            # an improvement of exactly tol is one
            (np.arange(40, 0, -1) / 4, 0.25, (None,) * 4),
            # smaller ones add nothing up: the best moves along
            (np.arange(40, 0, -1) / 8, 0.25, (2, 3, 11, None)),
            # a tie with the best is no improvement, even at tol 0
            ([3, 2, 2, 1, 1, 1] + [0] * 30, 0.0, (3, 6, 17, None)),
            # the improvement is over the best so far, not over the last epoch
            ([3, 1, 5, 4, 3, 2, 1.5] + [1.25] * 30, 0.0, (3, 4, 12, None)),
            # saved by an improvement at the last moment
            ([9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 5], 0.5, (2, 11, None, None)),
            ([9] + [9] * 9 + [8] + [8] * 30, 0.5, (2, 3, 21, None)),
            # what cannot be compared does not improve, and is not the best either
            ([5, NAN, 4, NAN, NAN, 3] + [3] * 30, 0.0, (2, 5, 16, None)),
            ([NAN] * 40, 0.0, (1, 2, 10, None)),
            ([INF] * 40, 0.0, (1, 2, 10, None)),
            ([INF, 1, 1, 1] + [1] * 30, 0.0, (1, 4, 12, None)),
            # minus a score
            (-np.arange(40.0), 1.0, (None,) * 4),
            ([-0.5, -0.75, -0.7, -0.75, -0.76] + [-0.76] * 30, 0.0, (3, 4, 15, None)),
        ],
    )
    def test_stopping_epoch(self, watched, tol, expected):
        patience = (1, 2, 10, INF)
        for wait, at in zip(patience, expected, strict=True):
            assert stopping_epoch(stack([Plateau(tol, wait)]), watched) == at
        # and all four in one stack, each by its own patience
        member = stack([Plateau(tol, wait) for wait in patience])
        state, first = member.init(4), [None] * 4
        for number, value in enumerate(watched, 1):
            for row in np.flatnonzero(member.on_epoch_end(epoch(number, [value] * 4), state)):
                first[row] = first[row] or number
        assert tuple(first) == expected

    def test_each_network_by_its_own_tolerance(self):
        member = stack([Plateau(tol, 2) for tol in (0.0, 0.25, 0.5)])
        state, stops = member.init(3), []
        for number, value in enumerate([3, 2.75, 2.5, 2.25, 2.0], 1):
            stops.append(member.on_epoch_end(epoch(number, [value] * 3), state).tolist())
        assert [row[0] for row in stops] == [False] * 5
        assert [row[1] for row in stops] == [False] * 5
        assert [row[2] for row in stops] == [False, False, True, True, True]

    def test_going_on_gives_new_patience_to_who_had_run_out(self):
        member = stack([Plateau(0.0, 2), Plateau(0.0, 3)])
        state = member.init(2)
        for number in (1, 2, 3):
            stop = member.on_epoch_end(epoch(number, [1, 1]), state)
        assert stop.tolist() == [True, False]
        member.resume(state)
        found = [member.on_epoch_end(epoch(n, [1, 1]), state).tolist() for n in (4, 5)]
        # the first waits two epochs anew; the second had one to go and goes on where it stood
        assert found == [[False, True], [True, True]]
        assert state["best"].tolist() == [1, 1]


class TestAdaptiveRate:
    def run(self, watched, init, tol=0.0, patience=2):
        """Factors after each epoch and the epoch of the stop, as a training loop sees them."""
        member = stack([AdaptiveRate(Plateau(tol, patience))])
        state, factors = member.init(1), []
        for number, value in enumerate(watched, 1):
            rate = init * state["factor"][0]
            if member.on_epoch_end(epoch(number, value, rate=rate), state)[0]:
                return factors, number
            factors.append(float(state["factor"][0]))
        return factors, None

    def test_divides_by_five_where_a_plateau_would_stop(self):
        factors, stop = self.run([1.0] * 9, init=0.1)
        expected = [1, 1, 1 / 5, 1 / 5, 1 / 25, 1 / 25, 1 / 125, 1 / 125, 1 / 625]
        assert factors == pytest.approx(expected, rel=1e-15)
        assert stop is None

    def test_an_improvement_keeps_the_rate(self):
        factors, stop = self.run([3, 3, 2, 2, 1, 1, 1, 0], init=0.1)
        assert factors == pytest.approx([1, 1, 1, 1, 1, 1, 0.2, 0.2], rel=1e-15)
        assert stop is None

    def test_stops_where_the_rate_is_too_small(self):
        # 0.1 / 5^n falls below 1e-6 at n = 8: after an epoch of 1 and 8 plateaus of 2, two more
        factors, stop = self.run([1.0] * 50, init=0.1)
        assert factors[-1] == pytest.approx(5.0**-8)
        assert stop == 1 + 2 * 8 + 2

    @pytest.mark.parametrize(("init", "stop"), [(1e-6, 3), (1.1e-6, 5), (4e-6, 5), (6e-6, 7)])
    def test_at_most_one_millionth(self, init, stop):
        assert self.run([1.0] * 50, init=init)[1] == stop

    def test_tolerance_is_the_plateaus(self):
        factors, _ = self.run(np.arange(5, 0, -1) / 8, init=0.1, tol=0.25)
        assert factors == pytest.approx([1, 1, 0.2, 0.2, 0.04], rel=1e-15)

    def test_networks_fall_apart(self):
        member = stack([AdaptiveRate(Plateau(0.0, n)) for n in (1, 2, INF)])
        state = member.init(3)
        for number in range(1, 6):
            stop = member.on_epoch_end(epoch(number, [1, 1, 1]), state)
        assert not stop.any()
        np.testing.assert_allclose(state["factor"], [5.0**-4, 5.0**-2, 1], rtol=1e-15)

    def test_resuming_keeps_the_factor(self):
        member = stack([AdaptiveRate(Plateau(0.0, 1))])
        state = member.init(1)
        for number in (1, 2):
            member.on_epoch_end(epoch(number, 1), state)
        member.resume(state)
        assert state["factor"][0] == 0.2


class TestTimeLimit:
    def test_fake_clock(self, monkeypatch):
        member = stack([TimeLimit(seconds) for seconds in (5.0, 10.0, 1e6, INF)])
        monkeypatch.setattr(time, "monotonic", lambda: 1010.0)
        stop = member.on_epoch_end(epoch(1, [1] * 4, started=1000.0), member.init(4))
        assert stop.tolist() == [True, True, False, False]
        stop = member.on_epoch_end(epoch(1, [1] * 4, started=1004.0), member.init(4))
        assert stop.tolist() == [True, False, False, False]
        stop = member.on_epoch_end(epoch(1, [1] * 4, started=1010.0), member.init(4))
        assert not stop.any()

    def test_long_ago(self):
        member = stack([TimeLimit(5.0), TimeLimit(INF)])
        started = time.monotonic() - 1e5
        assert member.on_epoch_end(epoch(1, [1, 1], started=started), {}).tolist() == [True, False]


class TestLossReached:
    def first_below(self, targets, losses):
        """The epoch at which each network of a stack stops; what is watched plays no part."""
        member = stack([LossReached(target) for target in targets])
        state, first = member.init(len(targets)), [None] * len(targets)
        for number, value in enumerate(losses, 1):
            watched = [-INF, NAN, 0.0, INF][number % 4]
            now = epoch(number, [watched] * len(targets), validation=value)
            for row in np.flatnonzero(member.on_epoch_end(now, state)):
                first[row] = first[row] or number
        return first

    @pytest.mark.parametrize(
        ("losses", "expected"),
        [
            # below 3, 1 and 0.25; nothing is below minus infinity
            ([5, 4, 3, 2, 1, 0.5, 0.25, 0.2], [4, 6, 8, None]),
            # to be equal is not to be below
            ([3, 3, 1, 1, 0.25, 0.25], [3, 5, None, None]),
            # the first time counts, with no patience before it or after
            ([9, 0.5, 9, 9], [2, 2, None, None]),
            ([0, 9, 9, 9], [1, 1, 1, None]),
            ([9, -1], [2, 2, 2, None]),
            # what cannot be compared is not below; what diverged upwards is not either
            ([NAN, NAN, 2, NAN, 0], [3, 5, 5, None]),
            ([INF, INF, INF], [None] * 4),
            ([NAN] * 5, [None] * 4),
        ],
    )
    def test_stopping_epoch(self, losses, expected):
        targets = [3.0, 1.0, 0.25, -INF]
        assert self.first_below(targets, losses) == expected
        # and alone, as in the stack
        assert [self.first_below([target], losses)[0] for target in targets] == expected

    def test_each_network_by_its_own_loss(self):
        member = stack([LossReached(target) for target in (1.0, 1.0, 2.0, 2.0)])
        stop = member.on_epoch_end(epoch(1, [0] * 4, validation=[0.5, 1.5, 1.5, 2.5]), {})
        assert stop.tolist() == [True, False, True, False]

    @pytest.mark.parametrize("watched", [-INF, -1.0, 0.0, NAN])
    def test_without_a_validation_loss_nobody_stops(self, watched):
        """Whatever else falls: the training loss is not what is to be reached."""
        member = stack([LossReached(1.0), LossReached(INF), LossReached(-INF)])
        for number in (1, 2):
            stop = member.on_epoch_end(epoch(number, [watched] * 3), {})
            assert stop.tolist() == [False] * 3
            assert stop.dtype == bool

    def test_a_target_that_is_no_number_is_never_met(self):
        assert self.first_below([NAN], [5, 0, -INF]) == [None]

    def test_is_off_where_there_is_no_target(self):
        """``simplify`` drops it if it is off for all."""
        assert LossReached(-INF).active.tolist() is False
        assert stack([LossReached(-INF), LossReached(0.0)]).active.tolist() == [False, True]
        assert simplify((stack([LossReached(-INF)] * 2),)) == ()
        assert len(simplify((stack([LossReached(-INF), LossReached(0.0)]),))) == 1

    def test_it_remembers_nothing(self):
        """Going on, it asks for the loss anew."""
        member = stack([LossReached(1.0)])
        state = member.init(1)
        assert state == {}
        assert member.on_epoch_end(epoch(1, 0, validation=0.5), state)[0]
        member.resume(state)
        assert not member.on_epoch_end(epoch(2, 0, validation=1.5), state)[0]
        assert member.on_epoch_end(epoch(3, 0, validation=0.5), state)[0]


class TestDivergence:
    def test_who_is_not_finite(self):
        finite = np.array([True, False, True])
        stop = Divergence().on_epoch_end(epoch(1, [1, NAN, 2], finite=finite), {})
        assert stop.tolist() == [False, True, False]

    def test_an_infinite_score_alone_is_no_divergence(self):
        assert not Divergence().on_epoch_end(epoch(1, [INF, NAN]), {}).any()


@pytest.fixture
def remembering(members):
    """The cases of those that keep something from epoch to epoch."""
    return [each for each in members["monitor"][1] if each.stacked.init(3)]


def test_plateaus_alone_remember(monitor, remembering):
    """For the others there is nothing to judge anew."""
    if monitor in remembering:
        assert monitor.cls in (Plateau, AdaptiveRate)
        return
    member, state = monitor.stacked, {}
    for number in (1, 2):
        member.on_epoch_end(epoch(number, [1, 2, 3], validation=[1, 2, 3]), state)
        member.resume(state)
        member.rejudge(state, np.ones(3))
        assert state == {}


def test_states_have_a_row_per_network(remembering):
    assert len(remembering) == 2
    for each in remembering:
        assert {array.shape for array in each.stacked.init(3).values()} == {(3,)}


def test_stops_are_one_bool_per_network(monitor):
    member = monitor.stacked
    stop = member.on_epoch_end(epoch(1, [1, 2, 3]), member.init(3))
    assert stop.shape == (3,)
    assert stop.dtype == bool


@pytest.mark.parametrize("best", [np.full(3, np.inf), np.array([1.0, -2.0, 30.0])])
@pytest.mark.parametrize("number", [0, 1])
def test_rejudged_is_the_start_but_for_the_best_and_the_step_size(remembering, number, best):
    """By another measure nobody has waited yet; a step size that was lowered stays so."""
    member = remembering[number].stacked
    state, start = member.init(3), member.init(3)
    for number, value in enumerate([5.0, 4.0] + [4.0] * 10, 1):
        member.on_epoch_end(epoch(number, [value] * 3), state)
    assert not any(np.array_equal(state[key], start[key]) for key in start), "nothing is shown"
    expected = {**start, **{key: state[key].copy() for key in state if key == "factor"}}
    expected["best"] = best.copy()
    member.rejudge(state, best)
    assert np.array_equal(best, expected["best"])
    assert state.keys() == expected.keys()
    for key, array in state.items():
        assert array.dtype == start[key].dtype
        assert np.array_equal(array, expected[key]), key
        assert not np.shares_memory(array, best)


def test_only_what_changes_the_step_size_has_a_factor(monitor):
    """A factor of each network: 1 at the start, as lowered later."""
    member = monitor.stacked
    state = member.init(3)
    assert (member.rate_factor(state) is not None) is (monitor.cls is AdaptiveRate)
    if monitor.cls is AdaptiveRate:
        assert np.array_equal(member.rate_factor(state), np.ones(3))
        for number in range(1, 5):
            member.on_epoch_end(epoch(number, [4.0] * 3), state)
        # patience 2, 1 and 9: the first epoch improves on nothing, three more do not
        np.testing.assert_allclose(member.rate_factor(state), [1 / 5, 1 / 5**3, 1], rtol=1e-14)
