"""Averages over several calls, switched on, off or to another dtype in between."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = pytest.mark.parametrize(
    "Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]
)
KINDS = pytest.mark.parametrize("kind", ["ema", "swa"])
SETTINGS = [
    {},
    {"averaging_decay": 0.999},
    {"dtype": "auto"},
    {"normalization": "batch"},
    {"early_stopping": True},
    {"learning_rate": "cyclic", "learning_rate_period": 3},
    {"solver": "sgd", "dropout": 0.2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_ten_epochs_and_ten_more_are_twenty(Estimator, settings, make, data, assert_same_training):
    whole = make(Estimator, "ema", **settings, max_iter=20).fit(*data)
    parts = make(Estimator, "ema", **settings, max_iter=10, warm_start=True)
    assert_same_training(parts.fit(*data).fit(*data), whole)


@pytest.mark.parametrize(
    ("kind", "settings"), [*(("ema", each) for each in SETTINGS[:4]), ("swa", {})], ids=str
)
def test_partial_fit_twenty_times_is_twenty_epochs(
    Estimator, kind, settings, make, data, assert_same_training
):
    whole, parts = (make(Estimator, kind, **settings, max_iter=20) for _ in range(2))
    for _ in range(20):
        parts.partial_fit(*data)
    assert_same_training(parts, whole.fit(*data))


def test_swa_starts_at_a_share_of_max_iter_as_it_is_now(
    Estimator, make, data, assert_same_training
):
    """And goes on over all that follows: eight tenths of 10 are four tenths of 20."""
    whole = make(Estimator, "swa", max_iter=20, averaging_start=0.4).fit(*data)
    parts = make(Estimator, "swa", max_iter=10, averaging_start=0.8, warm_start=True)
    assert_same_training(parts.fit(*data).fit(*data), whole)


@KINDS
def test_switched_off_it_leaves_the_network_that_trained(
    Estimator, kind, make, data, assert_same_training
):
    whole = make(Estimator, max_iter=24).fit(*data)
    parts = make(Estimator, kind, max_iter=12, warm_start=True).fit(*data)
    assert_same_training(parts.set_params(weight_averaging=None).fit(*data), whole)


@KINDS
@pytest.mark.parametrize("before", ["nothing", "an average", "another average"])
def test_switched_on_it_averages_what_comes_from_then_on(
    Estimator, kind, before, make, data, averages, after_each_epoch, exponential, weights_of
):
    """Whatever there was before: nothing, the same kind of average and a pause, or the other.

    In full batches, where an epoch is an update.
    """
    first = {
        "nothing": None,
        "an average": kind,
        "another average": "swa" if kind == "ema" else "ema",
    }[before]
    est = make(Estimator, first, batch_size=50, max_iter=6, warm_start=True).fit(*data)
    pause = 6 if before == "an average" else 0
    if pause:
        est.set_params(weight_averaging=None).fit(*data)
    est.set_params(**averages[kind]).fit(*data)
    rows = after_each_epoch(Estimator, 12 + pause, batch_size=50)[-6:]
    expected = rows.mean(axis=0) if kind == "swa" else exponential(rows, 0.8)
    np.testing.assert_allclose(weights_of(est), expected, rtol=1e-11, atol=1e-13)


@KINDS
def test_an_average_goes_along_into_another_dtype(Estimator, kind, make, data, weights_of):
    last = weights_of(make(Estimator, dtype="float32").fit(*data))
    est = make(Estimator, kind, dtype="float32", warm_start=True)
    before = weights_of(est.fit(*data))
    # Four updates that are too small to move anything: the last network counts again.
    est.set_params(dtype="float64", learning_rate_init=1e-12, max_iter=1).fit(*data)
    (average,) = est._continuation.state.average.values()
    assert average.dtype == np.float64
    expected = (6 * before + last) / 7
    if kind == "ema":
        old, new = 0.8**4 * (1 - 0.8**48), 1 - 0.8**4
        expected = (old * before + new * last) / (old + new)
    np.testing.assert_allclose(weights_of(est), expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(before, expected, rtol=1e-2), "otherwise nothing is shown"
