"""Over several calls the step size goes on, or starts over where its formula ends with max_iter."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])


@BOTH
@pytest.mark.parametrize("warm_up", [0, 3])
def test_ten_epochs_and_ten_more_are_twenty(
    Estimator, endless, warm_up, make, data, assert_same_training
):
    X, y = data
    whole = make(Estimator, endless, warm_up, max_iter=20).fit(X, y)
    parts = make(Estimator, endless, warm_up, max_iter=10, warm_start=True).fit(X, y)
    halfway = parts.coefs_[0].copy()
    assert_same_training(parts.fit(X, y), whole)
    assert not np.array_equal(halfway, whole.coefs_[0])


@pytest.mark.slow
@BOTH
def test_partial_fit_twenty_times_is_twenty_epochs(
    Estimator, schedule, make, data, assert_same_training
):
    """Behind a warm-up; those that end with max_iter too, it being no more than their end."""
    whole, parts = (make(Estimator, schedule, 3, max_iter=20) for _ in range(2))
    whole.fit(*data)
    for _ in range(20):
        parts.partial_fit(*data)
    assert_same_training(parts, whole)


@BOTH
@pytest.mark.parametrize("name", ["cosine", "flat_cosine", "one_cycle"])
@pytest.mark.parametrize("warm_up", [0, 1, 3])
def test_what_ends_with_max_iter_starts_over_when_training_goes_on(
    Estimator, name, warm_up, make, data, expected_curve
):
    """Without the warm-up, which is over."""
    est = make(Estimator, name, warm_up, max_iter=10, warm_start=True).fit(*data).fit(*data)
    expected = expected_curve(name, warm_up, 20, max_iter=10)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)
    behind = est.learning_rate_curve_[warm_up:10]
    np.testing.assert_allclose(est.learning_rate_curve_[10:], (behind * 2)[:10], rtol=1e-12)


@BOTH
def test_partial_fit_goes_on_behind_max_iter(Estimator, make, data, expected_curve):
    est = make(Estimator, "cosine", max_iter=6)
    for _ in range(9):
        est.partial_fit(*data)
    expected = expected_curve("cosine", 0, 9, max_iter=6)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("name", ["exponential", "function"])
def test_another_optimizer_is_no_other_schedule(Estimator, name, make, data, expected_curve):
    """Its moments start anew; the step size goes on falling, by whatever formula."""
    est = make(Estimator, name, max_iter=4, warm_start=True).fit(*data)
    est.set_params(solver="sgd").fit(*data)
    expected = expected_curve(name, 0, 8)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)
