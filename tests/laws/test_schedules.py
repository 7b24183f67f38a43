"""Schedules equal their closed formulas, are pure, and do not change what they are given."""

import numpy as np
import pytest

from sknnreg.engine.schedules import Constant, InverseScaling, Progress

# The factor of a configuration at update ``t`` of an epoch that began after ``updates`` updates
# and ``samples`` samples.
FORMULAS = {
    Constant: lambda config, t, updates, samples: 1.0,
    InverseScaling: lambda config, t, updates, samples: 1 / (samples + 1) ** config.power_t,
}
PROGRESS = [
    Progress(np.array([0, 0, 0]), np.array([0, 0, 0]), 1),
    Progress(np.array([0, 10, 200]), np.array([0, 77, 1540]), 10),
    Progress(np.array([3, 3, 10**7]), np.array([30, 30, 10**9]), 3),
]


def test_every_schedule_has_a_formula(members):
    assert {each.cls for each in members["schedule"][1]} == FORMULAS.keys()


@pytest.mark.parametrize("progress", PROGRESS, ids=range(3))
def test_formula(schedule, progress):
    factors = schedule.stacked.factors(progress)
    assert factors.shape == (progress.n_updates, 3)
    for t in range(progress.n_updates):
        for row, config in enumerate(schedule.configs):
            at = progress.updates[row], progress.samples[row]
            expected = FORMULAS[schedule.cls](config, t, *at)
            assert factors[t, row] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("progress", PROGRESS, ids=range(3))
def test_pure(schedule, progress):
    kept = Progress(progress.updates.copy(), progress.samples.copy(), progress.n_updates)
    member = schedule.stacked
    first = np.array(member.factors(progress))
    for other in PROGRESS:
        member.factors(other)
    assert np.array_equal(member.factors(progress), first)
    assert np.array_equal(progress.updates, kept.updates)
    assert np.array_equal(progress.samples, kept.samples)


@pytest.mark.parametrize("progress", PROGRESS, ids=range(3))
def test_a_factor_is_a_share_of_the_largest_step(schedule, progress):
    factors = schedule.stacked.factors(progress)
    assert np.all(factors > 0)
    assert np.all(factors <= 1)
