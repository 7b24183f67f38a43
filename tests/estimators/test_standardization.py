"""Mean and deviation of columns of any size, wherever they lie, however they are stored."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.rows import DenseRows, SparseRows
from sknnreg.estimators.data.inputs import Standardization

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}
KINDS = {"dense": np.asarray, "csr": sparse.csr_array}


def rows_of(X):
    return SparseRows(X) if sparse.issparse(X) else DenseRows(X)


def data(n=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    X[rng.random(X.shape) < 0.3] = 0
    return X, (X[:, 0] + X[:, 1] > 0).astype(int), rng.uniform(0.1, 3, n)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("power", range(-500, 501, 50))
def test_a_power_of_two_moves_into_the_scale_bit_for_bit(kind, weighted, power):
    X, _, weight = data()
    weight = weight if weighted else None
    plain = Standardization.of(rows_of(KINDS[kind](X)), weight, "X")
    scaled = Standardization.of(rows_of(KINDS[kind](np.ldexp(X, power))), weight, "X")
    np.testing.assert_array_equal(scaled.scale, np.ldexp(plain.scale, power))
    if kind == "dense":
        np.testing.assert_array_equal(scaled.offset, np.ldexp(plain.offset, power))


@BOTH
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
@pytest.mark.parametrize("powers", [(-500, 0, 500), (500, -500, -1), (-541, -541, -541)])
def test_and_predictions_do_not_see_it(Estimator, kind, solver, powers):
    """Each column by a power of its own; the last one is about 1e-163, whose square is 0."""
    X, y, weight = data()
    plain, scaled = KINDS[kind](X), KINDS[kind](np.ldexp(X, powers))
    est = Estimator(**QUICK, solver=solver)
    before = est.fit(plain, y, sample_weight=weight).predict(plain)
    after = est.fit(scaled, y, sample_weight=weight).predict(scaled)
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("power", [-500, -541, 500])
def test_nor_do_those_of_scaled_targets(power):
    X, y, _ = data()
    est = MLPRegularizedRegressor(**QUICK)
    before = est.fit(X, y + X[:, 2]).predict(X)
    after = est.fit(X, np.ldexp(y + X[:, 2], power)).predict(X)
    np.testing.assert_array_equal(after, np.ldexp(before, power))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squares_that_vanish_in_the_dtype_of_the_data(kind, dtype):
    X = data()[0].astype(dtype)
    tiny = KINDS[kind](np.ldexp(X, -100 if dtype is np.float32 else -530))
    found = Standardization.of(rows_of(tiny), None, "X")
    plain = Standardization.of(rows_of(KINDS[kind](X)), None, "X")
    factor = -100 if dtype is np.float32 else -530
    np.testing.assert_array_equal(found.scale, np.ldexp(plain.scale, factor))


def exact(column, weight):
    """Weighted mean and deviation in fractions."""
    x, w = ([Fraction(float(each)) for each in numbers] for numbers in (column, weight))
    mean = sum(a * b for a, b in zip(x, w, strict=True)) / sum(w)
    variance = sum(b * (a - mean) ** 2 for a, b in zip(x, w, strict=True)) / sum(w)
    return float(mean), float(variance) ** 0.5


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("offset", "deviation"), [(1e9, 1e-5), (-1e9, 1e-5), (1e15, 10.0), (1e-3, 1e-16), (1, 3e-14)]
)
def test_what_varies_by_more_than_rounding_is_brought_to_one(offset, deviation, weighted):
    rng = np.random.default_rng(1)
    column = offset + deviation * rng.normal(size=200)
    weight = rng.uniform(0.1, 3, 200) if weighted else np.ones(200)
    found = Standardization.of(DenseRows(column[:, None]), weight if weighted else None, "X")
    mean, scale = exact(column, weight)
    np.testing.assert_allclose(found.offset[0], mean, rtol=1e-15)
    np.testing.assert_allclose(found.scale[0], scale, rtol=1e-10)


def test_a_signal_on_a_large_offset_is_learned():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=300)
    X = np.column_stack([1e9 + 1e-5 * signal, rng.normal(size=300)])
    settings = {"solver": "lbfgs", "random_state": 0}
    est = MLPRegularizedRegressor((), **settings).fit(X, signal)
    assert est.score(X, signal) > 0.99
    two_values = np.column_stack([1e9 + 1e-5 * (signal > 0), X[:, 1]])
    assert MLPRegularizedClassifier((), **settings).fit(two_values, signal > 0).score(
        two_values, signal > 0
    ) == 1  # fmt: skip


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e9])
def test_a_column_that_is_constant_up_to_rounding_keeps_its_scale(size):
    """Shares add up to 1, and do not quite do so in floating point."""
    shares = np.random.default_rng(0).dirichlet(np.ones(12), size=1000)
    column = size * shares.sum(axis=1)
    assert len(np.unique(column)) > 2
    found = Standardization.of(DenseRows(column[:, None]), None, "X")
    assert found.scale[0] == 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_entries_of_a_sparse_matrix_in_parts_are_their_sum(weighted, dtype):
    X, _, weight = data()
    whole = sparse.csr_array((10 * X).round().astype(dtype))
    data_twice = np.concatenate([whole.data * 3, whole.data * -2])
    row = np.repeat(np.arange(len(X)), np.diff(whole.indptr))
    order = np.argsort(np.concatenate([row, row]), kind="stable")
    indices = np.concatenate([whole.indices, whole.indices])[order]
    parts = sparse.csr_array((data_twice[order], indices, 2 * whole.indptr), shape=whole.shape)
    before = [parts.data.copy(), parts.indices.copy(), parts.indptr.copy()]
    weight = weight if weighted else None
    found = Standardization.of(SparseRows(parts), weight, "X")
    expected = Standardization.of(SparseRows(whole), weight, "X")
    np.testing.assert_array_equal(found.scale, expected.scale)
    for now, then in zip((parts.data, parts.indices, parts.indptr), before, strict=True):
        np.testing.assert_array_equal(now, then)
    some = np.arange(0, len(X), 2)
    found = Standardization.of(SparseRows(parts).take(some), None, "X")
    expected = Standardization.of(SparseRows(whole).take(some), None, "X")
    np.testing.assert_array_equal(found.scale, expected.scale)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_called_large(kind, value):
    X = data()[0]
    X[7, 1] = value
    with pytest.raises(ValueError, match=rf"column 1 of X has a value that is not finite: {value}"):
        Standardization.of(rows_of(KINDS[kind](X)), None, "X")


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_what_no_weight_could_bring_to_one_is_called_small(Estimator, kind):
    X, y, _ = data()
    X[:, 2] *= 1e-310
    with pytest.raises(ValueError, match=r"column 2 of X is too small.*standardize=False"):
        Estimator(**QUICK).fit(KINDS[kind](X), y)


def test_a_mapped_file_is_measured_as_an_array_is(tmp_path, monkeypatch):
    """In pieces that do not fit together with its rows."""
    X, _, weight = data()
    X = np.ldexp(X, (-541, 0, 3))
    mapped = np.memmap(tmp_path / "X", np.float64, "w+", shape=X.shape)
    mapped[...] = X
    whole = Standardization.of(DenseRows(X), weight, "X")
    monkeypatch.setattr("sknnreg.estimators.data.inputs.CHUNK", 21)
    pieces = Standardization.of(DenseRows(mapped), weight, "X")
    np.testing.assert_allclose(pieces.scale, whole.scale, rtol=1e-14)
    np.testing.assert_allclose(pieces.offset, whole.offset, rtol=1e-12)
