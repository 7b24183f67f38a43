"""Thirteen faults of scikit-learn 1.9.1's MLP, and what happens here instead.

Each was confirmed there by running it; the numbers are those of the list in the project's notes.
"""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.utils import resample

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

ENDLESS = {"n_iter_no_change": None, "random_state": 0}


def classes(n=60, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    return rng.normal(size=(n, 4)) + y[:, None], y


def responses(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_1_lbfgs_has_no_partial_fit(Estimator):
    assert hasattr(Estimator(), "partial_fit")
    assert not hasattr(Estimator(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        _ = Estimator(solver="lbfgs").partial_fit


def test_2_lbfgs_with_several_outputs_finds_the_ridge_solution():
    X, _ = responses()
    Y = X @ np.random.default_rng(1).normal(size=(4, 5)) + 3.0
    n, l2 = len(X), 0.3
    est = MLPRegularizedRegressor((), solver="lbfgs", l2=l2, standardize=False, tol=1e-9)
    est.fit(X, Y)
    # J = sum (r^2) / (2 n) + l2/2 w^2, so Ridge's alpha is n l2.
    ridge = Ridge(alpha=n * l2).fit(X, Y)
    np.testing.assert_allclose(est.coefs_[0], ridge.coef_.T, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(est.intercepts_[0], ridge.intercept_, rtol=1e-6)


def test_3_every_class_keeps_its_share_of_the_validation_part():
    seen = []

    def spy(estimator, X, y):
        seen.append(np.sort(y))
        return estimator.score(X, y)

    X, _ = classes(100)
    y = np.repeat([0, 1, 2], [70, 20, 10])
    for seed in range(3):
        est = MLPRegularizedClassifier(
            (3,), early_stopping=True, early_stopping_scoring=spy, validation_fraction=0.2,
            max_iter=1, n_iter_no_change=None, random_state=seed,
        )  # fmt: skip
        est.fit(X, y)
    assert len(seen) == 3
    for part in seen:
        np.testing.assert_array_equal(np.bincount(part), [14, 4, 2])


def test_3_early_stopping_takes_a_binary_y_with_one_positive():
    X, _ = classes(30)
    y = np.zeros(30, int)
    y[7] = 1
    est = MLPRegularizedClassifier((3,), early_stopping=True, max_iter=3, **ENDLESS).fit(X, y)
    assert np.isfinite(est.predict_proba(X)).all()
    np.testing.assert_array_equal(est.classes_, [0, 1])


@pytest.mark.parametrize("standardize", [True, False])
def test_4_divergence_under_early_stopping_is_never_silent(standardize):
    X, y = responses()
    est = MLPRegularizedRegressor(
        (10,), solver="sgd", learning_rate_init=1e6, early_stopping=True, max_iter=20,
        batch_size=200, standardize=standardize, **ENDLESS,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="stopped being finite .* of epoch 1, are kept"):
        est.fit(X, y)
    assert est.best_iteration_ == 1
    assert np.isfinite(est.predict(X)).all()


def test_4_divergence_after_a_good_epoch_keeps_the_best_weights():
    X, y = responses()
    learned = MLPRegularizedRegressor(
        (10,), early_stopping=True, max_iter=20, learning_rate_init=0.01, warm_start=True, **ENDLESS
    ).fit(X, y)
    before, best = learned.predict(X), learned.best_iteration_
    learned.set_params(learning_rate_init=1e200)
    with pytest.warns(ConvergenceWarning, match=f"best weights so far, of epoch {best}"):
        learned.fit(X, y)
    assert learned.stop_reason_ == "diverged"
    np.testing.assert_array_equal(learned.predict(X), before)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_5_a_constant_sample_weight_changes_nothing(solver):
    X, y = responses()
    est = MLPRegularizedRegressor((5,), solver=solver, l2=0.1, max_iter=10, **ENDLESS)
    plain = est.fit(X, y).predict(X)
    weighted = est.fit(X, y, sample_weight=np.full(len(X), 10.0)).predict(X)
    np.testing.assert_allclose(weighted, plain, rtol=1e-9)


def test_5_l2_means_the_same_at_every_number_of_rows():
    X, y = responses()
    est = MLPRegularizedRegressor((), solver="lbfgs", l2=0.3, tol=1e-9, random_state=0)
    once = est.fit(X, y).coefs_[0]
    often = est.fit(np.tile(X, (7, 1)), np.tile(y, 7)).coefs_[0]
    np.testing.assert_allclose(often, once, rtol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 10, 60])
def test_5_l2_shrinks_alike_at_every_batch_size(batch_size):
    # Inputs of zero leave the first layer's weights to the penalty alone: each of the n / B steps
    # multiplies them by 1 - rate * l2, whatever B is.
    X, y = np.zeros((60, 4)), np.arange(60.0)
    est = MLPRegularizedRegressor(
        (3,), solver="sgd", momentum=0.0, learning_rate_init=0.01, l2=0.5, standardize=False,
        batch_size=batch_size, max_iter=1, dtype="float64", activation="tanh", **ENDLESS,
    )  # fmt: skip
    y = y / 60
    after = est.fit(X, y).coefs_[0]
    start = est.set_params(learning_rate_init=1e-300).fit(X, y).coefs_[0]
    steps = 60 // batch_size
    np.testing.assert_allclose(after, start * (1 - 0.01 * 0.5) ** steps, rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_6_log_probabilities_are_finite_for_extreme_inputs(n_classes):
    X, y = classes(n_classes=n_classes)
    est = MLPRegularizedClassifier((5,), max_iter=20, **ENDLESS).fit(X, y)
    extreme = np.vstack([1e8 * X, 1e100 * X, -1e100 * X])
    log_proba = est.predict_log_proba(extreme)
    assert (est.predict_proba(extreme) == 0).any(), "otherwise nothing is shown"
    assert np.isfinite(log_proba).all()
    np.testing.assert_allclose(np.exp(est.predict_log_proba(X)), est.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_7_early_stopping_and_curves_work_with_lbfgs(Estimator):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 10)), np.arange(40) % 2  # nothing to learn but noise
    est = Estimator(
        (20,), solver="lbfgs", early_stopping=True, n_iter_no_change=3, max_iter=100, random_state=0
    ).fit(X, y)
    assert est.stop_reason_ == "no_improvement"
    assert est.n_iter_ < 100
    assert len(est.loss_curve_) == len(est.validation_loss_curve_) == est.n_iter_
    assert est.best_validation_score_ == -min(est.validation_loss_curve_)
    assert est.best_iteration_ == 1 + np.argmin(est.validation_loss_curve_)


def test_8_warm_start_keeps_adams_state():
    X, y = responses()
    parts = MLPRegularizedRegressor((5,), warm_start=True, max_iter=10, **ENDLESS)
    parts.fit(X, y).fit(X, y)
    whole = MLPRegularizedRegressor((5,), max_iter=20, **ENDLESS).fit(X, y)
    for a, b in zip(
        parts.coefs_ + parts.intercepts_, whole.coefs_ + whole.intercepts_, strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_8_warm_start_keeps_the_validation_split():
    X, y = classes()
    seen = []

    def spy(estimator, X, y):
        seen.append(np.array(X))
        return estimator.score(X, y)

    est = MLPRegularizedClassifier(
        (3,), warm_start=True, early_stopping=True, early_stopping_scoring=spy, max_iter=1,
        n_iter_no_change=None, random_state=None,
    )  # fmt: skip
    for _ in range(4):
        est.fit(X, y)
    # Once an epoch, and from the second call on for the best network so far.
    assert len(seen) == 4 + 3
    for each in seen[1:]:
        np.testing.assert_array_equal(each, seen[0])


@pytest.mark.parametrize("given", [True, False])
def test_9_partial_fit_works_with_early_stopping(given):
    X, y = classes()
    X_val, y_val = classes(30, seed=1)
    est = MLPRegularizedClassifier((5,), early_stopping=True, n_iter_no_change=2, random_state=0)
    validation = {"X_val": X_val, "y_val": y_val} if given else {}
    for _ in range(5):
        est.partial_fit(X, y, **validation)
    assert est.n_iter_ == len(est.validation_loss_curve_) == 5
    assert est.best_validation_score_ == -min(est.validation_loss_curve_)


def test_9_partial_fit_tells_when_patience_ran_out():
    X, y = responses()
    est = MLPRegularizedRegressor((5,), early_stopping=True, n_iter_no_change=2, tol=1e9)
    reasons = []
    for _ in range(3):
        reasons.append(est.partial_fit(X, y).stop_reason_)
    # The first epoch is an improvement on nothing; two without one are the second and third.
    assert reasons[-1] == "no_improvement"
    assert reasons[0] != "no_improvement"


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_10_patience_is_exact(patience):
    X, y = responses()
    est = MLPRegularizedRegressor((5,), tol=1e9, n_iter_no_change=patience).fit(X, y)
    assert est.n_iter_ == 1 + patience
    assert est.stop_reason_ == "no_improvement"


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_11_hidden_layer_sizes_come_first(Estimator):
    assert Estimator((50,)).hidden_layer_sizes == (50,)
    assert Estimator(50).hidden_layer_sizes == 50
    with pytest.raises(TypeError, match="positional"):
        Estimator((50,), "tanh")


def test_12_targets_far_from_zero_are_learned_at_the_defaults():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = 1e4 + 1e3 * X[:, 0]
    X, y = resample(X, y, random_state=0)
    est = MLPRegularizedRegressor(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        est.fit(X, y)
    assert est.score(X, y) > 0.95


def test_13_n_iter_adds_up_over_partial_fits():
    X, y = responses()
    est = MLPRegularizedRegressor((5,))
    counts = [est.partial_fit(X, y).n_iter_ for _ in range(4)]
    assert counts == [1, 2, 3, 4]
    assert len(est.loss_curve_) == 4
    assert est.t_ == 4 * len(X)
