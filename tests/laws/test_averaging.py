"""Averagings: fractions are weights of a mean, and equal the formulas they stand for."""

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.places.time.averaging import EpochAverage, ExponentialAverage, RunningAverage


def average_of(member, rows, dtype=np.float64):
    """The average after each of ``rows (T, P)``, one an epoch of one update."""
    values, average = np.zeros((1, rows.shape[1]), dtype), np.zeros((1, rows.shape[1]), dtype)
    averaged = np.zeros(1, np.int64)
    running = RunningAverage(stack([member]), values, average, averaged)
    found = []
    for epoch, row in enumerate(rows):
        running.begin_epoch(np.array([epoch]), 1)
        values[...] = row
        running.after_update(0)
        running.after_epoch(np.array([epoch + 1]))
        found.append((int(averaged[0]), average[0].copy()))
    return found


def test_shares_are_weights_of_a_mean(averaging):
    fractions = averaging.stacked.fractions(np.zeros(3, int), np.full(3, 100), 50)
    assert fractions.shape == (50, 3)
    assert np.array_equal(fractions[0], np.ones(3))
    assert np.all((fractions >= 0) & (fractions <= 1))


def test_what_never_changes_is_its_own_average(averaging):
    for config in averaging.configs:
        for count, average in average_of(config, np.full((20, 3), 0.7)):
            np.testing.assert_allclose(average, 0.7 if count else 0.0, rtol=1e-14)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 0.999])
def test_exponential_average_is_the_bias_corrected_one(decay):
    """a <- d a + (1 - d) w from 0, over 1 - d^t."""
    rows = np.random.default_rng(0).normal(size=(60, 4))
    plain = np.zeros(4)
    found = average_of(ExponentialAverage(decay), rows)
    for t, (row, (count, average)) in enumerate(zip(rows, found, strict=True), 1):
        plain = decay * plain + (1 - decay) * row
        np.testing.assert_allclose(average, plain / (1 - decay**t), rtol=1e-10)
        assert count == t


@pytest.mark.parametrize("start", [0.0, 3.0, 7.5, 18.0, 40.0])
def test_epoch_average_is_the_mean_of_the_epochs_behind_the_start(start):
    rows = np.random.default_rng(0).normal(size=(20, 4))
    for epoch, (count, average) in enumerate(average_of(EpochAverage(start), rows), 1):
        behind = rows[:epoch][np.arange(1, epoch + 1) > start]
        assert count == len(behind)
        expected = behind.mean(axis=0) if len(behind) else np.zeros(4)
        np.testing.assert_allclose(average, expected, rtol=1e-12, atol=1e-15)


def test_the_first_weights_that_count_are_taken_as_they_are():
    """Bit for bit, whatever was there before: an average of one has no rounding."""
    row = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    for member in (ExponentialAverage(0.999), EpochAverage(0.0)):
        ((_, average),) = average_of(member, row, np.float32)
        assert np.array_equal(average, row[0])
