"""However X stands in memory, in a file or in CSR: the same network, read batch by batch or not."""

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays import batches, rows
from sknnreg.engine.arrays.rows import DenseRows, SparseRows
from sknnreg.estimators.data.inputs import Standardization

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {
    "hidden_layer_sizes": (5,),
    "max_iter": 4,
    "n_iter_no_change": None,
    "random_state": 0,
    "batch_size": 16,
    "early_stopping": True,
}
N, F = 150, 4
LAYOUTS = {
    "fortran": np.asfortranarray,
    "every other column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "backwards": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "of three dimensions": lambda X: np.stack([X, -X], axis=1)[:, 0],
    "read only": lambda X: np.frombuffer(X.tobytes(), X.dtype).reshape(X.shape),
}


def data(dtype="float64"):
    rng = np.random.default_rng(0)
    X = (10 * rng.normal(size=(N, F))).astype(dtype)
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def assert_equal_fits(a, b):
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(a, name), getattr(b, name), strict=True):
            np.testing.assert_array_equal(left, right)
    assert a.loss_curve_ == b.loss_curve_
    assert a.validation_loss_curve_ == b.validation_loss_curve_


@pytest.fixture(params=[True, False], ids=["copied", "batch by batch"])
def copied(request, monkeypatch):
    """Whether the standardized rows are small enough for a copy in memory."""

    def refuse(self, dtype):
        raise AssertionError("copied although it is large")

    def apply():
        if not request.param:
            monkeypatch.setattr(batches, "CACHE_BYTES", 0)
            monkeypatch.setattr(batches.DataSet, "cached", refuse)

    return apply


@BOTH
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int16"])
@pytest.mark.parametrize("standardize", [True, False])
def test_layouts(Estimator, layout, dtype, standardize, copied):
    X, y = data(dtype)
    params = {**QUICK, "standardize": standardize}
    expected = Estimator(**params).fit(X, y)
    copied()
    laid_out = LAYOUTS[layout](X)
    assert np.array_equal(laid_out, X)
    kept = laid_out.copy()
    est = Estimator(**params).fit(laid_out, y)
    assert_equal_fits(est, expected)
    np.testing.assert_array_equal(est.predict(laid_out), expected.predict(X))
    np.testing.assert_array_equal(laid_out, kept)


@BOTH
@pytest.mark.parametrize("layout", ["fortran", "every other column"])
def test_layouts_of_weighted_and_validation_rows(Estimator, layout, copied):
    """Rows of weight 0 are left out by number, and X_val has its own layout."""
    X, y = data()
    weight = np.random.default_rng(1).integers(0, 3, N)
    X_val, y_val = X[:40] + 1, y[:40]
    expected = Estimator(**QUICK).fit(X, y, weight, X_val=X_val, y_val=y_val)
    copied()
    change = LAYOUTS[layout]
    est = Estimator(**QUICK).fit(change(X), y, weight, X_val=change(X_val), y_val=y_val)
    assert_equal_fits(est, expected)


@BOTH
@pytest.mark.parametrize("rows_at_a_time", [1, 7, N])
@pytest.mark.parametrize("view", ["map", "asarray", "columns", "private"])
def test_maps_read_in_stretches(Estimator, rows_at_a_time, view, copied, monkeypatch, tmp_path):
    """However the file is cut, and whether or not its pages are shared."""
    X, y = data("float32")
    X.tofile(tmp_path / "X")
    expected = Estimator(**QUICK).fit(X[:, ::2] if view == "columns" else X, y)
    copied()
    monkeypatch.setattr(rows, "MAPPED_BYTES", rows_at_a_time * F * X.itemsize)
    monkeypatch.setattr(rows, "MAPPED_GATHER", 3 * 16 * (F + 1))
    mapped = np.memmap(tmp_path / "X", X.dtype, "c" if view == "private" else "r", shape=X.shape)
    given = {"asarray": np.asarray, "columns": lambda m: m[:, ::2]}.get(view, lambda m: m)(mapped)
    est = Estimator(**QUICK).fit(given, y)
    assert_equal_fits(est, expected)
    np.testing.assert_array_equal(est.predict(given), expected.predict(np.array(given)))


CONSTANTS = [1.0, 0.1, -3.0, 1 / 3, 1e-8, -1e8, 12345.678]


def with_constants(n, dtype):
    """A column that varies, one for each constant, one of zeros; weights; who counts a mean."""
    X = np.random.default_rng(0).normal(size=(n, len(CONSTANTS) + 2)).astype(dtype)
    X[:, 1:-1] = CONSTANTS
    X[:, -1] = 0
    # a mean of n numbers is rounded n times at most
    rtol = 4 * np.finfo(dtype).eps + n * np.finfo(np.float64).eps
    return X, np.random.default_rng(1).random(n), rtol


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [150, 1000, 20_000, 200_000])
class TestConstantColumns:
    def test_dense_ones_keep_their_scale(self, dtype, weighted, n):
        X, weight, rtol = with_constants(n, dtype)
        found = Standardization.of(DenseRows(X), weight if weighted else None, "X")
        np.testing.assert_allclose(found.offset[1:], X[0, 1:].astype(float), rtol=rtol)
        assert found.scale[1:].tolist() == [1.0] * (len(CONSTANTS) + 1)

    def test_sparse_ones_are_brought_to_one(self, dtype, weighted, n):
        """Not centred, a constant column cannot become 0."""
        X, weight, rtol = with_constants(n, dtype)
        rows = SparseRows(sparse.csr_array(X))
        found = Standardization.of(rows, weight if weighted else None, "X")
        assert found.offset is None
        stored = np.abs(X[0, 1:-1].astype(float))
        np.testing.assert_allclose(found.scale[1:-1], stored, rtol=rtol)
        assert found.scale[-1] == 1
        np.testing.assert_allclose(found.scale[0], 1, rtol=0.3)
        read = found.apply(rows).read(slice(0, 9), np.empty((9, X.shape[1])))
        signs = np.broadcast_to(np.sign(CONSTANTS), (9, len(CONSTANTS)))
        np.testing.assert_allclose(read[:, 1:-1], signs, rtol=2 * rtol)
        assert not read[:, -1].any()


class TestConstantSparseColumns:
    @pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.bool_])
    def test_whole_numbers(self, dtype):
        X = np.ones((N, 3), dtype)
        X[:, 1] = 7
        X[::2, 2] = 0
        found = Standardization.of(SparseRows(sparse.csr_array(X)), None, "X")
        np.testing.assert_allclose(found.scale, [1, X[0, 1], 0.5], rtol=1e-14)

    def test_of_some_rows_only(self):
        """Constant is what is so in the rows that are trained on."""
        X = np.full((N, 1), 5.0)
        X[::3] = 100.0
        rest = np.flatnonzero(np.arange(N) % 3)
        found = Standardization.of(SparseRows(sparse.csr_array(X)).take(rest), None, "X")
        np.testing.assert_allclose(found.scale, 5, rtol=1e-14)

    @BOTH
    @pytest.mark.parametrize("constant", CONSTANTS)
    def test_it_teaches_as_a_column_of_ones_does(self, Estimator, constant):
        X, y = data()
        fits = []
        for value in (np.sign(constant), constant):
            X[:, 1] = value
            fits.append(Estimator(**QUICK).fit(sparse.csr_array(X), y))
        ones, est = fits
        np.testing.assert_allclose(est.loss_curve_, ones.loss_curve_, rtol=1e-5)
        np.testing.assert_allclose(
            est.coefs_[0][1] * abs(constant), ones.coefs_[0][1], rtol=1e-3, atol=1e-6
        )
        assert np.isfinite(est.predict(sparse.csr_array(X))).all()

    @BOTH
    def test_with_weights_too(self, Estimator):
        first = np.random.default_rng(0).normal(size=20_000)
        y, weight = (first > 0).astype(int), np.random.default_rng(1).random(len(first))
        for constant in (*CONSTANTS, 0.7, 1 / 7):
            X = sparse.csr_array(np.column_stack([first, np.full(len(first), constant)]))
            est = Estimator(**{**QUICK, "batch_size": 5000}).fit(X, y, sample_weight=weight)
            assert np.isfinite(est.predict(X)).all()


@BOTH
def test_a_constant_column_of_many_rows_is_no_lever(Estimator):
    """A change of it in the tenth digit must not change predictions by more than that."""
    n = 20_000
    X = np.random.default_rng(0).normal(size=(n, 2))
    y = (X[:, 0] > 0).astype(int)
    X[:, 1] = 0.1
    est = Estimator(**{**QUICK, "max_iter": 1, "batch_size": 200}).fit(X, y)
    function = est.predict_proba if Estimator is MLPRegularizedClassifier else est.predict
    before = function(X[:50])
    X[:50, 1] += 1e-10
    np.testing.assert_allclose(function(X[:50]), before, atol=1e-8)
