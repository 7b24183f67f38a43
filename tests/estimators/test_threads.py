"""Sixteen threads predict at once from one estimator, with the bits of one thread."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor

N_THREADS = 16
QUICK = {"hidden_layer_sizes": (20, 12), "max_iter": 3, "n_iter_no_change": None,
         "random_state": 0}  # fmt: skip
SNAPSHOTS = {"n_snapshots": 3, "learning_rate": "cosine_restarts", "learning_rate_period": 1}
SETTINGS = {
    "plain": {},
    "gelu": {"activation": "gelu"},
    "batch statistics": {"normalization": "batch"},
    "layer, before": {"normalization": "layer"},
    "layer, after": {"normalization": "layer", "normalization_position": "after"},
    "groups": {"normalization": "group", "normalization_groups": 4},
    "sampled": {"drop_connect": 0.3, "drop_connect_inference": "gaussian"},
    "snapshots": SNAPSHOTS,
    "snapshots, sampled, groups": {**SNAPSHOTS, "drop_connect": 0.3, "normalization": "group",
                                   "drop_connect_inference": "gaussian",
                                   "normalization_groups": 2},
    # Products of many rows let BLAS have its threads, those of few rows do not.
    "large": {"hidden_layer_sizes": (300, 300), "max_iter": 1},
    "large snapshots": {**SNAPSHOTS, "hidden_layer_sizes": (300, 300)},
}  # fmt: skip
FORMS = {"arrays": np.asarray, "float32": np.float32, "sparse": sparse.csr_array}
# Rows that the threads ask for, of one row up to several pieces.
SIZES = [1, 2, 7, 100, 511, 512, 513, 1100, 2000]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = np.maximum(rng.normal(size=(2000, 30)), 0)
    return X, (X[:, 0] + X[:, 1] > X[:, 2] + 0.5).astype(int)


def fitted(est, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return est.fit(X[:200], y[:200])


def check(predict, X):
    """Each thread asks for some of the rows several times, beginning when all are there."""
    asked = [X[:size] for size in SIZES if size <= X.shape[0]]
    expected = [predict(each).tobytes() for each in asked]
    all_there = threading.Barrier(N_THREADS)

    def run(first):
        all_there.wait()
        numbers = np.roll(np.arange(len(asked)), first)
        return [predict(asked[number]).tobytes() == expected[number] for number in numbers]

    with ThreadPoolExecutor(N_THREADS) as pool:
        found = list(pool.map(run, range(N_THREADS)))
    assert np.all(found)


CASES = [
    (name, form, pytest.mark.slow if form != "arrays" and name != "snapshots" else ())
    for name in SETTINGS
    for form in FORMS
]


@pytest.mark.parametrize(
    ("name", "form"), [pytest.param(*names, marks=marks) for *names, marks in CASES]
)
def test_networks(name, form, data):
    X, y = data
    # What stands for a layer's possible weights is a hundred times as much to work out.
    n_rows = 20 if "sampled" in name else len(X)
    est = fitted(MLPRegularizedClassifier(**{**QUICK, **SETTINGS[name]}), X, y)
    check(est.predict_proba, FORMS[form](X[:n_rows]))


@pytest.mark.parametrize("Estimator", [CrossFittedClassifier, CrossFittedRegressor])
@pytest.mark.parametrize("name", ["plain", "snapshots", "groups"])
def test_ensembles(Estimator, name, data):
    X, y = data
    classifies = Estimator is CrossFittedClassifier
    kind = MLPRegularizedClassifier if classifies else MLPRegularizedRegressor
    network = kind(**{**QUICK, **SETTINGS[name]}, early_stopping=True)
    model = fitted(Estimator(network, n_members=3, random_state=0), X, y)
    check(model.predict_proba if classifies else model.predict, X)


def test_sparse_weights_and_one_that_fits_beside(data):
    """A fit in another thread limits BLAS' threads as it likes."""
    X, y = data
    est = fitted(MLPRegularizedRegressor(**QUICK, l1=0.1), X, y).sparsify()
    over = threading.Event()

    def fit_on():
        while not over.is_set():
            fitted(MLPRegularizedRegressor(**QUICK), X, y)

    beside = threading.Thread(target=fit_on)
    beside.start()
    try:
        check(est.predict, X)
        large = fitted(MLPRegularizedRegressor(**{**QUICK, **SETTINGS["large"]}), X, y)
        check(large.predict, X)
    finally:
        over.set()
        beside.join()
