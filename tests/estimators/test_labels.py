"""y in every form: labels of any kind, several labels, several responses."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

QUICK = {"hidden_layer_sizes": (5,), "max_iter": 30, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=60, n_classes=3):
    codes = np.arange(n) % n_classes
    rng = np.random.default_rng(0)
    X = np.eye(n_classes)[codes] + 0.05 * rng.normal(size=(n, n_classes))
    return X, codes


LABELS = {
    "strings": np.array(["ant", "bee", "cat"]),
    "objects": np.array(["ant", "bee", "cat"], dtype=object),
    "negative": np.array([-7, -1, 3]),
    "far apart": np.array([-(2**40), 0, 2**40]),
    "whole floats": np.array([-1.0, 0.0, 5.0]),
    "small": np.array([1, 2, 3], dtype=np.uint8),
    "two strings": np.array(["no", "yes"]),
    "booleans": np.array([False, True]),
    "minus one": np.array([-1, 1]),
    "two objects": np.array(["no", "yes"], dtype=object),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_labels_of_any_kind_come_back_as_they_went_in(kind, early_stopping):
    labels = LABELS[kind]
    X, codes = data(n_classes=len(labels))
    y = labels[codes]
    est = MLPRegularizedClassifier(**QUICK, early_stopping=early_stopping).fit(X, y)
    np.testing.assert_array_equal(est.classes_, labels)
    predicted = est.predict(X)
    assert predicted.dtype == est.classes_.dtype
    np.testing.assert_array_equal(predicted, y)
    assert est.score(X, y) == 1.0
    numbers = MLPRegularizedClassifier(**QUICK, early_stopping=early_stopping).fit(X, codes)
    np.testing.assert_array_equal(numbers.predict_proba(X), est.predict_proba(X))


@pytest.mark.parametrize("make", [list, tuple, pd.Series, pl.Series, pd.Categorical])
def test_labels_may_come_in_any_container(make):
    X, codes = data()
    y = np.array(["ant", "bee", "cat"])[codes]
    est = MLPRegularizedClassifier(**QUICK).fit(X, make(y.tolist()))
    np.testing.assert_array_equal(est.predict(X), y)


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_a_column_vector_warns_and_is_learned_as_a_vector(Estimator):
    X, y = data()
    expected = Estimator(**QUICK).fit(X, y).predict(X)
    if Estimator is MLPRegularizedRegressor:
        # One response in a column stays a column, as in scikit-learn's linear models.
        predicted = Estimator(**QUICK).fit(X, y[:, None]).predict(X)
        np.testing.assert_array_equal(predicted.ravel(), expected)
        return
    with pytest.warns(DataConversionWarning, match="column-vector"):
        est = Estimator(**QUICK).fit(X, y[:, None])
    np.testing.assert_array_equal(est.predict(X), expected)


def test_the_column_vector_warning_comes_once_as_in_scikit_learn():
    X, y = data()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPRegularizedClassifier(**QUICK).fit(X, y[:, None])
    assert [w.category for w in caught] == [DataConversionWarning]


@pytest.mark.parametrize("label", [5, "only", True])
def test_a_single_class_is_certain(label):
    X, _ = data()
    y = np.full(len(X), label)
    est = MLPRegularizedClassifier(**QUICK).fit(X, y)
    np.testing.assert_array_equal(est.classes_, [label])
    np.testing.assert_array_equal(est.predict(-100 * X), y)
    np.testing.assert_array_equal(est.predict_proba(X), np.ones((len(X), 1)))
    np.testing.assert_array_equal(est.predict_log_proba(X), np.zeros((len(X), 1)))


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"normalization": "batch"}])
def test_two_rows_are_enough(Estimator, params):
    X, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    est = Estimator(**{**QUICK, "max_iter": 200}, **params).fit(X, y)
    assert est.score(X, y) > 0.9


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}])
def test_one_row_is_learned_by_heart(Estimator, params):
    X, y = np.array([[0.5, 1.0]]), np.array([4])
    est = Estimator(**QUICK, **params).fit(X, y)
    np.testing.assert_allclose(est.predict(X), [4], rtol=0.05)


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_batches_of_one_row_have_no_spread_to_normalize_by(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match=r"normalization='batch'.*batch_size=1"):
        Estimator(**QUICK, normalization="batch", batch_size=1).fit(X, y)
    with pytest.raises(ValueError, match=r"normalization='batch'.*n_samples=1"):
        Estimator(**QUICK, normalization="batch").fit(X[:1], y[:1])


def test_labels_unknown_to_fit_are_named_in_y_val():
    X, y = data()
    with pytest.raises(ValueError, match=r"\[7\].*not among the classes"):
        MLPRegularizedClassifier(**QUICK).fit(X, y, X_val=X[:2], y_val=[0, 7])
    labels = np.array(["a", "b", "c"])[y]
    with pytest.raises(ValueError, match="not among the classes"):
        MLPRegularizedClassifier(**QUICK).fit(X, labels, X_val=X[:2], y_val=["a", "zebra"])


def test_labels_unknown_to_the_first_partial_fit_teach():
    X, y = data()
    est = MLPRegularizedClassifier(**QUICK).partial_fit(X[y < 2], y[y < 2])
    with pytest.raises(ValueError, match=r"\[2\].*`classes`"):
        est.partial_fit(X, y)
    est = MLPRegularizedClassifier(**QUICK).partial_fit(X[y < 2], y[y < 2], classes=[2, 0, 1])
    np.testing.assert_array_equal(est.partial_fit(X, y).classes_, [0, 1, 2])
    with pytest.raises(ValueError, match="classes"):
        est.partial_fit(X, y, classes=[0, 1])


def test_long_string_labels_in_y_val_are_not_cut_to_the_length_of_those_in_y():
    X, y = data(n_classes=2)
    labels = np.array(["a", "b"])[y]
    with pytest.raises(ValueError, match="not among the classes"):
        MLPRegularizedClassifier(**QUICK).fit(X, labels, X_val=X[:1], y_val=["abc"])


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.csc_matrix, list])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_multilabel_y_is_learned_dense_and_sparse(container, early_stopping):
    X, codes = data()
    Y = np.column_stack([codes == 0, codes != 1]).astype(int)
    given = Y.tolist() if container is list else container(Y)
    est = MLPRegularizedClassifier(**QUICK, early_stopping=early_stopping).fit(X, given)
    np.testing.assert_array_equal(est.predict(X), Y)
    assert est.out_activation_ == "logistic"
    assert est.n_outputs_ == 2
    proba = est.predict_proba(X)
    assert proba.shape == Y.shape
    np.testing.assert_array_equal(proba > 0.5, Y)
    assert np.isfinite(est.predict_log_proba(1e6 * X)).all()
    assert est.score(X, Y) == 1.0


def test_sparse_and_dense_multilabel_y_give_the_same_bits():
    X, codes = data()
    Y = np.eye(3, dtype=int)[codes]
    dense = MLPRegularizedClassifier(**QUICK).fit(X, Y, X_val=X, y_val=Y)
    coded = MLPRegularizedClassifier(**QUICK).fit(
        X, sparse.csr_array(Y), X_val=X, y_val=sparse.csr_array(Y)
    )
    np.testing.assert_array_equal(dense.predict_proba(X), coded.predict_proba(X))
    assert dense.validation_loss_curve_ == coded.validation_loss_curve_


def test_multilabel_partial_fit_goes_on():
    X, codes = data()
    Y = np.eye(3, dtype=int)[codes]
    whole = MLPRegularizedClassifier(**{**QUICK, "max_iter": 4}).fit(X, Y)
    parts = MLPRegularizedClassifier(**QUICK)
    for _ in range(4):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


def test_multiclass_multioutput_y_is_refused():
    X, codes = data()
    with pytest.raises(ValueError, match=r"1d array.*\(60, 2\)"):
        MLPRegularizedClassifier(**QUICK).fit(X, np.column_stack([codes, codes]))


def test_real_numbers_are_no_labels():
    X, codes = data()
    with pytest.raises(ValueError, match="continuous"):
        MLPRegularizedClassifier(**QUICK).fit(X, codes + 0.5)


@pytest.mark.parametrize("Container", [np.asarray, pd.DataFrame])
def test_several_responses_are_learned_each_on_its_own_scale(Container):
    X, codes = data()
    Y = np.column_stack([codes, 1e6 * codes + 1e7, -1e-4 * codes])
    est = MLPRegularizedRegressor(**{**QUICK, "max_iter": 300}).fit(X, Container(Y))
    assert est.predict(X).shape == Y.shape
    assert est.n_outputs_ == 3
    residual = (est.predict(X) - Y) / Y.std(axis=0)
    assert (np.square(residual).mean(axis=0) < 0.05).all()


def test_a_regressor_refuses_another_number_of_responses_later():
    X, codes = data()
    est = MLPRegularizedRegressor(**QUICK).partial_fit(X, np.column_stack([codes, codes]))
    with pytest.raises(ValueError, match="1 columns"):
        est.partial_fit(X, codes)
    with pytest.raises(ValueError, match="columns"):
        MLPRegularizedRegressor(**QUICK).fit(X, codes, X_val=X, y_val=np.column_stack([X, X]))


def test_poisson_refuses_negative_counts_wherever_they_come():
    X, codes = data()
    est = MLPRegularizedRegressor(**QUICK, loss="poisson")
    with pytest.raises(ValueError, match="poisson"):
        est.fit(X, codes - 1)
    est.partial_fit(X, codes)
    with pytest.raises(ValueError, match="poisson"):
        est.partial_fit(X, codes - 1)
    with pytest.raises(ValueError, match="poisson"):
        est.fit(X, codes, X_val=X, y_val=codes - 1)


def test_early_stopping_takes_multilabel_rows_that_are_all_different():
    Y = np.unpackbits(np.arange(60, dtype=np.uint8)[:, None], axis=1)[:, 2:].astype(int)
    X = np.random.default_rng(0).normal(size=(60, 3))
    est = MLPRegularizedClassifier(**{**QUICK, "max_iter": 1}, early_stopping=True).fit(X, Y)
    assert est.t_ == 54, "a tenth is held out, as for any other y"
