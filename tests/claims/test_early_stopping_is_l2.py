"""A linear model stopped after t steps of gradient descent is about ridge with l2 = 1 / (rate t).

The loss is the mean of r² / 2, its Hessian H = X'X / n. From weights of 0, t steps of length rate
give the least squares weights filtered, along each eigenvector of H and by its eigenvalue, by

    descent = 1 - (1 - x / t)^t,    x = rate t eigenvalue,

and ridge with l2 = 1 / (rate t) filters them by eigenvalue / (eigenvalue + l2) = x / (1 + x). For
0 <= x <= t, steps that do not overshoot, two inequalities of Bernoulli's say how near that is:

    x / (1 + x) <= descent <= x.

X and y are centred, so that biases go their own way, the same for every y. So does what is left
of the weights' random start, as every step is linear in weights and y: half the difference
between a fit to y and a fit to -y is descent from 0.
"""

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.optimize import minimize_scalar
from sklearn.linear_model import Ridge

from sknnreg import MLPRegularizedRegressor

N, N_INPUTS, RATE = 100, 8, 0.5
EACH_LENGTH = pytest.mark.parametrize("t", [1, 10, 100, 1000])


def drawn(seed, n):
    """Inputs whose principal components have standard deviations from 1 down to 0.01."""
    axes = np.linalg.qr(np.random.default_rng(7).normal(size=(N_INPUTS, N_INPUTS)))[0]
    components = np.random.default_rng(seed).normal(size=(n, N_INPUTS))
    return components * np.geomspace(1, 0.01, N_INPUTS) @ axes


@pytest.fixture(scope="module")
def data():
    """X and y of mean 0, the largest eigenvalue of H 1; and inputs that nobody has seen."""
    X, rng = drawn(0, N), np.random.default_rng(1)
    X = X - X.mean(axis=0)
    X /= np.sqrt(np.linalg.eigvalsh(X.T @ X / N).max())
    y = X @ rng.normal(size=N_INPUTS) * 3 + rng.normal(size=N)
    return X, y - y.mean(), drawn(2, 300)


@pytest.fixture(scope="module")
def spectrum(data):
    """Eigenvalues and eigenvectors of H, and the least squares weights along these."""
    X, y, _ = data
    eigenvalues, axes = np.linalg.eigh(X.T @ X / N)
    return eigenvalues, axes, axes.T @ (X.T @ y / N) / eigenvalues


def descend(X, y, t, **parameters):
    """The network after ``t`` plain steps over all rows."""
    settings = {
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate_init": RATE,
        "batch_size": N,
        "max_iter": t,
        "n_iter_no_change": None,
        "standardize": False,
        "dtype": "float64",
        "random_state": 0,
    }
    return MLPRegularizedRegressor((), **{**settings, **parameters}).fit(X, y)


def stopped(X, y, t):
    """The weights, and predictions by inputs, of ``t`` steps from 0."""
    there, back = descend(X, y, t), descend(X, -y, t)
    weights = (there.coefs_[0][:, 0] - back.coefs_[0][:, 0]) / 2
    return weights, lambda inputs: (there.predict(inputs) - back.predict(inputs)) / 2


def ridge(X, y, t):
    """scikit-learn's alpha stands in front of a sum over n rows: n l2."""
    return Ridge(alpha=N / (RATE * t), fit_intercept=False, solver="svd").fit(X, y)


@EACH_LENGTH
def test_t_steps_are_a_power_of_one_step(data, spectrum, t):
    """w_t = w* + (I - rate H)^t (w_0 - w*), whatever w_0 is; and b_t = (1 - rate)^t b_0."""
    X, y, _ = data
    eigenvalues, axes, least_squares = spectrum
    start = descend(X, y, 1, learning_rate_init=1e-300)  # too short a step to be noticed
    end = descend(X, y, t)
    left = (1 - RATE * eigenvalues) ** t
    along = least_squares + left * (axes.T @ start.coefs_[0][:, 0] - least_squares)
    np.testing.assert_allclose(end.coefs_[0][:, 0], axes @ along, rtol=0, atol=1e-12)
    expected = (1 - RATE) ** t * start.intercepts_[0]
    np.testing.assert_allclose(end.intercepts_[0], expected, rtol=0, atol=1e-14)


@EACH_LENGTH
def test_stopping_filters_the_least_squares_weights(data, spectrum, t):
    """Along each eigenvector by 1 - (1 - rate x eigenvalue)^t."""
    X, y, _ = data
    eigenvalues, axes, least_squares = spectrum
    found = axes.T @ stopped(X, y, t)[0]
    expected = 1 - (1 - RATE * eigenvalues) ** t
    np.testing.assert_allclose(found / least_squares, expected, rtol=1e-9)


@EACH_LENGTH
def test_each_direction_is_shrunk_nearly_as_by_ridge(data, spectrum, t):
    """Never more than by ridge, in the long run 1.3 times less at most, and alike for small x.

    descent / ridge is at most (1 - e^-x)(1 + x) / x, largest where e^x = 1 + x + x² and 1.2985
    there, plus x (1 + x) e^-x / t, at most 0.84 / t, from e^-x (1 - x² / t) <= (1 - x / t)^t.
    descent - ridge is at most x - x / (1 + x): of second order, while both are x to the first.
    """
    X, y, _ = data
    eigenvalues, axes, _ = spectrum
    x = RATE * t * eigenvalues
    shrunk, by_ridge = axes.T @ stopped(X, y, t)[0], axes.T @ ridge(X, y, t).coef_
    ratio, rounding = shrunk / by_ridge, 1e-9
    assert np.all(ratio >= 1 - rounding)
    assert np.all(ratio <= 1.2985 + 0.84 / t)
    # In units of the least squares weights, which ridge shrinks to x / (1 + x).
    apart = (ratio - 1) * x / (1 + x)
    assert np.all(apart <= x**2 / (1 + x) + rounding)
    small = x < 0.01
    assert small.any() or t == 1000
    np.testing.assert_allclose((apart / x**2)[small], (1 + 1 / t) / 2, rtol=0.02)


@EACH_LENGTH
def test_the_strength_that_would_shrink_as_much_is_1_over_rate_t(data, spectrum, t):
    """Along each direction exactly one l2 does what stopping does: from 1 - x to 1 of 1 / (rate t).

    It is eigenvalue (1 / descent - 1), which Bernoulli's inequalities bound; the steeper the loss
    in a direction, the less of it.
    """
    X, y, _ = data
    eigenvalues, axes, least_squares = spectrum
    x = RATE * t * eigenvalues
    shrunk = axes.T @ stopped(X, y, t)[0] / least_squares
    share = RATE * t * eigenvalues * (1 / shrunk - 1)
    assert np.all(share <= 1 + 1e-9)
    assert np.all(share >= 1 - x - 1e-9)
    assert np.all(np.diff(share) < 1e-9), "eigenvalues ascend"
    assert np.any(x < 0.1), "some of these bounds are narrow"


def distance(predictions, reference):
    """Relative to what is measured against."""
    return float(np.linalg.norm(predictions - reference) / np.linalg.norm(reference))


@pytest.mark.parametrize(
    ("t", "on_training_rows", "on_fresh_rows"),
    [(1, 0.336, 0.367), (10, 0.314, 0.309), (100, 0.116, 0.118), (1000, 0.083, 0.076)],
)
def test_predictions_are_nearly_those_of_ridge(data, t, on_training_rows, on_fresh_rows):
    """How far the two are apart, relative to ridge's: in numbers, and within the bound.

    What holds for each direction holds for the training rows' predictions as a whole, as the
    directions are orthogonal there. On other rows they are not: there the bound widens by how
    differently the two sets of rows weigh directions.
    """
    X, y, fresh = data
    predict, theirs = stopped(X, y, t)[1], ridge(X, y, t)
    bound = 0.2985 + 0.84 / t
    found = distance(predict(X), theirs.predict(X))
    assert found == pytest.approx(on_training_rows, abs=6e-4)
    assert found < bound
    weights = eigh(fresh.T @ fresh, X.T @ X, eigvals_only=True)
    found = distance(predict(fresh), theirs.predict(fresh))
    assert found == pytest.approx(on_fresh_rows, abs=6e-4)
    assert found < bound * np.sqrt(weights[-1] / weights[0])


@pytest.mark.parametrize(
    ("t", "factor", "apart", "with_all_of_it"),
    [(1, 0.74, 0.186, 0.277), (10, 0.49, 0.090, 0.237), (100, 0.55, 0.062, 0.107),
     (1000, 0.53, 0.050, 0.073)],
)  # fmt: skip
def test_about_means_about_half(data, t, factor, apart, with_all_of_it):
    """Of all ridges the one with some half of 1 / (rate t) comes nearest on fresh rows.

    No direction asks for more than all of it, and those that matter most ask for less. With a
    tenth or ten times 1 / (rate t), ridge is farther off than with 1 / (rate t) itself.
    """
    X, y, fresh = data
    predictions = stopped(X, y, t)[1](fresh)

    def gap(log_factor):
        return distance(ridge(X, y, t / np.exp(log_factor)).predict(fresh), predictions)

    best = minimize_scalar(gap, bounds=(np.log(1e-3), np.log(1e3)), method="bounded")
    assert np.exp(best.x) == pytest.approx(factor, abs=0.01)
    assert best.fun == pytest.approx(apart, abs=1e-3)
    assert gap(0.0) == pytest.approx(with_all_of_it, abs=1e-3)
    assert gap(0.0) < min(gap(np.log(0.1)), gap(np.log(10)))
