"""Under every setting of the estimators the networks of a search are those of single fits."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_validate

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.threads import worth_threads
from sknnreg.estimators.base import training_plan

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
# Each precision under every setting, each estimator too; all pairs of them for the last one.
KINDS = {"classifier": (MLPRegularizedClassifier, "float32"),
         "regressor": (MLPRegularizedRegressor, "float64"),
         "precise classifier": (MLPRegularizedClassifier, "float64"),
         "coarse regressor": (MLPRegularizedRegressor, "float32")}  # fmt: skip
# 40 training rows in batches of 16 leave one of 8.
BASE = {"hidden_layer_sizes": (5, 4), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
        "learning_rate_init": 0.02, "batch_size": 16}  # fmt: skip
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
LBFGS = {"solver": "lbfgs"}
# One of two stacks is trained by a process, unless scorers listen.
pytestmark = pytest.mark.parametrize("together", ["with a process"], indirect=True)
STOP = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 2, "max_iter": 400}


def share_right(estimator, X, y):
    """A scorer that is not the library's; it may not be what stopping goes by otherwise."""
    return -float(np.abs(estimator.predict(X) - y).mean())


SETTINGS = {
    "plain": {},
    "linear": {"hidden_layer_sizes": ()},
    "full batches": {"batch_size": 1000},
    "in order": {"shuffle": False},
    "raw": {"standardize": False},
    "activations": {"activation": ("tanh", "logistic")},
    "dropout": {"dropout": 0.4},
    "dropout by layer": {"dropout": (0.0, 0.5)},
    "dropout, scaled later": {"dropout": 0.4, "dropout_scaling": "predict"},
    "input_dropout": {"input_dropout": 0.3},
    "input_noise": {"input_noise": 0.2},
    "weight_noise": {"weight_noise": 0.1},
    "gradient_noise": {"gradient_noise": 0.1, "gradient_noise_decay": 0.3},
    "normalized before": {"normalization": "batch"},
    "normalized after": {"normalization": "batch", "normalization_position": "after"},
    "population": {"normalization": "batch", "batch_statistics": "population"},
    "momentum of statistics": {"normalization": "batch", "normalization_momentum": 0.5},
    "l1": {"l1": 0.01},
    "l2": {"l2": 0.1},
    "weight_decay": {"weight_decay": 0.1},
    "clip_norm": {"clip_norm": 0.1},
    "max_norm": {"max_norm": 0.8},
    "sgd": SGD,
    "sgd, plain momentum": {**SGD, "nesterovs_momentum": False, "momentum": 0.5, "l1": 0.01},
    "invscaling": {**SGD, "learning_rate": "invscaling", "power_t": 0.3},
    "invscaling, adam": {"learning_rate": "invscaling"},
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 2,
                 "max_iter": 400, "learning_rate_init": 0.01},
    "lbfgs": LBFGS,
    "lbfgs, penalties": {**LBFGS, "l1": 0.01, "l2": 0.1, "normalization": "batch"},
    "lbfgs, early stopping": {**LBFGS, **STOP, "max_iter": 30},
    "early stopping": STOP,
    "early stopping, scorer": {**STOP, "early_stopping_scoring": "neg_mean_absolute_error"},
    "early stopping, own scorer": {**STOP, "early_stopping_scoring": share_right},
    "early stopping, population": {**STOP, "normalization": "batch",
                                   "batch_statistics": "population"},
    "patience": {"n_iter_no_change": 1, "tol": 0.05, "max_iter": 400},
    "everything": {**STOP, "dropout": (0.1, 0.3), "input_dropout": 0.1, "normalization": "batch",
                   "l1": 1e-3, "l2": 1e-2, "weight_decay": 1e-3, "weight_noise": 0.01,
                   "input_noise": 0.05, "gradient_noise": 0.01, "clip_norm": 1.0, "max_norm": 2.0,
                   "learning_rate": "invscaling", "power_t": 0.1,
                   "early_stopping_scoring": "neg_mean_squared_error"},
}  # fmt: skip
LOSSES = ("absolute_error", "huber", "poisson")


def data(n=53):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    y = np.digitize(X[:, 0] - X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=n), (-0.7, 0.7))
    return X, y


@pytest.fixture
def assert_same_networks(together, same, passes):
    """All that a search without and one with ``fit_together`` leave behind is equal."""

    def check(est, X, y, **settings):
        splitter = ShuffleSplit(4, test_size=13, random_state=0)
        settings = {"cv": splitter, "return_estimator": True, "scoring": share_right, **settings}
        expected = cross_validate(clone(est), X, y, **settings)
        with together():
            found = cross_validate(clone(est), X, y, **settings)
        assert passes == [4]
        same(found["test_score"], expected["test_score"])
        for one, other in zip(found["estimator"], expected["estimator"], strict=True):
            same(one, other)
            assert {"coefs_", "intercepts_", "loss_curve_", "n_iter_", "stop_reason_"} <= set(
                vars(one)
            )
        return found["estimator"], expected["estimator"]

    return check


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in SETTINGS for kind in ("classifier", "regressor")]
    + [("everything", kind) for kind in ("precise classifier", "coarse regressor")],
)
def test_settings(name, kind, assert_same_networks):
    Estimator, dtype = KINDS[kind]
    est = Estimator(**{**BASE, **SETTINGS[name], "dtype": dtype})
    found, _ = assert_same_networks(est, *data())
    if name == "early stopping":
        assert len({each.n_iter_ for each in found}) > 1, "networks leave at different epochs"


@DTYPES
@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss, dtype, assert_same_networks):
    est = MLPRegularizedRegressor(**{**BASE, "loss": loss, "dtype": dtype, "dropout": 0.2})
    assert_same_networks(est, *data())


@BOTH
@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csc_array])
@pytest.mark.parametrize("settings", [{}, STOP, LBFGS], ids=["plain", "early stopping", "lbfgs"])
def test_sparse_inputs(Estimator, kind, settings, assert_same_networks):
    X, y = data()
    X = kind(np.where(np.abs(X) > 0.7, X, 0.0))
    assert_same_networks(Estimator(**{**BASE, **settings}), X, y)


@BOTH
@pytest.mark.parametrize("settings", [{}, STOP, LBFGS, {"normalization": "batch"}], ids=str)
def test_sample_weights(Estimator, settings, assert_same_networks):
    X, y = data()
    weight = np.random.default_rng(1).random(len(X))
    assert_same_networks(Estimator(**{**BASE, **settings}), X, y, params={"sample_weight": weight})


@BOTH
def test_weights_of_zero_make_folds_of_several_sizes(Estimator, assert_same_networks):
    X, y = data()
    weight = np.random.default_rng(1).integers(0, 3, len(X))
    assert_same_networks(Estimator(**BASE), X, y, params={"sample_weight": weight})


@BOTH
def test_validation_rows_that_are_handed_in(Estimator, assert_same_networks):
    X, y = data()
    X_val, y_val = data(20)
    est = Estimator(**{**BASE, "early_stopping": True})
    assert_same_networks(est, X, y, params={"X_val": X_val, "y_val": y_val})


@pytest.mark.parametrize("weights", ["balanced", {0: 1.0, 1: 2.0, 2: 0.5}], ids=str)
def test_class_weights(weights, assert_same_networks):
    est = MLPRegularizedClassifier(**{**BASE, **STOP, "class_weight": weights})
    assert_same_networks(est, *data())


@pytest.mark.parametrize("settings", [{}, STOP, LBFGS], ids=["plain", "early stopping", "lbfgs"])
def test_many_outputs(settings, assert_same_networks):
    X, y = data()
    labels = np.stack([y > 0, y > 1, X[:, 0] > 0], axis=1).astype(int)
    assert_same_networks(MLPRegularizedClassifier(**{**BASE, **settings}), X, labels)


@pytest.mark.parametrize("settings", [{}, STOP, LBFGS], ids=["plain", "early stopping", "lbfgs"])
def test_several_targets(settings, assert_same_networks):
    X, y = data()
    targets = np.stack([y, X[:, 0] ** 2], axis=1)
    assert_same_networks(MLPRegularizedRegressor(**{**BASE, **settings}), X, targets)


def test_labels_that_are_words(assert_same_networks):
    X, y = data()
    est = MLPRegularizedClassifier(**BASE)
    assert_same_networks(est, X, np.array(["a", "b", "c"])[y], scoring="accuracy")


@BOTH
@pytest.mark.parametrize("settings", [{}, SGD, STOP, LBFGS, {"normalization": "batch"}], ids=str)
def test_networks_go_on_training_alike(Estimator, settings, assert_same_networks, same):
    """All that a later fit goes on from has come back with them."""
    X, y = data()
    est = Estimator(**{**BASE, "dropout": 0.0 if settings is LBFGS else 0.2, **settings})
    for found, expected in zip(*assert_same_networks(est, X, y), strict=True):
        for each in (found, expected):
            each.set_params(warm_start=True, max_iter=3, n_iter_no_change=None).fit(X, y)
        assert found.n_iter_ > 3
        same(found, expected)


GRID = [{"dropout": [0.0, 0.3], "l2": [0.0, 0.1], "learning_rate_init": [0.01, 0.05, 0.003]},
        {"random_state": [0, 1], "max_norm": [None, 1.0]}]  # fmt: skip


@BOTH
def test_numbers_that_differ_are_no_reason_for_another_stack(Estimator, together, same, stacks):
    """Nothing is sent to a process, since a scorer listens: all stacks are seen."""
    X, y = data()
    est = Estimator(**{**BASE, **STOP, "max_iter": 6, "early_stopping_scoring": share_right})
    est.set_params(n_iter_no_change=None)
    splitter = ShuffleSplit(2, random_state=0)
    search = GridSearchCV(est, GRID, cv=splitter, scoring=share_right, refit=False)
    expected = search.fit(X, y).cv_results_
    stacks.clear()
    with together():
        found = search.fit(X, y).cv_results_
    for name in ("split0_test_score", "split1_test_score", "mean_test_score", "rank_test_score"):
        same(found[name], expected[name])
    assert sum(stacks) == 2 * (12 + 4)
    assert len(stacks) <= 4, "as many as two cores may share, not one for each setting"


def test_large_networks_train_alone(together, same, stacks):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 250))
    y = (X[:, 0] > 0).astype(int)
    est = MLPRegularizedClassifier(**{**BASE, "batch_size": 200, "max_iter": 2})
    search = GridSearchCV(est, {"hidden_layer_sizes": [(4,), (260,)]}, cv=4, refit=False)
    large = clone(est).set_params(hidden_layer_sizes=(260,))
    assert worth_threads(training_plan(large, X[:375], y[:375]).recipe.largest_product)
    expected = search.fit(X, y).cv_results_["split0_test_score"]
    with together():
        found = search.fit(X, y).cv_results_["split0_test_score"]
    same(found, expected)
    assert [size for size in stacks if size == 1] == [1] * 4
    with together():
        networks = cross_validate(large, X, y, cv=2, return_estimator=True)["estimator"]
    alone = cross_validate(large, X, y, cv=2, return_estimator=True)["estimator"]
    same(networks, alone)
