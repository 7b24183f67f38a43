"""X in every form scikit-learn users have it: one network whatever the container."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays import batches

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {
    "hidden_layer_sizes": (5,), "max_iter": 4, "n_iter_no_change": None, "random_state": 0,
    "batch_size": 16,
}  # fmt: skip
NAMES = ["a", "b", "c", "d"]


def whole_numbers(n=50):
    """Small counts, which every dtype can hold, and a target for either estimator."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, size=(n, 4))
    return X, (X[:, 0] + X[:, 1] > 3).astype(int)


def network(est):
    return [*est.coefs_, *est.intercepts_]


def assert_equal_networks(a, b):
    for left, right in zip(network(a), network(b), strict=True):
        np.testing.assert_array_equal(left, right)


def refuse_copies(monkeypatch):
    """Make every data set look too large to be copied into memory."""

    def cached(self, dtype):
        raise AssertionError("copied although it is large")

    monkeypatch.setattr(batches.DataSet, "nbytes", lambda self, dtype: 1 << 60)
    monkeypatch.setattr(batches.DataSet, "cached", cached)


@BOTH
@pytest.mark.parametrize("library", [pd, pl])
def test_frames_are_learned_as_arrays_and_their_names_are_kept(Estimator, library):
    X, y = whole_numbers()
    frame = library.DataFrame(dict(zip(NAMES, X.T.astype(float), strict=True)))
    est = Estimator(**QUICK).fit(frame, library.Series(y))
    assert list(est.feature_names_in_) == NAMES
    assert est.n_features_in_ == 4
    assert_equal_networks(est, Estimator(**QUICK).fit(X.astype(float), y))
    np.testing.assert_array_equal(est.predict(frame), Estimator(**QUICK).fit(X, y).predict(X))


@BOTH
def test_arrow_tables_are_learned_as_arrays_and_their_names_are_kept(Estimator):
    pa = pytest.importorskip("pyarrow")
    X, y = whole_numbers()
    table = pa.table(list(X.T.astype(float)), names=NAMES)
    est = Estimator(**QUICK).fit(table, pa.chunked_array([y[:10], y[10:]]))
    assert list(est.feature_names_in_) == NAMES
    assert_equal_networks(est, Estimator(**QUICK).fit(X.astype(float), y))
    np.testing.assert_array_equal(est.predict(table), Estimator(**QUICK).fit(X, y).predict(X))


@BOTH
@pytest.mark.parametrize("column", [[1.0, 2.0], ["oak", "fir"]], ids=["numbers", "texts"])
def test_columns_of_one_name_are_refused(Estimator, column):
    pa = pytest.importorskip("pyarrow")
    for frame in (pa.table([column, column], names=["a", "a"]),
                  pd.DataFrame([column, column], columns=["a", "a"])):  # fmt: skip
        with pytest.raises(ValueError, match=r"X.*Expected unique column names"):
            Estimator(**QUICK).fit(frame, [0, 1])


@BOTH
@pytest.mark.parametrize("library", [pd, pl])
def test_frames_with_other_names_are_refused(Estimator, library):
    X, y = whole_numbers()
    frame = library.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    est = Estimator(**QUICK).fit(frame, y)
    other = library.DataFrame(dict(zip(["a", "b", "c", "e"], X.T, strict=True)))
    with pytest.raises(ValueError, match="feature names"):
        est.predict(other)
    with pytest.raises(ValueError, match="feature names"):
        est.partial_fit(other, y)
    with pytest.raises(ValueError, match="feature names"):
        est.fit(frame, y, X_val=other, y_val=y)
    with pytest.warns(UserWarning, match="feature names"):
        est.predict(X)


@BOTH
def test_frames_of_mixed_and_nullable_dtypes_are_learned(Estimator):
    X, y = whole_numbers()
    frame = pd.DataFrame(
        {
            "a": X[:, 0].astype(np.int8),
            "b": pd.array(X[:, 1], dtype="Int64"),
            "c": X[:, 2].astype(np.float32),
            "d": pd.array(X[:, 3], dtype="Float64"),
        }
    )
    est = Estimator(**QUICK).fit(frame, y, sample_weight=pd.Series(np.ones(len(y))))
    np.testing.assert_allclose(
        est.predict(frame), Estimator(**QUICK).fit(X, y).predict(X), rtol=1e-5
    )


@BOTH
@pytest.mark.parametrize("library", [pd, pl])
def test_early_stopping_by_score_knows_names_and_stays_silent(Estimator, library):
    X, y = whole_numbers()
    frame = library.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    scoring = "accuracy" if Estimator is MLPRegularizedClassifier else "r2"
    est = Estimator(**QUICK, early_stopping=True, early_stopping_scoring=scoring)
    assert len(est.fit(frame, y).validation_scores_) == 4
    assert list(est.feature_names_in_) == NAMES
    assert len(est.fit(frame, y, X_val=frame, y_val=y).validation_scores_) == 4


@BOTH
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    "container",
    [
        sparse.csr_array, sparse.csc_array, sparse.coo_array,
        sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix,
    ],
)  # fmt: skip
def test_sparse_inputs_equal_dense_ones_scaled_but_not_centred(Estimator, container, standardize):
    X, y = whole_numbers()
    X = X.astype(float)
    est = Estimator(**QUICK, dtype="float64", standardize=standardize).fit(container(X), y)
    dense = X / X.std(axis=0) if standardize else X
    if Estimator is MLPRegularizedClassifier or not standardize:
        twin = Estimator(**QUICK, dtype="float64", standardize=False).fit(dense, y)
        np.testing.assert_allclose(est.loss_curve_, twin.loss_curve_, rtol=1e-12)
    else:
        twin = Estimator(**QUICK, dtype="float64", standardize=False)
        twin.fit(dense, (y - y.mean()) / y.std())
        np.testing.assert_allclose(est.loss_curve_, twin.loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(est.predict(container(X)), est.predict(X), rtol=1e-12)


@BOTH
def test_explicit_zeros_and_duplicate_entries_count_as_what_they_are(Estimator):
    X, y = whole_numbers()
    X = X.astype(float)
    plain = sparse.csr_array(X)
    rows, columns = np.indices(X.shape)
    halves = sparse.coo_array(
        (
            np.concatenate([0.5 * X.ravel(), 0.5 * X.ravel()]),
            (np.tile(rows.ravel(), 2), np.tile(columns.ravel(), 2)),
        ),
        shape=X.shape,
    )
    a = Estimator(**QUICK).fit(plain, y)
    b = Estimator(**QUICK).fit(halves, y)
    for left, right in zip(network(a), network(b), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-9)


@BOTH
def test_validation_rows_may_be_sparse_where_the_others_are_not(Estimator):
    X, y = whole_numbers()
    dense = Estimator(**QUICK).fit(X, y, X_val=X, y_val=y).validation_loss_curve_
    mixed = Estimator(**QUICK).fit(X, y, X_val=sparse.csr_array(X), y_val=y)
    assert mixed.validation_loss_curve_ == dense


@BOTH
def test_sparse_inputs_are_not_changed(Estimator):
    X, y = whole_numbers()
    X = sparse.csr_array(X.astype(float))
    data, indices = X.data.copy(), X.indices.copy()
    Estimator(**QUICK, input_noise=0.1).fit(X, y).predict(X)
    np.testing.assert_array_equal(X.data, data)
    np.testing.assert_array_equal(X.indices, indices)


@BOTH
@pytest.mark.parametrize(
    "dtype",
    ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
     "float32", ">f8", ">f4", ">i4", "longdouble", "object"],
)  # fmt: skip
def test_every_numeric_dtype_of_the_same_numbers_gives_the_same_network(Estimator, dtype):
    X, y = whole_numbers()
    expected = Estimator(**QUICK).fit(X.astype(np.float64), y)
    est = Estimator(**QUICK).fit(X.astype(dtype), y)
    assert_equal_networks(est, expected)
    np.testing.assert_array_equal(est.predict(X.astype(dtype)), expected.predict(X))


@BOTH
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float32", "longdouble"])
def test_sparse_inputs_of_other_dtypes_give_the_same_network(Estimator, dtype):
    X, y = whole_numbers()
    X = X > 2 if dtype == "bool" else X
    expected = Estimator(**QUICK, dtype="float64").fit(sparse.csr_array(X.astype(float)), y)
    est = Estimator(**QUICK, dtype="float64").fit(sparse.csr_array(X.astype(dtype)), y)
    for left, right in zip(network(est), network(expected), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-7)


@BOTH
def test_booleans_are_zeros_and_ones(Estimator):
    X, y = whole_numbers()
    X = X > 2
    assert_equal_networks(Estimator(**QUICK).fit(X, y), Estimator(**QUICK).fit(X.astype(float), y))


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_narrow_dtypes_are_standardized_in_full_precision(Estimator, dtype):
    # Squares of 300 overflow float16, sums of many numbers lose digits in either.
    rng = np.random.default_rng(0)
    X = (1000 + rng.normal(size=(3000, 2)) * 300).astype(dtype)
    y = (X[:, 0] > 1000).astype(int)
    est = Estimator(**{**QUICK, "max_iter": 1}).fit(X, y)
    wide = Estimator(**{**QUICK, "max_iter": 1}).fit(X.astype(float), y)
    assert_equal_networks(est, wide)


@BOTH
@pytest.mark.parametrize("target", ["f4", ">f8", "i1", "u1", "f2", ">i2"])
def test_the_target_may_have_any_dtype(Estimator, target):
    X, y = whole_numbers()
    assert_equal_networks(Estimator(**QUICK).fit(X, y.astype(target)), Estimator(**QUICK).fit(X, y))


@BOTH
def test_memory_layout_makes_no_difference(Estimator):
    X, y = whole_numbers()
    X = X.astype(float)
    wide = np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)
    readonly = X.copy()
    readonly.setflags(write=False)
    expected = Estimator(**QUICK).fit(X, y)
    for each in (np.asfortranarray(X), wide[::2, ::2], readonly, X[::-1][::-1], X.tolist()):
        assert_equal_networks(Estimator(**QUICK).fit(each, y), expected)
        np.testing.assert_array_equal(expected.predict(each), expected.predict(X))


@BOTH
@pytest.mark.parametrize("batch_size", [16, 200])
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int16"])
def test_a_memory_map_is_learned_bit_for_bit_as_an_array(
    Estimator, batch_size, cache, order, dtype, tmp_path, monkeypatch
):
    X, y = whole_numbers()
    X = X.astype(dtype)
    mapped = np.memmap(tmp_path / "X", dtype=dtype, mode="w+", shape=X.shape, order=order)
    mapped[:] = X
    mapped.flush()
    mapped = np.memmap(tmp_path / "X", dtype=dtype, mode="r", shape=X.shape, order=order)
    params = {**QUICK, "batch_size": batch_size, "early_stopping": True}
    expected = Estimator(**params).fit(X, y)
    if not cache:
        refuse_copies(monkeypatch)
    est = Estimator(**params).fit(mapped, y)
    assert_equal_networks(est, expected)
    assert est.loss_curve_ == expected.loss_curve_
    assert est.validation_loss_curve_ == expected.validation_loss_curve_
    np.testing.assert_array_equal(est.predict(mapped), expected.predict(X))


@BOTH
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_reading_batch_by_batch_gives_the_same_bits_as_a_copy_in_memory(
    Estimator, container, monkeypatch
):
    X, y = whole_numbers()
    X = container(X.astype(float))
    expected = Estimator(**QUICK).fit(X, y)
    refuse_copies(monkeypatch)
    assert_equal_networks(Estimator(**QUICK).fit(X, y), expected)


@BOTH
@pytest.mark.parametrize("shape", [(6, 300), (500, 1), (2, 2), (3, 1000)])
def test_wide_and_tall_inputs_are_learned(Estimator, shape):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=shape), np.arange(shape[0]) % 2
    est = Estimator(**QUICK).fit(X, y)
    assert est.coefs_[0].shape == (shape[1], 5)
    assert np.isfinite(est.predict(X)).all()
