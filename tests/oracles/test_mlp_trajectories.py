"""With every regularizer off, training is scikit-learn's MLP, step for step.

Both do the same arithmetic in another order, so they differ by float64 rounding (1e-16), which 30
epochs (120 steps) of a smooth map carry on without blowing up: 1e-11 leaves room for that and
for nothing else. A step size wrong by 1e-10 would show.
"""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

RTOL = 1e-11

SOLVERS = {
    "gradient descent": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True},
    "adam": {"solver": "adam"},
    "adam, other betas": {"solver": "adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
}


def binary():
    X, y = make_classification(n_samples=60, n_features=6, random_state=0)
    return "classifier", X, y, 1


def multiclass():
    X, y = make_classification(
        n_samples=60, n_features=6, n_informative=4, n_classes=4, random_state=1
    )
    return "classifier", X, np.array(["a", "c", "b", "d"])[y], 1


def multilabel():
    X, y = make_multilabel_classification(n_samples=60, n_features=6, n_classes=3, random_state=2)
    return "classifier", X / X.std(), y, 1


def one_response():
    X, y = make_regression(n_samples=60, n_features=6, noise=1.0, random_state=3)
    return "regressor", X, y / y.std(), 1


def three_responses():
    """MLPRegressor reports the mean over the outputs of the loss whose sum both descend."""
    X, y = make_regression(n_samples=60, n_features=6, n_targets=3, random_state=4)
    return "regressor", X, y / y.std(), 3


TASKS = [binary, multiclass, multilabel, one_response, three_responses]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
@pytest.mark.parametrize("solver", SOLVERS)
def test_training_follows_scikit_learn_step_for_step(twins, plain, same_arrays, task, solver):
    """No regularizer, same start, same batches: the same losses and weights."""
    kind, X, y, factor = task()
    ours = plain(kind, activation="tanh", learning_rate_init=0.02, **SOLVERS[solver])
    ours, theirs = twins(ours, X, y)
    assert len(ours.loss_curve_) == 30
    assert theirs.loss_curve_[-1] < 0.97 * theirs.loss_curve_[0]
    np.testing.assert_allclose(ours.loss_curve_, factor * np.array(theirs.loss_curve_), rtol=RTOL)
    same_arrays(ours, theirs, RTOL)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", ["nesterov", "adam"])
@pytest.mark.parametrize("task", [multiclass, one_response], ids=lambda task: task.__name__)
def test_each_activation_follows_scikit_learn(twins, plain, same_arrays, activation, solver, task):
    """The four activations both have, with their derivatives."""
    kind, X, y, _ = task()
    ours = plain(kind, activation=activation, learning_rate_init=0.02, **SOLVERS[solver])
    ours, theirs = twins(ours, X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=RTOL)
    same_arrays(ours, theirs, RTOL)


@pytest.mark.parametrize("solver", ["nesterov", "adam"])
def test_poisson_regression_follows_scikit_learn(twins, plain, same_arrays, solver):
    """Half the Poisson deviance under a log link."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 4))
    y = rng.poisson(np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1]))
    ours = plain("regressor", loss="poisson", learning_rate_init=0.01, **SOLVERS[solver])
    ours, theirs = twins(ours, X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=RTOL)
    same_arrays(ours, theirs, RTOL)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=100 * RTOL)


@pytest.mark.parametrize("task", [binary, multiclass, multilabel], ids=lambda task: task.__name__)
def test_predictions_of_classifiers_are_scikit_learns(twins, plain, task):
    """The same labels and probabilities for the same network, on rows not trained on."""
    kind, X, y, _ = task()
    ours, theirs = twins(plain(kind, learning_rate_init=0.02), X[:40], y[:40])
    np.testing.assert_array_equal(ours.predict(X[40:]), theirs.predict(X[40:]))
    np.testing.assert_allclose(
        ours.predict_proba(X[40:]), theirs.predict_proba(X[40:]), rtol=100 * RTOL
    )
    np.testing.assert_allclose(
        ours.predict_log_proba(X[40:]), theirs.predict_log_proba(X[40:]), rtol=100 * RTOL
    )


@pytest.mark.parametrize("task", [multiclass, three_responses], ids=lambda task: task.__name__)
def test_weighted_rows_follow_scikit_learn(twins, plain, same_arrays, task):
    """Where all batches weigh the same by row, and where one batch holds all rows.

    MLPClassifier divides each batch by its own weight, whatever it weighs, so that elsewhere rare,
    heavy rows count too little: tests/oracles/test_imbalance.py.
    """
    kind, X, y, factor = task()
    weight = np.random.default_rng(6).uniform(0.2, 3, len(X))
    uneven = plain(kind, activation="tanh", learning_rate_init=0.02)
    ours, theirs = twins(uneven, X, y, sample_weight=weight)
    assert np.abs(ours.coefs_[0] - theirs.coefs_[0]).max() > 1e-4
    even = np.concatenate([part / part.mean() for part in np.split(weight, (16, 32, 48))])
    whole = plain(kind, activation="tanh", learning_rate_init=0.02, batch_size=60)
    for model, weights in ((uneven, even), (whole, weight)):
        ours, theirs = twins(model, X, y, sample_weight=weights)
        same_arrays(ours, theirs, RTOL)
        expected = factor * np.array(theirs.loss_curve_)
        np.testing.assert_allclose(ours.loss_curve_, expected, rtol=RTOL)


def test_a_shorter_last_batch_follows_scikit_learn(twins, plain, same_arrays):
    """60 rows in batches of 16 end with 12: its loss counts by its rows."""
    kind, X, y, _ = one_response()
    for batch_size in (59, 60, 1):
        ours, theirs = twins(plain(kind, batch_size=batch_size, activation="tanh"), X, y)
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=RTOL)
        same_arrays(ours, theirs, RTOL)


def test_stops_an_epoch_earlier_than_scikit_learn(twins, plain):
    """The patience is exact: scikit-learn stops after one epoch more than it is told to wait."""
    kind, X, y, _ = binary()
    settings = {"activation": "tanh", "learning_rate_init": 0.02, "tol": 5e-3, "max_iter": 500}
    ours, theirs = twins(plain(kind, n_iter_no_change=6, **settings), X, y, n_iter_no_change=5)
    assert ours.n_iter_ == theirs.n_iter_ < 500
    assert ours.stop_reason_ == "no_improvement"
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_adaptive_step_sizes_follow_scikit_learn(twins, plain, same_arrays):
    """Divided by 5 at the same epochs, down to the same end."""
    kind, X, y, _ = binary()
    settings = {"activation": "tanh", "solver": "sgd", "learning_rate": "adaptive", "tol": 1e-2}
    ours = plain(kind, learning_rate_init=0.2, max_iter=500, n_iter_no_change=4, **settings)
    ours, theirs = twins(ours, X, y, n_iter_no_change=3)
    assert len(set(ours.learning_rate_curve_)) > 3
    assert ours.n_iter_ == theirs.n_iter_ < 500
    assert ours.stop_reason_ == "step_size_too_small"
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    same_arrays(ours, theirs, 1e-9)
