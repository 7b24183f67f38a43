"""Schedules equal their closed formulas, are pure, and do not change what they are given."""

import itertools
import math

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.places.update.schedules import Progress
from sknnreg.engine.places.update.schedules.custom import Custom
from sknnreg.engine.places.update.schedules.cycles import CosineRestarts, Cyclic
from sknnreg.engine.places.update.schedules.decays import (
    Constant,
    Exponential,
    InverseScaling,
    Step,
)
from sknnreg.engine.places.update.schedules.spans import Cosine, FlatCosine, OneCycle
from sknnreg.engine.places.update.schedules.warm_up import WarmUp


def cycle(config, epoch):
    """The cycle in which an epoch lies, its first epoch and the next one's, by counting."""
    start, total = 0, 0.0
    for number in itertools.count():
        total += config.period * config.mult**number
        end = math.floor(total + 0.5)
        if epoch < end:
            return number, start, end
        start = end


def cosine(config, at):
    t = at.time % config.epochs
    return config.floor + (1 - config.floor) * (1 + math.cos(math.pi * t / config.epochs)) / 2


def flat_cosine(config, at):
    f = at.time % config.epochs / config.epochs
    g = 1 if f < 0.5 else (1 + math.cos(math.pi * (2 * f - 1))) / 2
    return config.floor + (1 - config.floor) * g


def one_cycle(config, at):
    f = at.time % config.epochs / config.epochs
    if f < 0.3:
        g = 1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * f / 0.3)) / 2
    else:
        g = (1 + math.cos(math.pi * (f - 0.3) / 0.7)) / 2
    return config.floor + (1 - config.floor) * g


def cosine_restarts(config, at):
    _, start, end = cycle(config, at.epoch)
    falling = (1 + math.cos(math.pi * (at.time - start) / (end - start))) / 2
    return config.floor + (1 - config.floor) * falling


def cyclic(config, at):
    number, start, end = cycle(config, at.epoch)
    triangle = 1 - abs(2 * (at.time - start) / (end - start) - 1)
    return config.floor + (1 - config.floor) * config.decay**number * triangle


def warm_up(config, at):
    if at.epoch < config.epochs:
        return (at.time + 1 / at.n_updates) / config.epochs
    return config.then.decay ** (at.epoch - config.epochs)


class At:
    """One update, by everything that a formula may ask for."""

    def __init__(self, progress, t, row):
        self.epoch = int(progress.epochs[row])
        self.time = self.epoch + t / progress.n_updates
        self.update = int(progress.updates[row]) + t
        self.samples = int(progress.samples[row])
        self.n_updates = progress.n_updates


FORMULAS = {
    Constant: lambda config, at: 1.0,
    InverseScaling: lambda config, at: 1 / (at.samples + 1) ** config.power_t,
    Exponential: lambda config, at: config.decay**at.epoch,
    Step: lambda config, at: config.decay ** (at.epoch // config.period),
    Cosine: cosine,
    FlatCosine: flat_cosine,
    OneCycle: one_cycle,
    CosineRestarts: cosine_restarts,
    Cyclic: cyclic,
    Custom: lambda config, at: config.function(at.update),
    WarmUp: warm_up,
}


def progress_after(epochs, n_updates, n_rows):
    epochs = np.asarray(epochs)
    return Progress(epochs, epochs * n_updates, epochs * n_rows, n_updates, n_rows)


PROGRESS = [
    progress_after([0, 0, 0], 1, 7),
    progress_after([0, 1, 20], 10, 77),
    progress_after([1, 1, 3 * 10**6], 3, 30),
    progress_after([7, 13, 199], 4, 100),
]


def same_progress(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_every_schedule_has_a_formula(members):
    assert {each.cls for each in members["schedule"][1]} == FORMULAS.keys()


def assert_formula(schedule, progress):
    factors = schedule.stacked.factors(progress)
    assert factors.shape == (progress.n_updates, 3)
    for t in range(progress.n_updates):
        for row, config in enumerate(schedule.configs):
            expected = FORMULAS[schedule.cls](config, At(progress, t, row))
            assert factors[t, row] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("progress", [PROGRESS[0], PROGRESS[1], PROGRESS[3]], ids=(0, 1, 3))
def test_formula(schedule, progress):
    assert_formula(schedule, progress)


def test_formula_at_every_update_of_sixty_epochs(schedule):
    for epoch in range(60):
        assert_formula(schedule, progress_after([epoch] * 3, 4, 10))


@pytest.mark.parametrize("progress", PROGRESS, ids=range(4))
def test_pure(schedule, progress):
    kept = Progress(*(np.copy(each) for each in progress))
    member = schedule.stacked
    first = np.array(member.factors(progress))
    for other in PROGRESS:
        member.factors(other)
        member.ends_cycle(other.epochs)
    assert np.array_equal(member.factors(progress), first)
    assert same_progress(progress, kept)


@pytest.mark.parametrize("progress", PROGRESS, ids=range(4))
def test_a_factor_is_a_share_of_the_largest_step(schedule, progress):
    factors = schedule.stacked.factors(progress)
    assert np.all(factors >= 0)
    assert np.all(factors <= 1)


def test_the_largest_step_is_taken(schedule):
    """At some update of the first 60 epochs the factor is 1, or as near as updates come."""
    factors = [schedule.stacked.factors(progress_after([e] * 3, 100, 100)) for e in range(60)]
    np.testing.assert_allclose(np.max(factors, axis=(0, 1)), 1.0, atol=2e-3)


def test_a_cycle_ends_where_the_next_epoch_begins_another(schedule):
    for row, config in enumerate(schedule.configs):
        if schedule.cls is WarmUp or not hasattr(config, "mult"):
            expected = np.zeros(60, bool)
        else:
            numbers = [cycle(config, epoch)[0] for epoch in range(61)]
            expected = np.diff(numbers) == 1
        ends = [schedule.stacked.ends_cycle(np.full(3, epoch))[row] for epoch in range(1, 61)]
        assert np.array_equal(ends, expected)


def test_cycles_far_out_are_found_by_formula():
    """Where a loop over cycles would take long and logarithms round."""
    for mult, period in ((1.0, 1.0), (1.0, 7.0), (1.01, 1.0), (2.0, 3.0), (1.5, 1.0)):
        member = stack([CosineRestarts(0.0, period, mult)])
        ends = np.array([member.ends_cycle(np.array([e]))[0] for e in range(1, 3000)])
        config = CosineRestarts(0.0, period, mult)
        numbers = np.array([cycle(config, e)[0] for e in (*range(0, 40), 1000, 2998, 2999)])
        counted = [int(ends[:e].sum()) for e in (*range(0, 40), 1000, 2998, 2999)]
        assert np.array_equal(counted, numbers)


class TestWarmUp:
    def test_the_schedule_behind_it_starts_as_if_nothing_had_been_before(self, schedule):
        behind = stack([WarmUp(3.0, config) for config in schedule.configs])
        for epoch in range(40):
            late = behind.factors(progress_after([epoch + 3] * 3, 5, 20))
            assert np.array_equal(
                late, schedule.stacked.factors(progress_after([epoch] * 3, 5, 20))
            )
            assert np.array_equal(
                behind.ends_cycle(np.full(3, epoch + 3)),
                schedule.stacked.ends_cycle(np.full(3, epoch)),
            )

    def test_ends_with_the_full_step(self):
        member = stack([WarmUp(4.0, Cyclic(0.0, 2.0, 1.0, 1.0))])
        factors = [
            member.factors(Progress(*(np.array([e * n]) for n in (1, 5, 20)), 5, 20))
            for e in range(4)
        ]
        np.testing.assert_allclose(np.ravel(factors), np.arange(1, 21) / 20, rtol=1e-14)

    def test_goes_to_another_process_if_what_is_behind_it_does(self):
        assert WarmUp(1.0, Constant()).portable
        assert not WarmUp(1.0, Custom(math.sin)).portable


class TestCustom:
    @pytest.mark.parametrize("given", [math.nan, -0.1, math.inf, None, "a", [1, 2]])
    def test_what_is_no_factor_is_named(self, given):
        with pytest.raises(ValueError, match=r"learning_rate=.*at update 7 it gave"):
            Custom(lambda t: given).factors(progress_after([7], 1, 1))

    def test_only_the_same_function_is_the_same_structure(self):
        class Halves:
            def __call__(self, t):
                return 0.5**t

            def __eq__(self, other):
                return True

            __hash__ = None

        one, other = Halves(), Halves()
        assert Custom(one) == Custom(one)
        assert hash(Custom(one)) == hash(Custom(one))
        assert Custom(one) != Custom(other)
