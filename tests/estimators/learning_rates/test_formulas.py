"""The step size of every update is that of a formula, behind a warm-up or without."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
ADAPTIVE = pytest.mark.filterwarnings("ignore:max_iter:sklearn.exceptions.ConvergenceWarning")
WARM_UPS = pytest.mark.parametrize("warm_up", [0, 1, 3])


@BOTH
@WARM_UPS
def test_the_curve_is_the_formula_at_the_last_update_of_each_epoch(
    Estimator, schedule, warm_up, make, data, expected_curve
):
    est = make(Estimator, schedule, warm_up).fit(*data)
    expected = expected_curve(schedule, warm_up)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)


def test_the_table_has_every_kind(schedules):
    """Those that the constraints let through, and functions."""
    kinds = {settings["learning_rate"] for settings, _ in schedules.values()}
    (named, function) = MLPRegularizedClassifier._parameter_constraints["learning_rate"]
    assert {kind for kind in kinds if isinstance(kind, str)} == named.options
    assert function is callable


@WARM_UPS
def test_every_update_takes_the_step_that_a_function_of_the_formula_takes(
    schedule, warm_up, make, data, step_size
):
    """Within an epoch too, where the curve tells nothing."""
    if schedule == "adaptive":
        # It has no formula, but constant is what it is until it waits in vain.
        schedule = "constant"
    params = {"solver": "sgd", "dtype": "float64", "max_iter": 12}
    est = make(MLPRegularizedRegressor, schedule, warm_up, **params).fit(*data)

    def factor(update):
        return step_size(schedule, update, warm_up, 12) / est.learning_rate_init

    same = make(MLPRegularizedRegressor, factor, **params).fit(*data)
    np.testing.assert_allclose(same.learning_rate_curve_, est.learning_rate_curve_, rtol=1e-12)
    for a, b in zip(est.coefs_, same.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@BOTH
@ADAPTIVE
def test_adaptive_is_a_fifth_after_each_wait_in_vain_behind_the_warm_up(
    Estimator, make, data, expected_curve
):
    patience = {"n_iter_no_change": 4, "tol": 1e9, "max_iter": 20}
    est = make(Estimator, "adaptive", 2, **patience).fit(*data)
    # The first epoch improves on nothing; then every fourth is one too many.
    fifths = [0.2 ** (max(epoch - 1, 0) // 4) for epoch in range(20)]
    expected = np.array(fifths) * expected_curve("constant", 2, 20)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("name", ["cosine", "cyclic", "exponential", "function"])
def test_the_dtype_is_no_part_of_the_step_size(Estimator, name, make, data):
    coarse, fine = (make(Estimator, name, 2, dtype=f"float{bits}").fit(*data) for bits in (32, 64))
    assert coarse.learning_rate_curve_ == fine.learning_rate_curve_
