"""solver="lbfgs": every iteration lowers the objective, is told of once, and can be the last.

J = mean loss + l1 ||W||_1 + (l2 / 2) ||W||², recomputed here from the network after each
iteration. A line search accepts nothing but descent, with l1 and batch statistics too; and where
training converges, no projected gradient is above tol.

With l1 what falls is J of the split w = u - v, l1 times the sum of u + v in place of |u - v|. On
the way both can be above 0, and it is above J; where training converges they are equal.
"""

import itertools

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import Lasso, Ridge

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

N = 80
PENALTIES = {"none": {}, "l1": {"l1": 0.01}, "l2": {"l2": 0.05}, "both": {"l1": 0.01, "l2": 0.05}}
SETTINGS = {
    **PENALTIES,
    "batch norm": {"normalization": "batch"},
    "batch norm, both": {"normalization": "batch", **PENALTIES["both"]},
    "layer norm, l1": {"normalization": "layer", "l1": 0.01},
    "weight norm, l1": {"weight_norm": True, "l1": 0.01},
}
EACH_SETTING = pytest.mark.parametrize("name", SETTINGS)


def classes():
    X, y = make_classification(
        n_samples=N, n_features=6, n_informative=4, n_classes=3, random_state=0
    )
    return MLPRegularizedClassifier, X, y


def responses():
    X, y = make_regression(n_samples=N, n_features=6, n_targets=2, noise=5.0, random_state=1)
    return MLPRegularizedRegressor, X, y / y.std()


TASKS = pytest.mark.parametrize("task", [classes, responses], ids=lambda task: task.__name__)


def model(task, hidden=(5,), **parameters):
    settings = {
        "activation": "tanh",
        "solver": "lbfgs",
        "standardize": False,
        "max_iter": 40,
        "n_iter_no_change": None,
        "random_state": 0,
    }
    return task()[0](hidden, **{**settings, **parameters})


def forward(network, X):
    """Signals in front of each layer, and raw outputs."""
    signals = [X]
    for W, b in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        signals.append(np.tanh(signals[-1] @ W + b))
    return signals, signals[-1] @ network.coefs_[-1] + network.intercepts_[-1]


def objective(network, task, l1=0.0, l2=0.0):
    """J by its definition, for a network without normalization."""
    _, X, y = task()
    _, raw = forward(network, X)
    if task is classes:
        loss = -log_softmax(raw, axis=1)[np.arange(N), y].mean()
    else:
        loss = 0.5 * np.square(raw - y).sum(axis=1).mean()
    weights = np.concatenate([coef.ravel() for coef in network.coefs_])
    return loss + l1 * np.abs(weights).sum() + l2 / 2 * np.square(weights).sum()


def start_of(network, X, y):
    """A step too short for any weight to notice leaves them as they started."""
    still = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1e-300, "max_iter": 1}
    return type(network)(**{**network.get_params(), **still, "dtype": "float64"}).fit(X, y)


def same_arrays(one, other):
    """Whether two networks are equal bit for bit."""
    pairs = zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


class Watching:
    """Keeps the network of each iteration; one that asks for more has enough at ``stop_after``."""

    def __init__(self, stop_after=None):
        self.networks, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "epoch" or fitted_estimator is None:
            return False
        self.networks.append(fitted_estimator)
        return len(self.networks) == self.stop_after


@TASKS
@EACH_SETTING
def test_the_loss_curve_never_rises(name, task):
    """And has one entry an iteration, from below the start down to ``loss_``."""
    _, X, y = task()
    network = model(task, max_iter=150, tol=1e-5, **SETTINGS[name]).fit(X, y)
    curve = np.array(network.loss_curve_)
    assert len(curve) == network.n_iter_ > 20
    assert np.all(np.diff(curve) <= 0)
    assert curve[0] < start_of(network, X, y).loss_curve_[0]
    assert curve[-1] < 0.9 * curve[0]
    assert curve[-1] == network.loss_ == network.best_loss_
    assert network.best_iteration_ == network.n_iter_


@TASKS
@pytest.mark.parametrize("name", PENALTIES)
def test_each_entry_is_the_objective_after_that_iteration(name, task):
    """Of the network that a callback is shown then: one for each iteration, the last one kept."""
    _, X, y = task()
    watching = Watching()
    network = model(task, tol=1e-8, **PENALTIES[name]).set_callbacks(watching).fit(X, y)
    assert len(watching.networks) == network.n_iter_ == 40
    assert same_arrays(watching.networks[-1], network)
    found = np.array([objective(each, task, **PENALTIES[name]) for each in watching.networks])
    if "l1" in PENALTIES[name]:
        assert np.all(network.loss_curve_ >= found * (1 - 1e-12)), "the split's, see above"
    else:
        np.testing.assert_allclose(network.loss_curve_, found, rtol=1e-12)


@TASKS
@pytest.mark.parametrize("name", PENALTIES)
def test_where_training_converges_the_loss_is_the_objective(name, task):
    _, X, y = task()
    network = model(task, tol=1e-3, max_iter=1000, **PENALTIES[name]).fit(X, y)
    assert network.stop_reason_ == "converged"
    expected = objective(network, task, **PENALTIES[name])
    np.testing.assert_allclose(network.loss_, expected, rtol=1e-12)


@TASKS
@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"l2": 0.1, "tol": 1e-2, "max_iter": 500}, "converged"),
        ({"l1": 0.02, "tol": 1e-2, "max_iter": 500}, "converged"),
        ({"max_fun": 20}, "max_fun"),
        ({"l1": 0.01, "max_fun": 20}, "max_fun"),
        ({}, "max_iter"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:max_fun:sklearn.exceptions.ConvergenceWarning")
def test_callbacks_see_each_iteration_once_however_training_ends(parameters, reason, task):
    _, X, y = task()
    watching = Watching()
    network = model(task, **parameters).set_callbacks(watching).fit(X, y)
    assert network.stop_reason_ == reason
    assert len(watching.networks) == network.n_iter_ == len(network.loss_curve_)
    assert 1 < network.n_iter_ < 500
    assert not any(same_arrays(a, b) for a, b in itertools.pairwise(watching.networks))


@TASKS
@EACH_SETTING
@pytest.mark.parametrize("after", [1, 7])
def test_a_callback_that_has_enough_ends_training_there(after, name, task):
    """Exactly: the curve is the beginning of a longer one, the network that of max_iter so many."""
    _, X, y = task()
    stopped = model(task, **SETTINGS[name]).set_callbacks(Watching(after)).fit(X, y)
    assert stopped.stop_reason_ == "callback"
    assert stopped.n_iter_ == after
    longer = model(task, **SETTINGS[name]).fit(X, y)
    assert stopped.loss_curve_ == longer.loss_curve_[:after]
    short = model(task, max_iter=after, **SETTINGS[name]).fit(X, y)
    assert same_arrays(stopped, short)


@TASKS
@pytest.mark.parametrize("name", ["none", "both", "batch norm, both"])
def test_going_on_never_rises_either(name, task):
    """Each call starts where the last one ended, with a memory of its own."""
    _, X, y = task()
    network = model(task, max_iter=15, tol=1e-8, warm_start=True, **SETTINGS[name])
    for call in range(1, 4):
        network.fit(X, y)
        assert len(network.loss_curve_) == network.n_iter_ == 15 * call
    assert np.all(np.diff(network.loss_curve_) <= 0)


def gradients(network, task, l2):
    """Of the smooth part of J, by weights and by biases."""
    _, X, y = task()
    signals, raw = forward(network, X)
    delta = (softmax(raw, axis=1) - np.eye(3)[y] if task is classes else raw - y) / N
    by_weight, by_bias = [], []
    for W, signal in zip(reversed(network.coefs_), reversed(signals), strict=True):
        by_weight.append((signal.T @ delta + l2 * W).ravel())
        by_bias.append(delta.sum(axis=0))
        delta = delta @ W.T * (1 - signal**2)
    return np.concatenate(by_weight[::-1]), np.concatenate(by_bias)


@TASKS
@pytest.mark.parametrize("hidden", [(), (5,)], ids=["linear", "one layer"])
@pytest.mark.parametrize("tol", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("l2", [0.0, 0.05])
def test_converged_means_a_projected_gradient_of_at_most_tol(l2, tol, hidden, task):
    """For w = u - v, u, v >= 0: by u it is g + l1, by v l1 - g, and what would leave is cut off.

    Along each weight the larger of both is the way that a step of soft-thresholding would take,
    w - sign(w - g) max(|w - g| - l1, 0), whether w is 0 or not: 0 under the lasso's conditions.
    """
    _, X, y = task()
    network = model(task, hidden, l1=0.02, l2=l2, tol=tol, max_iter=2000).fit(X, y)
    assert network.stop_reason_ == "converged"
    w = np.concatenate([coef.ravel() for coef in network.coefs_])
    g, by_bias = gradients(network, task, l2)
    step = w - np.sign(w - g) * np.maximum(np.abs(w - g) - 0.02, 0)
    assert np.abs(step).max() <= tol * (1 + 1e-9)
    assert np.abs(by_bias).max() <= tol * (1 + 1e-9)


def wide():
    """More rows than are read at a time, weights for them, and responses of which few inputs tell.

    4096 rows are read at a time: 904 are left.
    """
    X, y = make_regression(
        n_samples=5000, n_features=8, n_informative=3, n_targets=2, noise=5.0, random_state=2
    )
    weight = np.random.default_rng(3).uniform(0.1, 3, len(X))
    weight[:4096] *= 0.5
    return X, y / y.std(), weight


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("l1", [0.02, 0.3])
def test_several_responses_are_a_lasso_each_however_many_rows(l1, weighted):
    X, y, weight = wide()
    weight = weight if weighted else None
    ours = MLPRegularizedRegressor(
        (), solver="lbfgs", l1=l1, standardize=False, tol=1e-9, max_iter=1000, random_state=0
    ).fit(X, y, sample_weight=weight)
    for k in range(2):
        lasso = Lasso(alpha=l1, tol=1e-12, max_iter=100_000).fit(X, y[:, k], sample_weight=weight)
        assert 0 < np.count_nonzero(lasso.coef_) < 8
        np.testing.assert_array_equal(ours.coefs_[0][:, k] == 0, lasso.coef_ == 0)
        np.testing.assert_allclose(ours.coefs_[0][:, k], lasso.coef_, rtol=0, atol=1e-7)
        np.testing.assert_allclose(ours.intercepts_[0][k], lasso.intercept_, rtol=0, atol=1e-7)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_many_rows_are_one_ridge(weighted):
    X, y, weight = wide()
    total, weight = (weight.sum(), weight) if weighted else (len(X), None)
    ours = MLPRegularizedRegressor(
        (), solver="lbfgs", l2=0.3, standardize=False, tol=1e-9, max_iter=1000, random_state=0
    ).fit(X, y, sample_weight=weight)
    ridge = Ridge(alpha=0.3 * total, solver="cholesky").fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.coefs_[0], ridge.coef_.T, rtol=0, atol=1e-7)
    np.testing.assert_allclose(ours.intercepts_[0], ridge.intercept_, rtol=0, atol=1e-7)
