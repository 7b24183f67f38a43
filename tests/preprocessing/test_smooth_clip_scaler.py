"""SmoothClipScaler: z = (x - median) / scale, then z / sqrt(1 + (z / bound)²)."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from sknnreg.preprocessing import SmoothClipScaler

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
BOUNDS = [None, np.inf, 0.5, 3.0]


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return rng.standard_normal((40, 3)) * [1, 1e-6, 1e6] + [0, 5e-6, -1e6]


def scaled(x, bound):
    """The formula, of one column."""
    lower, median, upper = np.quantile(x, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    z = (x - median) / (upper - lower)
    return z if bound is None else z / np.sqrt(1 + (z / bound) ** 2)


@pytest.mark.parametrize("bound", [None, 0.5, 3.0])
def test_formula(X, bound):
    expected = np.column_stack([scaled(x, bound) for x in X.T])
    np.testing.assert_allclose(SmoothClipScaler(bound).fit_transform(X), expected, rtol=1e-12)


@pytest.mark.parametrize("bound", [np.inf, 10**400])
def test_infinite_bound_is_none(X, bound):
    plain = SmoothClipScaler(bound=None).fit_transform(X)
    assert (SmoothClipScaler(bound).fit_transform(X) == plain).all()
    np.testing.assert_allclose(SmoothClipScaler(bound=1e9).fit_transform(X), plain, rtol=1e-12)


def test_scale_is_half_the_range_where_quartiles_are_equal():
    scaler = SmoothClipScaler(bound=None).fit(np.array([[0.0] * 9 + [8.0]]).T)
    assert scaler.scale_ == [4.0]
    assert scaler.transform([[8.0], [0.0], [-2.0]]).ravel().tolist() == [2.0, 0.0, -0.5]


@pytest.mark.parametrize("column", [[7.0] * 5, [np.nan] * 5, [0.3, 0.1 + 0.2, 0.3, 0.3, 0.3]])
def test_constant_columns_become_0(column):
    scaler = SmoothClipScaler().fit(np.transpose([column]))
    assert scaler.scale_ == [0.0]
    new = scaler.transform([[1e300], [-1e300], [0.0], [np.nan]]).ravel()
    np.testing.assert_array_equal(new, [0, 0, 0, np.nan])


@given(arrays(np.float64, (9, 2), elements=NUMBERS), arrays(np.float64, 5, elements=NUMBERS))
def test_monotone_bounded_and_odd(X, new):
    scaler = SmoothClipScaler().fit(X)
    new = np.sort(new)[:, None].repeat(2, axis=1)
    out = scaler.transform(new)
    assert (np.diff(out, axis=0) >= 0).all()
    assert (np.abs(out) <= 3).all()
    mirrored = SmoothClipScaler().fit(-X).transform(-new)
    np.testing.assert_allclose(mirrored, -out, rtol=1e-12)


@given(st.integers(-300, 300))
def test_units_do_not_matter(power):
    X = np.random.default_rng(1).standard_normal((20, 2))
    scale = 2.0**power
    assert (
        SmoothClipScaler().fit_transform(X * scale) == SmoothClipScaler().fit_transform(X)
    ).all()


def test_scaled_again_is_unchanged(X):
    """Median 0 and interquartile range 1 stay what they are."""
    once = SmoothClipScaler(bound=None).fit_transform(X)
    again = SmoothClipScaler(bound=None).fit_transform(once)
    np.testing.assert_allclose(again, once, rtol=1e-10, atol=1e-10)


@given(
    arrays(np.float64, (8, 2), elements=NUMBERS), arrays(np.int64, 8, elements=st.integers(0, 4))
)
def test_weights_are_repeated_rows(X, weights):
    weights[0] += 1
    weighted = SmoothClipScaler().fit(X, sample_weight=weights)
    repeated = SmoothClipScaler().fit(X.repeat(weights, axis=0))
    assert (weighted.center_ == repeated.center_).all()
    assert (weighted.scale_ == repeated.scale_).all()
    tiny = SmoothClipScaler().fit(X, sample_weight=weights * 1e-300)
    assert (tiny.center_ == weighted.center_).all()


def test_nan_passes_through_and_counts_for_nothing(X):
    scaler = SmoothClipScaler().fit(X)
    with_gaps = np.vstack([X, np.full((5, 3), np.nan)])
    found = SmoothClipScaler().fit(with_gaps)
    assert (found.center_ == scaler.center_).all()
    assert (found.scale_ == scaler.scale_).all()
    np.testing.assert_array_equal(
        found.transform(with_gaps), np.vstack([scaler.transform(X), with_gaps[-5:]])
    )


@pytest.mark.parametrize("bound", BOUNDS)
def test_inverse(X, bound):
    scaler = SmoothClipScaler(bound).fit(X)
    X[3, 1] = np.nan
    back = scaler.inverse_transform(scaler.transform(X))
    np.testing.assert_allclose(back / scaler.scale_, X / scaler.scale_, rtol=1e-12, atol=1e-12)


def test_inverse_is_not_there_at_the_bound():
    scaler = SmoothClipScaler().fit([[0.0], [1.0], [2.0]])
    assert scaler.transform([[1e12]]) == 3
    with pytest.raises(ValueError, match=r"strictly between -3 and 3, got 3\.0 in column 0"):
        scaler.inverse_transform([[0.0], [3.0]])
    with pytest.raises(ValueError, match="X has 2 columns, but the scaler was fitted to 1"):
        scaler.inverse_transform([[0.0, 0.0]])


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_numbers_stay_finite(bound, dtype):
    largest = np.finfo(dtype).max
    scaler = SmoothClipScaler(bound).fit(np.array([[0.0], [1.0], [2.0]], dtype) * 1e-30)
    out = scaler.transform(np.array([[largest], [-largest], [0]], dtype))
    assert np.isfinite(out).all()
    assert out.dtype == dtype
    assert out[0] > 0 > out[1]
    if bound is None:
        wide = SmoothClipScaler(bound).fit(np.array([[0.0], [1.0], [2.0]], dtype) * 1e30)
        back = wide.inverse_transform(np.array([[largest], [-largest]], dtype))
        assert (back == [[largest], [-largest]]).all()


def test_clone_and_pickle(X):
    scaler = clone(SmoothClipScaler(bound=2.0)).fit(X)
    assert (pickle.loads(pickle.dumps(scaler)).transform(X) == scaler.transform(X)).all()


def test_rows_in_blocks(X):
    """More rows than one block takes."""
    scaler = SmoothClipScaler().fit(X)
    many = np.tile(X, (2000, 1))
    assert (scaler.transform(many) == np.tile(scaler.transform(X), (2000, 1))).all()
