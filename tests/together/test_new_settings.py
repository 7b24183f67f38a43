"""Searches over step sizes, averages, snapshots and refits find what they find without."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

ESTIMATORS = [MLPRegularizedClassifier, MLPRegularizedRegressor]
# One of two stacks is trained by a process, unless functions or scorers listen.
ANYWHERE = pytest.mark.parametrize("together", ["with a process"], indirect=True)
HERE = pytest.mark.parametrize("together", ["here"], indirect=True)
# 40 training rows in batches of 16 leave one of 8.
BASE = {"hidden_layer_sizes": (5, 4), "max_iter": 12, "n_iter_no_change": None,
        "random_state": 0, "learning_rate_init": 0.05, "batch_size": 16}  # fmt: skip
STOP = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 3, "max_iter": 300,
        "tol": 1e-3}  # fmt: skip
SPLITTER = ShuffleSplit(2, test_size=13, random_state=0)


def falling(update):
    return 1 / (1 + 0.1 * update)


def wavy(update):
    return 1 + 0.5 * (-1) ** update


SNAPSHOTS = {"learning_rate": ["cosine_restarts", "cyclic"], "n_snapshots": [1, 3],
             "learning_rate_period": [3, 4]}  # fmt: skip
GRIDS = {
    "optimizers": {"solver": ["adam", "amsgrad", "rmsprop"], "beta_2": [0.9, 0.999],
                   "epsilon": [1e-8, 1e-2]},
    "momentum": {"solver": ["sgd"], "momentum": [0.0, 0.9], "learning_rate_warmup": [0, 1, 4]},
    "invscaling": {"learning_rate": ["invscaling"], "power_t": [0.1, 0.5],
                   "learning_rate_warmup": [0, 1, 4]},
    "exponential": {"learning_rate": ["exponential"], "learning_rate_decay": [0.5, 0.9, 1.0],
                    "learning_rate_warmup": [0, 3]},
    "step": {"learning_rate": ["step"], "learning_rate_decay": [0.2, 0.8],
             "learning_rate_period": [1, 5], "learning_rate_warmup": [0, 3]},
    "cosine": {"learning_rate": ["cosine", "flat_cosine", "one_cycle"],
               "learning_rate_min": [0.0, 0.01], "learning_rate_warmup": [0, 3]},
    "cosine, max_iter": {"learning_rate": ["cosine"], "max_iter": [6, 12],
                         "learning_rate_init": [0.02, 0.2]},
    "restarts": [
        {"learning_rate": ["cosine_restarts", "cyclic"], "learning_rate_period": [2, 5],
         "learning_rate_period_mult": [1.0, 2.0]},
        {"learning_rate": ["cosine_restarts", "cyclic"], "learning_rate_min": [0.01],
         "learning_rate_period": [2], "learning_rate_period_mult": [1.5]},
    ],
    "triangles": {"learning_rate": ["cyclic"], "learning_rate_period": [3],
                  "learning_rate_decay": [0.5, 1.0], "learning_rate_warmup": [0, 2]},
    "functions": {"learning_rate": [falling, wavy], "learning_rate_init": [0.01, 0.05],
                  "learning_rate_warmup": [0, 3]},
    "ema": {"weight_averaging": ["ema"], "averaging_decay": [0.0, 0.5, 0.9, 0.999]},
    "swa": {"weight_averaging": [None, "swa"], "averaging_start": [0.0, 0.3, 0.75]},
    "averages of normalized units": {"weight_averaging": ["ema", "swa"], "normalization": ["batch"],
                                     "averaging_decay": [0.5, 0.9], "averaging_start": [0.2, 0.6]},
    "averages, judged": {"weight_averaging": ["ema"], "averaging_decay": [0.3, 0.9],
                         "early_stopping": [True], "validation_fraction": [0.3],
                         "normalization": [None, "batch"]},
    "snapshots": {**SNAPSHOTS, "n_snapshots": [1, 2, 3]},
    "snapshots of normalized units": {**SNAPSHOTS, "normalization": ["batch"],
                                      "batch_statistics": ["moving", "population"],
                                      "learning_rate_period": [4]},
    "snapshots behind a warm-up": {**SNAPSHOTS, "learning_rate_warmup": [2, 3],
                                   "learning_rate_period": [3]},
    "everything": [
        {**SNAPSHOTS, "dropout": [0.2], "learning_rate_min": [0.01]},
        {"learning_rate": ["exponential", "one_cycle", falling], "weight_averaging": ["ema"],
         "learning_rate_warmup": [0, 2], "dropout": [0.2]},
        {"solver": ["lbfgs"], "l2": [0.0, 0.1]},
    ],
}  # fmt: skip
REFITS = {
    "refits": {"early_stopping_refit": [None, "scratch", "continue"], "l2": [0.0, 0.1],
               "learning_rate_init": [0.02, 0.05]},
    "refits of averages": {"early_stopping_refit": ["scratch", "continue"],
                           "weight_averaging": [None, "ema"], "averaging_decay": [0.3, 0.9]},
    "refits of normalized units": {"early_stopping_refit": ["scratch", "continue"],
                                   "normalization": ["batch"], "dropout": [0.0, 0.2],
                                   "batch_statistics": ["moving", "population"]},
    "refits by a scorer": {"early_stopping_refit": ["scratch", "continue"], "l2": [0.0, 0.1],
                           "early_stopping_scoring": ["loss", "neg_mean_absolute_error"]},
    "refits under schedules": {"early_stopping_refit": ["scratch", "continue"],
                               "learning_rate": ["exponential", "cosine", falling],
                               "learning_rate_warmup": [0, 2]},
    "refits of lbfgs": {"early_stopping_refit": [None, "scratch", "continue"], "solver": ["lbfgs"],
                        "l2": [0.01, 0.1]},
}  # fmt: skip


def data(n=53):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    y = np.digitize(X[:, 0] - X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=n), (-0.7, 0.7))
    return X, y


def fine(estimator, X, y):
    """A score that hardly any two networks have in common."""
    if isinstance(estimator, MLPRegularizedClassifier):
        return float(estimator.predict_log_proba(X)[np.arange(len(y)), y].mean())
    return -float(np.square(estimator.predict(X) - y).mean())


def searched(est, grid, **settings):
    """Scores of every candidate on every split, and the network of the best."""
    search = GridSearchCV(est, grid, cv=SPLITTER, scoring=fine, **settings).fit(*data())
    found = {
        name: scores for name, scores in search.cv_results_.items() if name.endswith("test_score")
    }
    return found, search.best_estimator_ if search.refit else None


def assert_found_alike(est, grid, together, same):
    expected = searched(est, grid)
    with together():
        found = searched(est, grid)
    same(found, expected)
    scores = expected[0]["split0_test_score"]
    assert np.isfinite(scores).all()
    # What the grid is of makes a difference, or nothing is shown.
    assert len(set(scores.tolist())) > len(scores) // 3


def in_turn(grids):
    """Each grid with one of the two estimators, that of everything with both."""
    pairs = list(zip(grids, ESTIMATORS * len(grids), strict=False))
    return [*pairs, ("everything", ESTIMATORS[0])] if "everything" in grids else pairs


@pytest.mark.slow
@ANYWHERE
@pytest.mark.parametrize(("name", "Estimator"), in_turn(GRIDS))
def test_a_search_finds_the_same(Estimator, name, together, same):
    assert_found_alike(Estimator(**BASE), GRIDS[name], together, same)


@pytest.mark.slow
@ANYWHERE
@pytest.mark.parametrize(("name", "Estimator"), in_turn(REFITS))
def test_so_does_one_over_refits(Estimator, name, together, same):
    """Who is done first waits for the others, and all go into the second stage together."""
    assert_found_alike(Estimator(**{**BASE, **STOP}), REFITS[name], together, same)


# Only numbers differ: one structure, one stack.
NUMBERS = {
    "adam": {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.999], "epsilon": [1e-8, 1e-3]},
    "rmsprop": {"solver": ["rmsprop"], "beta_2": [0.9, 0.999], "epsilon": [1e-8, 1e-3]},
    "amsgrad": {"solver": ["amsgrad"], "beta_1": [0.5, 0.9], "beta_2": [0.9, 0.999]},
    "exponential": {"learning_rate": ["exponential"], "learning_rate_decay": [0.5, 0.9],
                    "learning_rate_warmup": [0, 3], "learning_rate_init": [0.01, 0.05]},
    "step": {"learning_rate": ["step"], "learning_rate_decay": [0.5, 0.9],
             "learning_rate_period": [1, 4], "learning_rate_warmup": [0, 3]},
    "cosine": {"learning_rate": ["cosine"], "learning_rate_min": [0.0, 0.01],
               "learning_rate_warmup": [0, 3]},
    "one_cycle": {"learning_rate": ["one_cycle"], "learning_rate_min": [0.0, 0.01],
                  "learning_rate_warmup": [0, 3]},
    "cosine_restarts": {"learning_rate": ["cosine_restarts"], "learning_rate_min": [0.0, 0.01],
                        "learning_rate_period": [2, 5], "learning_rate_period_mult": [1.0, 1.5]},
    "snapshots": {"learning_rate": ["cyclic"], "learning_rate_decay": [0.5, 1.0],
                  "learning_rate_period": [2, 5], "n_snapshots": [2]},
    "function": {"learning_rate": [falling], "learning_rate_warmup": [0, 3], "l2": [0.0, 0.1]},
    "ema": {"weight_averaging": ["ema"], "averaging_decay": [0.0, 0.5, 0.9]},
    "swa": {"weight_averaging": ["swa"], "averaging_start": [0.0, 0.5, 0.9]},
}  # fmt: skip


@HERE
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_differ_are_no_reason_for_another_stack(name, together, same, stacks):
    est, grid = MLPRegularizedClassifier(**BASE), NUMBERS[name]
    expected = searched(est, grid, refit=False)
    stacks.clear()
    with together():
        found = searched(est, grid, refit=False)
    same(found, expected)
    assert stacks == [2 * np.prod([len(values) for values in grid.values()])]


@HERE
def test_refits_that_go_on_do_so_in_one_stack(together, same, stacks):
    """Each to its own target."""
    est = MLPRegularizedClassifier(**{**BASE, **STOP}, early_stopping_refit="continue")
    grid = {"l2": [0.0, 0.1], "dropout": [0.0, 0.3], "learning_rate_init": [0.02, 0.05]}
    expected = searched(est, grid, refit=False)
    stacks.clear()
    with together():
        found = searched(est, grid, refit=False)
    same(found, expected)
    assert stacks == [16, 16]


@ANYWHERE
def test_an_object_that_is_called_is_one_for_each_clone(together, same):
    """Nobody knows whether two of them do the same: each network has a stack of its own."""

    class Falling:
        def __call__(self, update):
            return 1 / (1 + 0.1 * update)

    grid = {"learning_rate": [Falling(), falling], "l2": [0.0, 0.1]}
    scores = [searched(MLPRegularizedRegressor(**BASE), grid, refit=False)]
    with together():
        scores.append(searched(MLPRegularizedRegressor(**BASE), grid, refit=False))
    same(*scores)
    found = scores[0][0]["split0_test_score"]
    np.testing.assert_array_equal(found[0::2], found[1::2])
