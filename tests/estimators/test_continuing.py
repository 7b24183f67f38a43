"""Going on is one thing with never having stopped: 10 + 10 epochs equal 20, bit for bit."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

# "adaptive" needs a finite patience, which max_iter then cuts short.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {
    "hidden_layer_sizes": (6, 4),
    "batch_size": 16,
    "learning_rate_init": 0.01,
    "n_iter_no_change": None,
    "random_state": 3,
}
ES = {"early_stopping": True, "validation_fraction": 0.25}
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.3, "n_iter_no_change": 4}
SETTINGS = {
    "adam": {},
    "full batch": {"batch_size": 200},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
    "no momentum": {"solver": "sgd", "momentum": 0.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3},
    "adaptive": ADAPTIVE,
    "dropout": {"dropout": (0.3, 0.1), "input_dropout": 0.2},
    "dropout at predict": {"dropout": 0.3, "dropout_scaling": "predict"},
    "batch norm": {"normalization": "batch"},
    "batch norm after": {"normalization": "batch", "normalization_position": "after"},
    "weight noise": {"weight_noise": 0.05},
    "gradient noise": {"gradient_noise": 0.1, "gradient_noise_decay": 0.55},
    "input noise": {"input_noise": 0.3},
    "penalties": {"l1": 1e-3, "l2": 1e-2, "weight_decay": 0.1, "max_norm": 1.0, "clip_norm": 0.5},
    "float32": {"dtype": "float32"},
    "float64": {"dtype": "float64"},
    "no shuffle": {"shuffle": False},
    "early stopping": ES,
    "everything": {**ES, "dropout": 0.2, "normalization": "batch", "weight_noise": 0.05,
                   "gradient_noise": 0.1, "input_noise": 0.3, "l1": 1e-3},
}  # fmt: skip
# Gathered at the end of each call, and so in the middle of what should be one training.
POPULATION = {"normalization": "batch", "batch_statistics": "population"}


def data(n=70):
    rng = np.random.default_rng(0)
    X = 100 + 5 * rng.normal(size=(n, 5))
    return X, (X[:, 0] + X[:, 1] > 200).astype(int) + (X[:, 2] > 105), rng.integers(0, 4, size=n)


def make(Estimator, **params):
    return Estimator(**{**BASE, **params})


def assert_same_network(a, b):
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(a, name), getattr(b, name), strict=True):
            np.testing.assert_array_equal(left, right)
    for name in ("loss_curve_", "validation_loss_curve_", "learning_rate_curve_", "n_iter_", "t_"):
        assert getattr(a, name) == getattr(b, name), name
    for name in ("loss_", "best_loss_", "best_iteration_", "validation_scores_"):
        assert getattr(a, name) == getattr(b, name), name
    assert a.best_validation_score_ == b.best_validation_score_
    X = data()[0]
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    if hasattr(a, "predict_proba"):
        np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))


BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
EVERY = pytest.mark.parametrize("name", SETTINGS)
WEIGHTED = pytest.mark.parametrize("weighted", [False, True])


@BOTH
@EVERY
@WEIGHTED
def test_warm_start_twice_ten_epochs_is_twenty(Estimator, name, weighted):
    X, y, weight = data()
    weight = weight if weighted else None
    whole = make(Estimator, **SETTINGS[name], max_iter=20).fit(X, y, sample_weight=weight)
    parts = make(Estimator, **SETTINGS[name], max_iter=10, warm_start=True)
    parts.fit(X, y, sample_weight=weight)
    halfway = parts.coefs_[0].copy()
    parts.fit(X, y, sample_weight=weight)
    assert whole.n_iter_ == 20
    assert not np.array_equal(halfway, parts.coefs_[0]) or SETTINGS[name].get("early_stopping")
    assert_same_network(parts, whole)


# In how many calls rows come does not touch their weights: these take turns, so that each setting
# and each estimator meets both.
@pytest.mark.parametrize(
    ("Estimator", "name", "weighted"),
    [
        (Estimator, name, (number + (Estimator is MLPRegularizedRegressor)) % 2 == 1)
        for Estimator in (MLPRegularizedClassifier, MLPRegularizedRegressor)
        for number, name in enumerate(SETTINGS)
    ],
)
def test_partial_fit_twelve_times_is_twelve_epochs(Estimator, name, weighted):
    X, y, weight = data()
    weight = weight if weighted else None
    whole = make(Estimator, **SETTINGS[name], max_iter=12).fit(X, y, sample_weight=weight)
    parts = make(Estimator, **SETTINGS[name])
    for _ in range(12):
        parts.partial_fit(X, y, sample_weight=weight)
    assert_same_network(parts, whole)


def test_the_adaptive_setting_does_lower_the_step_size():
    X, y, _ = data()
    curve = make(MLPRegularizedRegressor, **ADAPTIVE, max_iter=20).fit(X, y).learning_rate_curve_
    assert curve[0] > curve[9] > curve[19]


@BOTH
def test_population_statistics_at_the_end_do_not_disturb_going_on(Estimator):
    X, y, _ = data()
    whole = make(Estimator, **POPULATION, max_iter=20).fit(X, y)
    parts = make(Estimator, **POPULATION, max_iter=10, warm_start=True).fit(X, y).fit(X, y)
    assert_same_network(parts, whole)


def test_fit_may_follow_partial_fit_under_warm_start():
    X, y, _ = data()
    whole = make(MLPRegularizedClassifier, max_iter=12).fit(X, y)
    parts = make(MLPRegularizedClassifier, max_iter=11, warm_start=True)
    assert_same_network(parts.partial_fit(X, y).fit(X, y), whole)


def test_a_validation_set_of_ones_own_goes_along():
    X, y, weight = data()
    own = {"X_val": X[:20], "y_val": y[:20], "sample_weight_val": weight[:20]}
    est = make(MLPRegularizedClassifier, early_stopping=True)
    whole = clone(est).set_params(max_iter=20).fit(X, y, **own)
    parts = clone(est).set_params(max_iter=10, warm_start=True).fit(X, y, **own).fit(X, y, **own)
    assert_same_network(parts, whole)


def test_patience_goes_on_counting_across_calls():
    X, y, _ = data()
    est = make(MLPRegularizedRegressor, tol=1e9, n_iter_no_change=5)
    whole = clone(est).set_params(max_iter=50).fit(X, y)
    parts = clone(est).set_params(max_iter=1, warm_start=True)
    reasons = []
    while not reasons or reasons[-1] == "max_iter":
        reasons.append(parts.fit(X, y).stop_reason_)
    assert reasons == ["max_iter"] * 5 + ["no_improvement"]
    assert_same_network(parts, whole)


@BOTH
@pytest.mark.parametrize(
    "carry",
    [lambda est: pickle.loads(pickle.dumps(est)), copy.deepcopy],
    ids=["pickle", "deepcopy"],
)
@pytest.mark.parametrize("name", ["adam", "adaptive", "everything"])
def test_a_copy_goes_on_as_the_original_would(Estimator, carry, name):
    X, y, weight = data()
    whole = make(Estimator, **SETTINGS[name], max_iter=20).fit(X, y, sample_weight=weight)
    first = make(Estimator, **SETTINGS[name], max_iter=10, warm_start=True)
    first.fit(X, y, sample_weight=weight)
    before = pickle.dumps(first.coefs_)
    carried = carry(first).fit(X, y, sample_weight=weight)
    assert_same_network(carried, whole)
    assert pickle.dumps(first.coefs_) == before, "the copy shares arrays with the original"
    assert_same_network(first.fit(X, y, sample_weight=weight), whole)


GO_ON = """
import pickle, sys
ests, X, y, weight = pickle.load(sys.stdin.buffer)
gone_on = {name: est.fit(X, y, sample_weight=weight) for name, est in ests.items()}
sys.stdout.buffer.write(pickle.dumps(gone_on))
"""


def test_another_process_goes_on_with_the_same_bits():
    X, y, weight = data()
    wholes, parts = {}, {}
    for name in ("adam", "everything"):
        est = make(MLPRegularizedClassifier, **SETTINGS[name])
        wholes[name] = clone(est).set_params(max_iter=20).fit(X, y, sample_weight=weight)
        parts[name] = est.set_params(max_iter=10, warm_start=True).fit(X, y, sample_weight=weight)
    ran = subprocess.run(
        [sys.executable, "-c", GO_ON],
        input=pickle.dumps((parts, X, y, weight)),
        capture_output=True,
        check=True,
    )
    for name, gone_on in pickle.loads(ran.stdout).items():
        assert_same_network(gone_on, wholes.pop(name))
    assert not wholes


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_curves_have_a_value_for_every_epoch_or_none_at_all(Estimator):
    """nan where no rows validated."""
    X, y, _ = data()
    est = Estimator(**BASE, warm_start=True, max_iter=3).fit(X, y)
    assert est.validation_loss_curve_ is None
    est.fit(X, y, X_val=X[::3], y_val=y[::3])
    est.fit(X, y)
    assert len(est.validation_loss_curve_) == len(est.loss_curve_) == est.n_iter_ == 9
    expected = [True] * 3 + [False] * 3 + [True] * 3
    assert np.isnan(est.validation_loss_curve_).tolist() == expected
