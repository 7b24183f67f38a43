"""What "auto" stands for, and defaults with which small tables converge."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.settings import automatic

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
# A 32nd of the rows, from 32 to 200, divided evenly, the last batch half full or more.
SIZES = {1: 1, 31: 31, 32: 32, 33: 17, 64: 32, 100: 25, 120: 30, 142: 29, 200: 29, 455: 31,
         993: 27, 1024: 32, 1025: 28, 1437: 44, 3000: 91, 6400: 200, 8793: 200, 10**6: 200,
         10**6 + 1: 198}  # fmt: skip


def rows_in_a_batch(n):
    return automatic.batch_size(MLPRegularizedClassifier(), n)


def data(n=150):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


class TestRowsInABatch:
    @pytest.mark.parametrize(("n", "size"), SIZES.items())
    def test_by_the_number_of_rows(self, n, size):
        assert rows_in_a_batch(n) == size

    @pytest.mark.parametrize(
        "rows", [range(1, 8000), range(39_000, 42_000), range(10**7, 10**7 + 500)], ids=str
    )
    def test_bounds_division_and_number(self, rows):
        for n in rows:
            size = rows_in_a_batch(n)
            n_batches, left = -(-n // size), (n - 1) % size + 1
            largest = min(n, max(32, min(n // 32, 200)))
            assert largest / 2 < size <= largest, n
            assert 2 * left >= size, f"{n} rows: a last batch of {left}, the others of {size}"
            assert n_batches >= min(32, n / 32), n
            assert (n_batches == 1) == (n <= 32), n

    @BOTH
    @pytest.mark.parametrize("n", [20, 33, 150])
    def test_is_what_a_fit_trains_with(self, Estimator, n, assert_same_training):
        X, y = data(n)
        settings = {"max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0}
        est = Estimator(**settings).fit(X, y)
        assert_same_training(est, Estimator(**settings, batch_size=rows_in_a_batch(n)).fit(X, y))
        other = Estimator(**settings, batch_size=n // 3).fit(X, y)
        assert est.loss_curve_ != other.loss_curve_, "otherwise nothing is shown"

    @BOTH
    @pytest.mark.parametrize(
        ("n", "batch_size", "dtype"),
        [(32, "auto", "float64"), (33, "auto", "float32"), (200, "auto", "float32"),
         (200, 200, "float64"), (200, 199, "float32")],
    )  # fmt: skip
    def test_and_the_dtype_goes_by_it(self, Estimator, n, batch_size, dtype):
        est = Estimator(max_iter=1, n_iter_no_change=np.inf, batch_size=batch_size).fit(*data(n))
        assert est._continuation.state.values.dtype == dtype


class TestTol:
    """5e-3 where it is compared with losses or scores, 1e-4 where it bounds the gradient."""

    @pytest.mark.parametrize(
        ("settings", "tol", "not_tol"),
        [
            ({}, 5e-3, 1e-4),
            ({"solver": "sgd", "learning_rate_init": 0.1}, 5e-3, 1e-4),
            ({"early_stopping": True}, 5e-3, 1e-4),
            ({"early_stopping": True, "early_stopping_scoring": "roc_auc"}, 5e-3, 1e-4),
            ({"solver": "lbfgs", "max_iter": 2000, "l2": 0.1}, 1e-4, 5e-3),
            ({"solver": "lbfgs", "early_stopping": True, "l2": 0.1}, 1e-4, 5e-3),
        ],
        ids=str,
    )
    def test_by_what_it_bounds(self, settings, tol, not_tol, assert_same_training):
        X, y = make_classification(300, flip_y=0.1, random_state=0)
        fixed = {"random_state": 0, "max_iter": 500, **settings}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            est, same, other = (
                MLPRegularizedClassifier(**fixed, **each).fit(X, y)
                for each in ({}, {"tol": tol}, {"tol": not_tol})
            )
        assert_same_training(est, same)
        assert est.n_iter_ != other.n_iter_, "otherwise nothing is shown"

    @BOTH
    def test_a_message_tells_the_number(self, Estimator):
        est = Estimator(solver="lbfgs", max_fun=3, random_state=0)
        with pytest.warns(ConvergenceWarning, match=r"converged to tol=0\.0001\."):
            est.fit(*data())

    @BOTH
    @pytest.mark.parametrize("tol", ["none", -1e-4, None])
    def test_nothing_else_than_auto_or_a_number(self, Estimator, tol):
        with pytest.raises(ValueError, match=r"tol.*'auto'"):
            Estimator(tol=tol).fit(*data())


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "load", [load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes]
)
def test_small_tables_converge_and_are_learned(load, seed):
    """Warnings are errors. Nearly as good as a linear model, which is good on all of them.

    On diabetes 100 units without a regularizer learn noise as well.
    """
    X, y = load(return_X_y=True)
    classes, margin = (None, 0.15) if load is load_diabetes else (y, 0.02)
    X, X_new, y, y_new = train_test_split(X, y, stratify=classes, random_state=seed)
    kind = MLPRegularizedRegressor if classes is None else MLPRegularizedClassifier
    est = kind(random_state=seed).fit(X, y)
    assert est.stop_reason_ == "no_improvement"
    linear = LogisticRegression(max_iter=1000) if is_classifier(est) else LinearRegression()
    linear = make_pipeline(StandardScaler(), linear).fit(X, y)
    assert est.score(X_new, y_new) > linear.score(X_new, y_new) - margin
