"""``sparsity_``, ``sparsify`` and ``densify``: exact zeros counted, skipped, written out again."""

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

QUICK = {"hidden_layer_sizes": (8, 5), "max_iter": 60, "n_iter_no_change": None,
         "learning_rate_init": 0.01, "random_state": 0}  # fmt: skip
SETTINGS = [{"solver": "adam", "l1": 0.02}, {"solver": "sgd", "l1": 0.02},
            {"solver": "lbfgs", "l1": 0.02}, {"l1": 0.0}]  # fmt: skip


def data():
    X = np.random.default_rng(0).normal(size=(80, 6))
    return X, X[:, 0] + 0.1 * X[:, 1]


@pytest.mark.parametrize("settings", SETTINGS)
def test_sparsity_counts_exact_zeros(settings):
    model = MLPRegularizedRegressor(**{**QUICK, **settings}).fit(*data())
    assert model.sparsity_ == [np.mean(coef == 0) for coef in model.coefs_]
    assert (model.sparsity_[0] > 0.1) == (settings["l1"] > 0)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("normalization", [None, "layer"])
def test_predictions_skip_the_zeros(make, normalization):
    X, y = data()
    settings = {**QUICK, "l1": 0.02, "normalization": normalization}
    model = MLPRegularizedClassifier(**settings).fit(X, y > 0)
    X = make(X)
    dense, coefs = model.predict_proba(X), model.coefs_
    assert model.sparsify() is model
    assert all(sparse.issparse(coef) for coef in model.coefs_)
    np.testing.assert_allclose(model.predict_proba(X), dense, rtol=1e-12)
    assert model.densify() is model
    for before, after in zip(coefs, model.coefs_, strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(model.densify().predict_proba(X), dense)


def test_they_are_there_once_there_are_weights():
    model = MLPRegularizedRegressor(**QUICK)
    assert not hasattr(model, "sparsify")
    assert not hasattr(model, "densify")
    assert hasattr(model.fit(*data()), "sparsify")


def test_going_on_makes_dense_weights():
    model = MLPRegularizedRegressor(**QUICK, l1=0.02, warm_start=True).fit(*data()).sparsify()
    assert isinstance(model.fit(*data()).coefs_[0], np.ndarray)
